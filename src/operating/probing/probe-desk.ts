/** Probes deployments: at once when somebody asks, and in quiet moments those whose model nobody has probed yet. */

import type { Clock } from '../../base/clock.ts';
import { isAppError, LimitError, UnavailableError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { ChatEvent } from '../../chat/event.ts';
import type { ChatRequest } from '../../chat/request.ts';
import type { Roster } from '../../engines/roster.ts';
import type { Deployment, DeploymentId } from '../../fleet/deployment.ts';
import type { ModelSpec } from '../../fleet/model-spec.ts';
import type { ToolVerdict } from '../../fleet/tool-verdict.ts';
import { Bell } from '../bell.ts';
import type { FleetChange } from '../fleet-control.ts';
import type { KeptInstance } from '../kept-instance.ts';
import { ProbeFlight } from './probe-flight.ts';
import { ProbeQueue } from './probe-queue.ts';
import { probeTools } from './probe-tools.ts';
import type { VerdictKey, VerdictShelf } from './verdict-shelf.ts';
import { weightsId } from './verdict-weights.ts';

/** What is needed of an instance to probe it. */
export type Probeable = Pick<KeptInstance, 'id' | 'deployment' | 'client' | 'spec' | 'running' | 'enter'>;

/** What is needed of the fleet. */
export interface ProbedFleet {
  readonly kept: readonly Probeable[];
  subscribe(listener: (change: FleetChange) => void): () => void;
}

/** What the desk stands on. */
export interface ProbeWorld {
  readonly fleet: ProbedFleet;
  readonly shelf: VerdictShelf;
  /** The way of every request, with a roster that knows one instance only. */
  readonly ask: (roster: Roster, request: ChatRequest, signal: AbortSignal) => AsyncIterable<ChatEvent>;
  /** Name of the tool format in use. */
  readonly formatOf: (spec: ModelSpec, deployment: Deployment) => string;
  /** Another format that the model's template looks like, where a backend parameter chose: both are probed. */
  readonly rivalOf: (spec: ModelSpec, deployment: Deployment) => string | undefined;
  /** Name and version of the engine: another version may answer otherwise. */
  readonly engineOf: (deployment: Deployment) => string;
  readonly clock: Clock;
  readonly log: Log;
  /** A deployment has a new verdict. */
  readonly changed: (id: DeploymentId) => void;
  /** Between two looks whether a busy deployment is idle, and before the first. */
  readonly restMs: number;
}

/** So many looks; then the next deployment has its turn. */
const maxRests = 60;
/** A probe in the background that takes longer is given up. */
const backgroundMs = 900_000;

/** Makes verdicts and tells them. */
export class ProbeDesk {
  readonly #world: ProbeWorld;
  readonly #queue: ProbeQueue;
  readonly #flights = new Map<DeploymentId, ProbeFlight>();
  /** Instances that were noticed since they became ready. */
  readonly #noticed = new Set<string>();
  readonly #closing = new AbortController();
  readonly #rest = new Bell();
  #unsubscribe = (): void => {};

  constructor(world: ProbeWorld) {
    this.#world = world;
    const { restMs } = world;
    this.#queue = new ProbeQueue({ restMs, attempt: (id, signal) => this.#attempt(id, signal) });
  }

  /** The verdict on a model as it is deployed; else the last one that another version of the engine was given. */
  verdictOf(spec: ModelSpec, deployment: Deployment): ToolVerdict | undefined {
    const key = this.#keyOf(spec, deployment);
    return this.#world.shelf.find(key) ?? this.#world.shelf.lastOf(key);
  }

  /**
   * Probes it now, whatever else is running; who asks at the same time shares one probe, which ends early when all
   * have left. Throws UnavailableError if no instance is ready.
   */
  probe(deployment: Deployment, signal: AbortSignal): Promise<ToolVerdict> {
    const flight = this.#flight(deployment);
    flight.isUrgent = true;
    return flight.join(signal);
  }

  /** From now on stored deployments that are or become ready are probed in the background, if their model never was. */
  watch(): void {
    const { fleet } = this.#world;
    this.#unsubscribe = fleet.subscribe((change) => this.#notice(change));
    for (const { id } of fleet.kept) this.#notice({ kind: 'instance', id, type: 'updated' });
    this.#queue.start();
  }

  /** Ends all probes. To be called before the fleet ends, so that its end is not taken for a failure. */
  async close(): Promise<void> {
    this.#unsubscribe();
    this.#closing.abort();
    await Promise.all([this.#queue.close(), ...[...this.#flights.values()].map((flight) => flight.close())]);
  }

  #notice(change: FleetChange): void {
    if (change.kind === 'deployment' && change.type === 'updated') this.#queue.add(change.id);
    if (change.kind !== 'instance') return;
    const instance = this.#world.fleet.kept.find(({ id }) => id === change.id);
    if (instance?.client === undefined) {
      this.#noticed.delete(change.id);
      return;
    }
    if (this.#noticed.has(change.id)) return;
    this.#noticed.add(change.id);
    this.#queue.add(instance.deployment.id);
  }

  /** One turn of a deployment in the background; false = it was never idle, and needs another. */
  async #attempt(id: DeploymentId, closing: AbortSignal): Promise<boolean> {
    const { log, shelf } = this.#world;
    const ready = this.#ready(id);
    if (ready === undefined || !isWatched(ready.deployment)) return true;
    try {
      if (shelf.find(this.#keyOf(ready.spec, ready.deployment)) !== undefined) return true;
      const signal = AbortSignal.any([closing, AbortSignal.timeout(backgroundMs)]);
      await this.#flight(ready.deployment).join(signal);
    } catch (thrown) {
      if (isAppError(thrown) && thrown.kind === 'limit') return false;
      if (!closing.aborted) log.warn({ deployment: id, err: thrown }, 'tool calls could not be probed');
    }
    return true;
  }

  #flight(deployment: Deployment): ProbeFlight {
    const { id } = deployment;
    const found = this.#flights.get(id);
    if (found?.isOpen) return found;
    const flight: ProbeFlight = new ProbeFlight((signal) => this.#run(deployment, flight, signal));
    this.#flights.set(id, flight);
    void flight.ended.then(() => {
      if (this.#flights.get(id) === flight) this.#flights.delete(id);
    });
    return flight;
  }

  async #run({ id, name }: Deployment, flight: ProbeFlight, signal: AbortSignal): Promise<ToolVerdict> {
    if (this.#closing.signal.aborted) throw new UnavailableError('shutting_down', 'The server is shutting down.');
    const ready = this.#ready(id);
    if (ready === undefined)
      throw new UnavailableError('model_loading', `No instance of '${name}' is ready to be probed.`);
    const verdict = await this.#probe(ready, flight, signal);
    const rival = this.#world.rivalOf(ready.spec, ready.deployment);
    if (rival !== undefined) {
      const deployment = { ...ready.deployment, toolFormat: rival };
      if (this.#world.shelf.find(this.#keyOf(ready.spec, deployment)) === undefined)
        await this.#probe({ ...ready, deployment }, flight, signal);
    }
    this.#world.changed(id);
    return verdict;
  }

  /** Puts the questions to one instance, in the format of the deployment that it is given. */
  async #probe(ready: Ready, flight: ProbeFlight, signal: AbortSignal): Promise<ToolVerdict> {
    const { ask, clock, log } = this.#world;
    const { deployment } = ready;
    const key = this.#keyOf(ready.spec, deployment);
    const quiet = (): Promise<void> => this.#quiet(deployment, flight, signal);
    const roster = rosterOf(ready);
    const result = await probeTools(
      async function* (request, stop) {
        await quiet();
        yield* ask(roster, { ...request, model: deployment.name }, stop);
      },
      { signal },
    );
    const verdict: ToolVerdict = { ...key, ...result, at: clock.unixSeconds() };
    log.info({ deployment: deployment.id, verdict: verdict.verdict, format: key.format }, 'tool calls were probed');
    await this.#keep(verdict);
    return verdict;
  }

  async #keep(verdict: ToolVerdict): Promise<void> {
    try {
      await this.#world.shelf.keep(verdict);
    } catch (thrown) {
      this.#world.log.error(
        { err: thrown },
        'a verdict on tool calls is known until the server ends: it is not written',
      );
    }
  }

  /** Waits until the deployment has no request, unless somebody waits for the verdict. */
  async #quiet({ id, name }: Deployment, flight: ProbeFlight, signal: AbortSignal): Promise<void> {
    const isBusy = (): boolean => this.#of(id).some(({ running }) => running > 0);
    for (let rests = 0; !flight.isUrgent && isBusy(); rests++) {
      if (rests === maxRests) throw new LimitError('rate_limited', `'${name}' was busy all the time.`);
      await this.#rest.next(signal, this.#world.restMs);
    }
  }

  #of(id: DeploymentId): readonly Probeable[] {
    return this.#world.fleet.kept.filter(({ deployment }) => deployment.id === id);
  }

  /** A ready instance as it is now: an edit during the probe does not change what is asked. */
  #ready(id: DeploymentId): Ready | undefined {
    for (const instance of this.#of(id)) {
      const { client, spec, deployment } = instance;
      if (client !== undefined && spec !== undefined) return { instance, spec, deployment };
    }
    return undefined;
  }

  #keyOf(spec: ModelSpec, deployment: Deployment): VerdictKey {
    const { formatOf, engineOf } = this.#world;
    return {
      weights: weightsId(spec, deployment),
      format: formatOf(spec, deployment),
      engine: engineOf(deployment),
    };
  }
}

interface Ready {
  readonly instance: Probeable;
  readonly spec: ModelSpec;
  readonly deployment: Deployment;
}

/** Tokens of a remote server cost money: it is probed only when somebody says so. */
function isWatched({ declaredBy, categories, source }: Deployment): boolean {
  return declaredBy === 'store' && categories.includes('llm') && source.kind !== 'remote';
}

/** A roster that has this instance only. */
function rosterOf({ instance, spec, deployment }: Ready): Roster {
  return {
    find: () => deployment,
    behind: () => [deployment],
    deployments: () => [deployment],
    routes: () => [],
    async acquire(_, signal, { except } = {}) {
      signal.throwIfAborted();
      const { id, client } = instance;
      if (client === undefined || except?.has(id))
        throw new UnavailableError('model_loading', `The instance of '${deployment.name}' that was probed has ended.`);
      return { instance: id, deployment, spec, client, release: instance.enter() };
    },
  };
}
