/** Deployments and routes as one YAML file that can be imported again: what differs from the defaults, and no secrets. */

import { readWords } from '../../fleet/backend-words.ts';
import { completeSpec, type DeploymentSpec } from '../../fleet/deployment.ts';
import type { ModelRouteSpec } from '../../fleet/model-route.ts';

/** Names in an environment whose values are most likely secrets. */
const secretName = /(^|_)(TOKEN|KEY|API_?KEY|SECRET|PASSWORD|PASSWD|CREDENTIALS?|AUTH)(_|$)/i;
/** Flags that carry a secret as their value, in the same word or the next. */
const secretFlag = /^-[\w-]*[_-](key|secret|password|credentials?)$/i;

const head = `# Deployments and routes of aiMindServe. Import with POST /api/v1/import or 'aimindserve import'.
# What is not said has its default. A value of null was left out as a secret:
# on import it stays what it is, or must be given where the deployment is new.
# Parameters that carry a secret are left out.
`;

/** What a file holds. */
export interface Exported {
  readonly deployments: readonly DeploymentSpec[];
  readonly routes: readonly ModelRouteSpec[];
}

/** The file. */
export async function exportFile({ deployments, routes }: Exported): Promise<string> {
  // Most servers never export: what writes YAML is loaded by those that do.
  const { stringify } = await import('yaml');
  const file = {
    deployments: deployments.toSorted(byName).map(shorten),
    ...(routes.length > 0 && { routes: routes.toSorted(byName).map(shortenRoute) }),
  };
  return head + stringify(file, { lineWidth: 0 });
}

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : 1;
}

function shortenRoute({ fallbacks, ...route }: ModelRouteSpec): Partial<ModelRouteSpec> {
  return { ...route, ...(fallbacks.length > 0 && { fallbacks }) };
}

function shorten(spec: DeploymentSpec): Record<string, unknown> {
  const defaults = new Map<string, unknown>(Object.entries(completeSpec({ source: spec.source })));
  const { name, source, ...rest } = { ...spec, backendParameters: withoutSecrets(spec.backendParameters) };
  const said = Object.entries({ name, source, ...rest }).filter(
    ([field, value]) =>
      field === 'name' || field === 'source' || JSON.stringify(value) !== JSON.stringify(defaults.get(field)),
  );
  const shown = said.map(([field, value]) => [field, field === 'environment' ? hidden(spec.environment) : value]);
  return Object.fromEntries(shown);
}

function hidden(environment: DeploymentSpec['environment']): Record<string, string | null> {
  const entries = Object.entries(environment);
  return Object.fromEntries(entries.map(([name, value]) => [name, secretName.test(name) ? null : value]));
}

/** A secret among the parameters is left out with its flag, and with whatever else its entry says. */
function withoutSecrets(parameters: readonly string[]): readonly string[] {
  let isValueNext = false;
  return parameters.filter((parameter) => {
    const words = readWords([parameter]).map(({ word }) => word);
    const isValue = isValueNext && words[0]?.startsWith('-') !== true;
    const last = words.at(-1) ?? '';
    isValueNext = isSecretFlag(last) && !last.includes('=');
    return !isValue && !words.some(isSecretFlag);
  });
}

function isSecretFlag(word: string): boolean {
  const [flag = ''] = word.split('=', 1);
  return secretFlag.test(flag);
}
