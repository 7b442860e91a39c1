/** The fleet's control: what HTTP routes call, on top of the fleet, the database and the shelf of models. */

import type { Clock } from '../base/clock.ts';
import { RequestError, toAppError } from '../base/errors.ts';
import { isChatClient, type RunWishes } from '../engines/engine.ts';
import { completeSpec, type Deployment, type DeploymentId, type DeploymentSpec } from '../fleet/deployment.ts';
import type { InstanceId } from '../fleet/instance.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import type { ToolVerdict } from '../fleet/tool-verdict.ts';
import type { Logs } from '../runtime/logs.ts';
import type { Db } from '../store/tables.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { DeviceDesk } from './device-desk.ts';
import { createDeploymentEditor } from './edit-deployments.ts';
import { type EstimateWorld, estimateDeployment } from './estimate-deployment.ts';
import type { Fleet } from './fleet.ts';
import type { DeploymentView, FleetControl, LogQuery, ModelFacts } from './fleet-control.ts';
import type { KeptInstance } from './kept-instance.ts';
import type { RemoteKeys } from './remote-keys.ts';
import { KnownModels } from './shelves/known-models.ts';
import type { ModelDownloads } from './shelves/model-downloads.ts';
import { listAllModels, type ModelFilesParts, removeModelFiles, usersOf } from './shelves/model-files-desk.ts';
import { keyOfSource } from './shelves/own-files.ts';
import { findByName } from './traffic/local-roster.ts';
import { viewDeployment, viewInstance } from './view-deployment.ts';

/** A tool format and why it was chosen. */
export interface FormatFacts {
  readonly name: string;
  readonly evidence: string;
}

/** What the control stands on. */
export interface ControlParts {
  readonly fleet: Fleet;
  readonly db: Db;
  readonly clock: Clock;
  readonly newId: (prefix: 'dep' | 'ins') => string;
  readonly remoteKeys: RemoteKeys;
  /** A deployment's settings as its engine understands them; throws RequestError with the field's path. */
  readonly readWishes: (spec: DeploymentSpec) => RunWishes;
  readonly formatOf: (spec: ModelSpec, deployment: Deployment) => FormatFacts;
  readonly verdictOf: (spec: ModelSpec, deployment: Deployment) => ToolVerdict | undefined;
  /** Plain words on a template that is known to be broken, and the like. */
  readonly doubtsOf: (spec: ModelSpec, deployment: Deployment) => readonly string[];
  readonly probe: (deployment: Deployment, signal: AbortSignal) => Promise<ToolVerdict>;
  readonly devices: DeviceDesk;
  readonly downloads: ModelDownloads;
  readonly files: ModelFilesParts;
  readonly estimate: EstimateWorld;
  readonly logs: Logs;
  /** Changes that the fleet itself does not know of. */
  readonly others: ChangeFeed;
}

/** Makes the control. */
export function createFleetControl(parts: ControlParts): FleetControl {
  const { fleet, devices, downloads, files, others } = parts;
  const editor = createDeploymentEditor({ ...parts, check: (spec) => void parts.readWishes(spec) });
  const known = new KnownModels(parts.estimate.peek);
  const view = (deployment: Deployment): DeploymentView => {
    const remoteKeyHint = parts.remoteKeys.hint(deployment);
    const shown = viewOf(deployment, { ...parts, known });
    return remoteKeyHint === undefined ? shown : { ...shown, remoteKeyHint };
  };
  const viewAfter = async (work: Promise<Deployment>): Promise<DeploymentView> => view(await work);
  const deployed = (id: DeploymentId): Deployment => {
    const found = fleet.deployment(id);
    if (found === undefined) throw new RequestError('not_found', `There is no deployment '${id}'.`);
    return found;
  };
  return {
    deployments: () => fleet.deployments.map(view),
    find: (idOrName) => {
      const found = findByName(fleet.deployments, idOrName);
      return found && view(found);
    },
    instance(id) {
      const found = fleet.kept.find((kept) => kept.id === id);
      return found && viewInstance(found);
    },
    subscribe(listener) {
      const ends = [fleet.subscribe(listener), others.subscribe(listener)];
      return () => {
        for (const end of ends) end();
      };
    },
    create: (wish, by) => viewAfter(editor.create(wish, by)),
    edit: (id, spec, expectedRevision) => viewAfter(editor.edit(id, () => spec, expectedRevision)),
    setStopped: (id, isStopped) => viewAfter(editor.setStopped(id, isStopped)),
    scale: (id, replicas) => viewAfter(editor.edit(id, (spec) => ({ ...spec, replicas }))),
    async remove(id, withFiles) {
      const removed = await editor.remove(id);
      if (withFiles) await removeFilesOf(removed, parts);
    },
    probe: (id, signal) => parts.probe(deployed(id), signal),
    estimate: (wish, signal) => estimateDeployment(completeSpec(wish), parts.estimate, signal),
    devices: () => devices.view(fleet.kept),
    async markDevice(deviceId, marks) {
      await devices.mark(deviceId, marks);
      others.tell({ kind: 'device', id: deviceId, type: 'updated' });
      fleet.lookAgain();
    },
    downloads: () => downloads.list(),
    pull: async (source) => downloads.pull(source),
    // One that a deployment waits for is begun again: whoever wants it to end stops that.
    cancelDownload: async (id) => downloads.cancel(id),
    modelFiles: (signal) => listAllModels(files, signal),
    removeModelFile: (id) => removeModelFiles(id, fleet.deployments, files),
    logRuns: async (id) =>
      parts.logs
        .list(id)
        .map(({ run }) => run)
        .reverse(),
    logs: (id, query) => readLogs(id, query, parts),
  };
}

interface ViewParts extends ControlParts {
  readonly known: KnownModels;
}

function viewOf(deployment: Deployment, parts: ViewParts): DeploymentView {
  const { fleet, verdictOf, doubtsOf } = parts;
  const kept = fleet.keptOf(deployment.id);
  const spec = kept.find((each) => each.spec !== undefined)?.spec ?? parts.known.of(deployment);
  const facts = { deployment, kept, isDemanded: fleet.isDemanded(deployment.id) };
  const notes = notesOf(deployment, parts);
  if (spec === undefined) return viewDeployment({ ...facts, notes });
  const format = readsOwnCalls(deployment, kept) ? ownFormat : orReason(() => parts.formatOf(spec, deployment));
  if ('problem' in format) {
    const model = modelFacts(spec, kept, { name: 'none', evidence: format.problem });
    return viewDeployment({ ...facts, model, notes: [...notes, format.problem] });
  }
  const verdict = verdictOf(spec, deployment);
  const model = modelFacts(spec, kept, format);
  return viewDeployment({
    ...facts,
    model,
    notes: [...notes, ...doubtsOf(spec, deployment)],
    ...(verdict && { verdict }),
  });
}

/** What a remote server writes calls in, nobody need know. */
const ownFormat: FormatFacts = { name: 'engine', evidence: 'its server reads the calls of its model by itself' };

function readsOwnCalls({ source, toolFormat }: Deployment, kept: readonly KeptInstance[]): boolean {
  if (source.kind !== 'remote' || toolFormat !== undefined) return false;
  return !kept.some(({ client }) => client !== undefined && isChatClient(client) && !client.abilities.tools);
}

/** What of its backend parameters has no effect, or is not understood (by this version, any more). */
function notesOf(deployment: Deployment, { readWishes }: ControlParts): readonly string[] {
  const wishes = orReason(() => readWishes(deployment));
  return 'problem' in wishes ? [wishes.problem] : wishes.notes;
}

/** One deployment that makes trouble must not hide all others. */
function orReason<T extends object>(read: () => T): T | { readonly problem: string } {
  try {
    return read();
  } catch (thrown) {
    return { problem: toAppError(thrown).message };
  }
}

function modelFacts(spec: ModelSpec, kept: readonly KeptInstance[], format: FormatFacts): ModelFacts {
  const client = kept.find((each) => each.client !== undefined)?.client;
  const { name, architecture, parameterCount, sizeBytes, trainedContext } = spec;
  return {
    name,
    architecture,
    sizeBytes,
    trainedContext,
    contextPerRequest: client?.contextPerSlot ?? kept[0]?.deployment.contextSize ?? trainedContext,
    toolFormat: format.name,
    toolFormatEvidence: format.evidence,
    ...(parameterCount !== undefined && { parameterCount }),
    ...(client !== undefined && { device: client.device }),
  };
}

/** Its own downloaded weights, or what has come of them, unless another deployment serves them. */
async function removeFilesOf({ source }: Deployment, { files, fleet, downloads }: ControlParts): Promise<void> {
  const { deployments } = fleet;
  const isWanted = deployments.some((other) => keyOfSource(other.source) === keyOfSource(source));
  if (!isWanted) await downloads.discard(source);
  for (const file of files.own.known(source))
    if (usersOf(file, deployments, files.own).length === 0) await removeModelFiles(file.id, deployments, files);
}

async function* readLogs(id: InstanceId, query: LogQuery, { logs }: ControlParts): AsyncGenerator<string> {
  const run = query.run ?? logs.list(id)[0]?.run;
  if (run === undefined) return;
  const name = { instanceId: id, run };
  if (query.follow) yield* logs.follow({ ...name, lines: query.lines, signal: query.signal });
  else yield logs.tail(name, query.lines);
}
