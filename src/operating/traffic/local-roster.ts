/** The fleet as requests see it: who can answer for a name now, who waits for a place, and why not if nobody can. */

import type { Clock } from '../../base/clock.ts';
import { type AppError, LimitError, UnavailableError } from '../../base/errors.ts';
import type { Candidate, Outcome, PlaceWish, Roster } from '../../engines/roster.ts';
import { type Deployment, type DeploymentId, servedNames } from '../../fleet/deployment.ts';
import type { ModelRoute } from '../../fleet/model-route.ts';
import type { Fleet } from '../fleet.ts';
import type { KeptInstance } from '../kept-instance.ts';
import { ableFirst } from './able-first.ts';
import { checkHope } from './check-hope.ts';
import { chooseInstance } from './choose-instance.ts';
import { orderTargets } from './order-targets.ts';
import { Pace } from './pace.ts';
import { TrustBook } from './trust-book.ts';
import { Waiter } from './waiter.ts';
import { WaitingLine } from './waiting-line.ts';

/** How long a request waits for a place where its deployment does not say, in seconds. */
const queueSeconds = 300;
/** So many may wait for each place where the deployment does not say. */
const waitersPerPlace = 4;
/** Those who wait are told how far they are at most so often. */
const tellMs = 1_000;

/** Those who wait for one deployment. */
interface Queue {
  readonly line: WaitingLine<Waiter>;
  readonly pace: Pace;
}

/** A roster that says how many wait, for health pages and tests. */
export interface LocalRoster extends Roster {
  readonly waiting: number;
  waitingAt(id: DeploymentId): number;
}

/** The routes there are now. */
type Routes = () => readonly ModelRoute[];

/** Makes the roster of a fleet; it lives as long as the fleet does. */
export function createLocalRoster(fleet: Fleet, clock: Clock, routes: Routes = () => []): LocalRoster {
  return new FleetRoster(fleet, clock, routes);
}

/** The deployment that answers to a name, an alias or an id. */
export function findByName(deployments: readonly Deployment[], name: string): Deployment | undefined {
  return deployments.find((deployment) => deployment.id === name || servedNames(deployment).includes(name));
}

class FleetRoster implements LocalRoster {
  readonly #fleet: Fleet;
  readonly #clock: Clock;
  readonly #routes: Routes;
  readonly #trust: TrustBook;
  readonly #queues = new Map<DeploymentId, Queue>();
  /** Aborts when nobody waits any more; absent while nobody does. */
  #watching: AbortController | undefined;

  constructor(fleet: Fleet, clock: Clock, routes: Routes) {
    this.#fleet = fleet;
    this.#clock = clock;
    this.#routes = routes;
    this.#trust = new TrustBook(clock);
  }

  get waiting(): number {
    return [...this.#queues.values()].reduce((sum, { line }) => sum + line.length, 0);
  }

  waitingAt(id: DeploymentId): number {
    return this.#queues.get(id)?.line.length ?? 0;
  }

  find(modelName: string, affinity = ''): Deployment | undefined {
    return this.behind(modelName, affinity)[0];
  }

  behind(modelName: string, affinity: string): readonly Deployment[] {
    const { deployments } = this.#fleet;
    const direct = findByName(deployments, modelName);
    if (direct !== undefined) return [direct];
    const route = this.#routes().find(({ name }) => name === modelName);
    if (route === undefined) return [];
    const named = orderTargets(route, affinity).flatMap((name) => findByName(deployments, name) ?? []);
    // A target may be named twice, by its name and by an alias.
    return ableFirst(this.#fleet, [...new Set(named)]);
  }

  deployments(): readonly Deployment[] {
    return this.#fleet.deployments;
  }

  routes(): readonly ModelRoute[] {
    return this.#routes();
  }

  async acquire(deployment: Deployment, signal: AbortSignal, wish: PlaceWish = {}): Promise<Candidate> {
    signal.throwIfAborted();
    const leave = this.#fleet.demand(deployment.id);
    const waiter = new Waiter(deployment, wish, leave);
    const { line } = this.#queue(deployment.id);
    line.enter(waiter);
    try {
      this.#serve(deployment.id);
      if (waiter.isWaiting) this.#settleIn(waiter);
      const withinMs = (deployment.timeouts?.queue ?? queueSeconds) * 1000;
      return await waiter.outcome({ signal, withinMs, expired: () => this.#expired(deployment) });
    } catch (thrown) {
      leave();
      throw thrown;
    } finally {
      line.leave(waiter);
      if (this.waiting === 0) this.#watching?.abort();
    }
  }

  /** It has to wait; where too many do already, the greediest caller's last one is told to come back. */
  #settleIn(waiter: Waiter): void {
    const { deployment } = waiter;
    const { line, pace } = this.#queue(deployment.id);
    const limit = deployment.limits.queue ?? waitersPerPlace * this.#places(deployment);
    if (line.length > limit)
      refuse(
        line,
        line.excess(waiter),
        queueFull(deployment.name, { limit, retryAfter: pace.secondsFor(line.length) }),
      );
    this.#tell(deployment.id);
    if (waiter.isWaiting && this.#watching === undefined) void this.#watch();
  }

  /** Looks again whenever the fleet changes, for as long as anybody waits. */
  async #watch(): Promise<void> {
    const watching = new AbortController();
    this.#watching = watching;
    while (!watching.signal.aborted) {
      const soon = AbortSignal.any([watching.signal, AbortSignal.timeout(tellMs)]);
      await this.#fleet.change(soon).catch(() => {});
      for (const id of this.#queues.keys()) {
        this.#serve(id);
        this.#tell(id);
      }
    }
    this.#watching = undefined;
    // Somebody may have come since.
    if (this.waiting > 0) void this.#watch();
  }

  /** Gives free places to those whose turn it is; refuses all others where there is no hope. */
  #serve(id: DeploymentId): void {
    const { line } = this.#queue(id);
    while (line.heads().some((head) => this.#serveOne(line, head)));
    const [first] = line.heads();
    if (first === undefined) return;
    try {
      checkHope(this.#fleet, first.deployment, this.#clock.unixMs());
    } catch (thrown) {
      for (const waiter of line.inOrder()) refuse(line, waiter, thrown);
    }
  }

  /** False = it waits on. */
  #serveOne(line: WaitingLine<Waiter>, waiter: Waiter): boolean {
    const { except } = waiter.wish;
    const ready = this.#readyOf(waiter.deployment.id);
    const others = except === undefined ? ready : ready.filter(({ id }) => !except.has(id));
    // Who has failed elsewhere waits for no start: the failure is told then.
    if (except !== undefined && others.length === 0) return refuse(line, waiter, noOther(waiter.deployment));
    const candidate = this.#take(others, waiter);
    if (candidate === undefined) return false;
    line.serve(waiter);
    waiter.give(candidate);
    return true;
  }

  /** A place at one of these; undefined = all are taken. */
  #take(ready: readonly KeptInstance[], { wish, leave }: Waiter): Candidate | undefined {
    const { pool, onTrial } = this.#trust.usable(ready);
    const chosen = onTrial ?? chooseInstance(pool, wish.affinity);
    const { client, spec } = chosen ?? {};
    if (chosen === undefined || client === undefined || spec === undefined) return undefined;
    if (chosen === onTrial) this.#trust.beginTrial(chosen);
    const { run } = chosen.instance;
    const exit = chosen.enter();
    let isOver = false;
    const release = (outcome?: Outcome): void => {
      if (isOver) return;
      isOver = true;
      exit();
      leave();
      this.#trust.note(chosen, run, outcome);
      this.#released(chosen.instance.deploymentId);
    };
    return { instance: chosen.id, deployment: chosen.deployment, spec, client, release };
  }

  #released(id: DeploymentId): void {
    this.#queue(id).pace.note(this.#clock.nowMs());
    this.#serve(id);
  }

  #tell(id: DeploymentId): void {
    const isReady = this.#readyOf(id).length > 0;
    for (const [index, waiter] of this.#queue(id).line.inOrder().entries())
      waiter.tell({ type: 'progress', ...(isReady ? { stage: 'queued', position: index + 1 } : { stage: 'loading' }) });
  }

  #readyOf(id: DeploymentId): readonly KeptInstance[] {
    return this.#fleet.keptOf(id).filter(({ client }) => client !== undefined);
  }

  /** Of what is ready; before that, of what is wanted. */
  #places({ id, parallel, replicas }: Deployment): number {
    return this.#readyOf(id).reduce((sum, { places }) => sum + places, 0) || parallel * Math.max(1, replicas);
  }

  #queue(id: DeploymentId): Queue {
    const known = this.#queues.get(id);
    if (known !== undefined) return known;
    // Those of deployments that are gone are forgotten when another is needed.
    for (const [old, { line }] of this.#queues)
      if (line.length === 0 && this.#fleet.deployment(old) === undefined) this.#queues.delete(old);
    const queue = { line: new WaitingLine<Waiter>(), pace: new Pace() };
    this.#queues.set(id, queue);
    return queue;
  }

  #expired(deployment: Deployment): AppError {
    const { id, name, timeouts } = deployment;
    const waited = `${timeouts?.queue ?? queueSeconds} s`;
    const isReady = this.#readyOf(id).length > 0;
    const retryAfter = this.#queue(id).pace.secondsFor(this.#queue(id).line.length);
    return isReady
      ? new UnavailableError('queue_timeout', `No place became free at '${name}' within ${waited}.`, { retryAfter })
      : new UnavailableError('model_loading', `The model '${name}' did not start within ${waited}.`, { retryAfter });
  }
}

function refuse(line: WaitingLine<Waiter>, waiter: Waiter, refusal: unknown): true {
  line.leave(waiter);
  waiter.refuse(refusal);
  return true;
}

interface Fullness {
  readonly limit: number;
  readonly retryAfter: number;
}

function queueFull(name: string, { limit, retryAfter }: Fullness): LimitError {
  const message = `All places of '${name}' are taken, and as many requests wait as may (${limit}); try again in ${retryAfter} s.`;
  return new LimitError('rate_limited', message, { retryAfter });
}

function noOther({ name }: Deployment): UnavailableError {
  return new UnavailableError('model_loading', `No other instance of '${name}' is ready.`);
}
