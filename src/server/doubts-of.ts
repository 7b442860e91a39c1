/** What may be wrong with how a model is spoken to: said, never mended in silence. */

import type { Deployment } from '../fleet/deployment.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import type { Catalog } from '../models/catalog/catalog.ts';
import { examineTemplate } from '../models/template-doctor.ts';
import type { ProbeDesk } from '../operating/probing/probe-desk.ts';
import { type GpuExperts, gpuDoubts } from './gpu-doubts.ts';
import type { Profiles } from './open-ground.ts';
import { standInDoubts } from './stand-in-doubts.ts';

interface Doubted {
  readonly spec: ModelSpec;
  readonly deployment: Deployment;
}

interface Experts extends GpuExperts {
  readonly profiles: Profiles;
  readonly probes: Pick<ProbeDesk, 'verdictOf'>;
  readonly catalog: () => Catalog;
}

/** Doubts about the template, about a format that was chosen against it, about the engine, and about a GPU that is left idle. */
export function doubtsOf(doubted: Doubted, experts: Experts): readonly string[] {
  // Its server renders prompts and computes.
  if (doubted.deployment.source.kind === 'remote') return [];
  return [
    ...templateDoubts(doubted, experts),
    ...formatDoubts(doubted, experts),
    ...standInDoubts(doubted.deployment, experts.engines),
    ...gpuDoubts(doubted.deployment, experts),
  ];
}

function templateDoubts({ spec, deployment }: Doubted, { profiles, catalog }: Experts): readonly string[] {
  const { abilities } = profiles(spec, deployment).template;
  const template = deployment.chatTemplate ?? spec.template;
  const facts = { names: [spec.name], abilities, ...(template !== undefined && { template }) };
  const { verdict, reason, fix } = examineTemplate(facts, catalog());
  return verdict === 'current' || verdict === 'unknown'
    ? []
    : [`Chat template: ${reason}${fix === undefined ? '' : ` ${fix}`}`];
}

function formatDoubts({ spec, deployment }: Doubted, { profiles, probes }: Experts): readonly string[] {
  const { format, rival } = profiles(spec, deployment);
  if (rival === undefined) return [];
  const seen = [format.name, rival.name].map((toolFormat) => {
    const verdict = probes.verdictOf(spec, { ...deployment, toolFormat })?.verdict ?? 'not probed yet';
    return `'${toolFormat}': ${verdict}`;
  });
  const found = `The chat template looks like the tool format '${rival.name}', but --tool-call-parser says '${format.name}', which is used.`;
  return [`${found} Tool calls by ${seen.join(', by ')}.`];
}
