/** What a deployment may not say: flags that are the platform's own, names in the environment that change programs, files elsewhere. */

import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { RequestError } from '../../base/errors.ts';
import { readWords } from '../../fleet/backend-words.ts';
import type { DeploymentWish } from '../../fleet/deployment.ts';

/** Where the files of deployments may lie, and what the deployment is called in messages. */
export interface RuleContext {
  readonly pathRoots: readonly string[];
  /** Before each field's path, e.g. `deployments[2]`. */
  readonly place?: string;
}

/** Throws RequestError that names the field. The operating room looks at paths again when it uses them. */
export async function checkDeployment(wish: DeploymentWish, context: RuleContext): Promise<void> {
  const field = (path: string): string => (context.place === undefined ? path : `${context.place}.${path}`);
  checkParameters(wish.backendParameters ?? [], field('backendParameters'));
  checkEnvironment(wish.environment ?? {}, field('environment'));
  for (const { path, param } of pathsOf(wish)) await checkPath(path, { ...context, param: field(param) });
}

/** Ours to set, in every spelling that an engine's program takes for the same. */
const ownFlags: ReadonlySet<string> = new Set([
  'host',
  'port',
  'api-key',
  'api-key-file',
  'served-model-name',
  // What llama.cpp calls the served name.
  'alias',
  'a',
  // The source says which model it is, and what is fetched goes through the one client to the outside.
  'model',
  'm',
  'model-url',
  'mu',
  'hf-repo',
  'hf',
  'hfr',
  // Whoever can list processes can read a command line.
  'hf-token',
  'hft',
]);
/** Programs that take abbreviations take these for one of ours. */
const abbreviable = ['host', 'port', 'api-key', 'served-model-name'];
const shortestAbbreviation = 3;

function checkParameters(parameters: readonly string[], param: string): void {
  for (const [index, parameter] of parameters.entries()) {
    if (readWords([parameter]).some(({ word }) => word.startsWith('-') && isOurs(flagOf(word))))
      throw new RequestError(
        'invalid_value',
        `'${parameter.slice(0, 100)}' is set by the platform itself: address, port, key, served name, model and hub are not parameters.`,
        { param: `${param}[${index}]` },
      );
  }
}

/** `--API_KEY=x` and `-api-key` are both `api-key`. */
function flagOf(word: string): string {
  const [flag = ''] = word.replace(/^-+/, '').split('=', 1);
  return flag.toLowerCase().replaceAll('_', '-');
}

function isOurs(flag: string): boolean {
  const isShort = flag.length >= shortestAbbreviation && abbreviable.some((own) => own.startsWith(flag));
  return ownFlags.has(flag) || isShort;
}

/**
 * Loaders and interpreters obey the first before the program's own code runs; libraries load code from, or write to,
 * what the second name; the third are ours, and engines' names for flags.
 */
const refusedNames = new RegExp(
  `^(${[
    'LD_|DYLD_|GCONV_PATH$|GLIBC_|MALLOC_|NODE_|PYTHON|PERL|RUBY|PATH$|BASH_ENV$|ENV$|IFS$|SHELLOPTS$',
    'GGML_BACKEND_|OPENSSL_|VK_|OCL_|OPENCL_VENDOR|CUDA_INJECTION|NVTX_INJECTION|ROCP_|HSA_TOOLS_|OMP_TOOL_LIBRARIES$',
    'AIMINDSERVE_(?!LOG_LEVEL$)|LLAMA_ARG_|LLAMA_API_KEY$|VLLM_API_KEY$',
  ].join('|')})`,
  'i',
);
const possibleName = /^[A-Za-z_][A-Za-z0-9_]*$/;

function checkEnvironment(environment: Readonly<Record<string, string>>, param: string): void {
  for (const [name, value] of Object.entries(environment)) {
    const place = { param: `${param}.${name.slice(0, 100)}` };
    if (!possibleName.test(name) || value.includes('\0'))
      throw new RequestError('invalid_value', `'${place.param}' cannot be an environment variable.`, place);
    if (refusedNames.test(name))
      throw new RequestError(
        'invalid_value',
        `'${name}' would change which program runs, or how it is reached; a deployment may not set it.`,
        place,
      );
  }
}

interface NamedPath {
  readonly path: string;
  readonly param: string;
}

function pathsOf(wish: DeploymentWish): readonly NamedPath[] {
  const { source, toolFormat, backendParameters = [], environment = {} } = wish;
  return [
    ...(source.kind === 'local' ? [{ path: source.path, param: 'source.path' }] : []),
    ...(toolFormat !== undefined && /[\\/]/.test(toolFormat) ? [{ path: toolFormat, param: 'toolFormat' }] : []),
    ...backendParameters.flatMap((parameter, index) =>
      pathsIn(parameter).map((path) => ({ path, param: `backendParameters[${index}]` })),
    ),
    ...Object.entries(environment).flatMap(([name, value]) =>
      pathsIn(value).map((path) => ({ path, param: `environment.${name}` })),
    ),
  ];
}

/** Whatever in a parameter or variable a program could take for the path of a file elsewhere, lists and JSON included. */
function pathsIn(parameter: string): readonly string[] {
  return parameter
    .replaceAll(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .split(/[=,;"'\s[\]{}()@]|file:(?=\/)|:(?!\/\/)/i)
    .filter((part) => !/^[a-z][a-z0-9+.-]*:\/\//i.test(part))
    .filter((part) => /^[\\/~]|^[A-Za-z]:[\\/]|(^|[\\/])\.\.([\\/]|$)/.test(part));
}

/** Throws RequestError unless the path lies in a folder that the settings allow. */
export async function checkPath(
  path: string,
  { pathRoots, param }: RuleContext & { readonly param: string },
): Promise<void> {
  if (path.includes('\0')) throw new RequestError('invalid_value', 'A path has no zero byte.', { param });
  if (!isAbsolute(path)) throw new RequestError('invalid_value', `'${param}' must be an absolute path.`, { param });
  const real = await realOf(resolve(path));
  for (const root of pathRoots) if (isUnder(real, await realOf(resolve(root)))) return;
  const known = pathRoots.map((root) => `'${root}'`).join(', ');
  throw new RequestError(
    'invalid_value',
    `'${param}' must lie under ${known === '' ? 'a folder that the settings allow, and they allow none' : `one of ${known}`}; an administrator can add folders in the settings (pathRoots).`,
    { param },
  );
}

/** The path without links; of what is not there, its nearest folder's. Never tells whether something exists. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realOf(parent), basename(path));
  }
}

function isUnder(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}
