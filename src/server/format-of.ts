/** By which format a deployment's tool calls are written and read. */

import type { Deployment, DeploymentSpec } from '../fleet/deployment.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import type { ToolVerdict } from '../fleet/tool-verdict.ts';
import type { Profiles } from './open-ground.ts';

/** What stands for the engine's own reading, which we do not see. */
const own = { name: 'engine', evidence: 'engine (it writes and reads tool calls by itself)' };

/** The format's name, and why it is this one. */
export function formatOf(
  profiles: Profiles,
  spec: ModelSpec,
  deployment: Deployment,
): { readonly name: string; readonly evidence: string } {
  if (readsByItself(deployment)) return own;
  const { format, evidence } = profiles(spec, deployment);
  return { name: format.name, evidence };
}

/** A model whose template writes calls is expected to, until a probe has seen it. */
export function expectedVerdict(profiles: Profiles, spec: ModelSpec, deployment: Deployment): ToolVerdict | undefined {
  if (readsByItself(deployment)) return undefined;
  const { format } = profiles(spec, deployment);
  if (format.kind !== 'native') return undefined;
  return { verdict: 'expected', format: format.name, weights: '', engine: '', steps: [], at: deployment.createdAt };
}

/** A remote does so unless it is taught a format; an engine of ours if it is told to. */
function readsByItself({ source, toolFormat, toolCalls }: DeploymentSpec): boolean {
  return source.kind === 'remote' ? toolFormat === undefined : toolCalls === 'engine';
}
