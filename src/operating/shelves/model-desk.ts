/** Where models are looked for: the hubs, and the catalogue with how each of its models would fit this machine. */

import type { ModelSource } from '../../fleet/model-source.ts';
import { bestForMachine, catalogSizeBytes } from '../../models/catalog/best-for-machine.ts';
import type { Catalog, CatalogEntry } from '../../models/catalog/catalog.ts';
import { estimateFit } from '../../models/estimate-fit.ts';
import { factsFromSize } from '../../models/estimate-remote.ts';
import { type GgufVariant, ggufVariants } from '../../models/hub/gguf-variants.ts';
import type { HubCard, HubFile, HubKind, HubModel, HubSort } from '../../models/hub/hub.ts';
import type { Hubs } from '../../models/hub/hubs.ts';
import type { DeploymentView } from '../fleet-control.ts';

/** A search on a hub; `auto` takes the one that answers. */
interface SearchQuestion {
  readonly hub: 'auto' | HubKind;
  readonly text: string;
  readonly gguf: boolean;
  readonly sort: HubSort;
  readonly limit: number;
  readonly page?: string;
}

interface RepositoryQuestion {
  readonly hub: 'auto' | HubKind;
  readonly repository: string;
  readonly revision?: string;
}

/** What the desk stands on. */
export interface DeskParts {
  readonly hubs: Hubs;
  readonly catalog: () => Catalog;
  readonly freeBytes: () => number;
  readonly deployments: () => readonly DeploymentView[];
}

/** Answers what the management API asks of hubs and catalogue. */
export function createModelDesk({ hubs, ...parts }: DeskParts) {
  return {
    async search({ hub: wanted, ...query }: SearchQuestion, signal: AbortSignal) {
      const { hub, note } = await hubs.pick(wanted);
      const { models, nextPage } = await hub.search(query, signal);
      const found: HubModel[] = [...models];
      return { hub: hub.kind, models: found, ...(note && { note }), ...(nextPage && { nextPage }) };
    },
    async files({ hub: wanted, repository, revision }: RepositoryQuestion, signal: AbortSignal) {
      const { hub, note } = await hubs.pick(wanted);
      const listing = await hub.files(repository, revision, signal);
      const files: HubFile[] = [...listing.files];
      const variants = ggufVariants(listing.files).map(toVariant);
      return { hub: hub.kind, repository, commit: listing.commit, files, variants, ...(note && { note }) };
    },
    async card({ hub: wanted, repository, revision }: RepositoryQuestion, signal: AbortSignal) {
      const { hub, note } = await hubs.pick(wanted);
      const card: HubCard = await hub.card(repository, revision, signal);
      return { hub: hub.kind, ...card, ...(note && { note }) };
    },
    async catalogue() {
      const freeBytes = parts.freeBytes();
      const deployments = parts.deployments();
      const best = bestForMachine(parts.catalog(), freeBytes).map(({ entry }) => entry.name);
      return parts.catalog().entries.map((entry) => describeEntry(entry, { freeBytes, deployments, best }));
    },
  };
}

function toVariant({ name, quantisation, files, missing, projector, sizeBytes }: GgufVariant) {
  const facts = { name, files: [...files], missing: [...missing], sizeBytes };
  return { ...facts, ...(quantisation && { quantisation }), ...(projector && { projector }) };
}

interface Machine {
  readonly freeBytes: number;
  /** Names of the models that suit it best, the best first. */
  readonly best: readonly string[];
  readonly deployments: readonly DeploymentView[];
}

function describeEntry(entry: CatalogEntry, machine: Machine) {
  const { name, family, billions, activeBillions, context, licence, template, released, huggingFace, modelScope } =
    entry;
  const active = activeBillions === undefined ? '' : `, ${activeBillions} in use at once`;
  return {
    name,
    description: `${family}, ${billions} thousand million parameters${active}`,
    parameterCount: Math.round(billions * 1e9),
    contextLength: context,
    licence,
    categories: ['llm'],
    capabilities: ['chat', ...(template === undefined ? [] : ['tools'])],
    tools: toolsOf(entry, machine.deployments),
    releasedAt: released,
    repositories: {
      ...(huggingFace && { huggingface: huggingFace.repository }),
      ...(modelScope && { modelscope: modelScope.repository }),
    },
    variants: entry.quantisations.map((quantisation) => describeVariant(entry, quantisation, machine.freeBytes)),
    ...(template && { toolFormat: template.format }),
    ...(machine.best.includes(name) && { rank: machine.best.indexOf(name) + 1 }),
  };
}

function describeVariant(entry: CatalogEntry, quantisation: string, freeBytes: number) {
  const sizeBytes = catalogSizeBytes(entry, quantisation);
  const facts = factsFromSize({
    name: quantisation,
    sizeBytes,
    parameterCount: entry.billions * 1e9,
    trainedContext: entry.context,
  });
  const memory = { id: 'memory', freeBytes, totalBytes: freeBytes, isUnified: true };
  const source: ModelSource = entry.isBundled
    ? { kind: 'bundled' }
    : { kind: 'catalogue', name: entry.name, quantisation };
  return { quantisation, sizeBytes, fits: estimateFit(facts, { parallel: 1 }, [memory]).verdict === 'fits', source };
}

/** What a probe on this server found out goes before what is expected of the template. */
function toolsOf(
  entry: CatalogEntry,
  deployments: readonly DeploymentView[],
): 'none' | 'expected' | 'proven' | 'failed' {
  const verdicts = deployments
    .filter((view) => isOf(view.deployment.source, entry))
    .map(({ verdict }) => verdict?.verdict);
  if (verdicts.includes('proven')) return 'proven';
  if (verdicts.includes('failed')) return 'failed';
  return entry.template === undefined ? 'none' : 'expected';
}

function isOf(source: ModelSource, { name, isBundled, huggingFace, modelScope }: CatalogEntry): boolean {
  if (source.kind === 'bundled') return isBundled;
  if (source.kind === 'catalogue') return source.name.toLowerCase() === name.toLowerCase();
  return source.kind === 'hub' && [huggingFace?.repository, modelScope?.repository].includes(source.repository);
}
