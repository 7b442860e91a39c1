/** The fleet of this server: knows what is wanted and what stands, and moves the one towards the other. */

import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Deployment, DeploymentId } from '../fleet/deployment.ts';
import { type Instance, type InstanceId, newInstance } from '../fleet/instance.ts';
import { Bell } from './bell.ts';
import { ChangeFeed } from './change-feed.ts';
import { Demand } from './demand.ts';
import { findDevices, findLack, type Lack } from './find-room.ts';
import type { FleetChange } from './fleet-control.ts';
import type { Adoptable } from './instance-life.ts';
import { type InstanceWorld, KeptInstance } from './kept-instance.ts';
import type { MemoryDesk } from './memory-desk.ts';
import type { Placing } from './place-instance.ts';
import { type Action, planActions } from './reconcile.ts';

/** What the fleet is moved with. */
export interface FleetWorld extends Omit<InstanceWorld, 'changed' | 'lack'> {
  readonly memory: Pick<MemoryDesk, 'roomOn' | 'offer' | 'promise' | 'settle' | 'giveBack'>;
  readonly newId: (prefix: 'dep' | 'ins') => string;
  /** Devices for an instance of this deployment, or why there are none now. */
  readonly place: (deployment: Deployment, instances: readonly Instance[]) => Placing;
  /** Where instances of stored deployments are written down. */
  readonly book: {
    note(instance: Instance, adoptable: Adoptable | undefined): void;
    forget(id: InstanceId): void;
  };
  readonly clock: Clock;
  readonly log: Log;
}

/** On one machine all instances are on it. */
const worker = 'local';
/** The fleet looks around at least so often: idle deployments are unloaded by then, lost chances found. */
const roundMs = 5_000;

/** Everything that is deployed here, and its instances. */
export class Fleet {
  readonly #world: FleetWorld;
  readonly #deployments = new Map<DeploymentId, Deployment>();
  readonly #givingWay = new Set<DeploymentId>();
  readonly #kept = new Map<InstanceId, KeptInstance>();
  readonly #demand: Demand;
  /** Those that wait until one that they replace has gone. */
  readonly #cramped = new Set<InstanceId>();
  readonly #feed: ChangeFeed;
  readonly #closing = new AbortController();
  #isLeaving = false;
  readonly #work = new Bell();
  readonly #bell = new Bell();
  #isDirty = true;
  #loop: Promise<void> | undefined;

  constructor(world: FleetWorld) {
    this.#world = world;
    this.#demand = new Demand(world.clock);
    this.#feed = new ChangeFeed(world.log);
  }

  get isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  get deployments(): readonly Deployment[] {
    return [...this.#deployments.values()];
  }

  get kept(): readonly KeptInstance[] {
    return [...this.#kept.values()];
  }

  deployment(id: string): Deployment | undefined {
    return this.deployments.find((deployment) => deployment.id === id);
  }

  /** The instances of a deployment, oldest first. */
  keptOf(id: DeploymentId): readonly KeptInstance[] {
    return this.kept.filter((kept) => kept.instance.deploymentId === id);
  }

  subscribe(listener: (change: FleetChange) => void): () => void {
    return this.#feed.subscribe(listener);
  }

  /** Resolves when anything changed; rejects when `signal` aborts. */
  change(signal: AbortSignal): Promise<void> {
    return this.#bell.next(signal);
  }

  /** Adds a deployment or replaces what is wanted of it. */
  want(deployment: Deployment): void {
    const type = this.#deployments.has(deployment.id) ? 'updated' : 'created';
    this.#deployments.set(deployment.id, deployment);
    for (const kept of this.keptOf(deployment.id)) kept.follow(deployment);
    this.#tell({ kind: 'deployment', id: deployment.id, type });
    this.#kick();
  }

  /** Nobody asked for it by name: whoever needs one of its names may have it. */
  letGiveWay(id: DeploymentId): void {
    this.#givingWay.add(id);
  }

  givesWay(id: DeploymentId): boolean {
    return this.#givingWay.has(id);
  }

  /** Ends all its instances. */
  unwant(id: DeploymentId): void {
    if (!this.#deployments.delete(id)) return;
    this.#tell({ kind: 'deployment', id, type: 'deleted' });
    this.#kick();
  }

  /** Takes up an instance that an earlier server left: a running one goes on, a failed one goes on waiting. */
  takeUp(instance: Instance, adoptable: Adoptable | undefined): void {
    const deployment = this.#deployments.get(instance.deploymentId);
    const isWorthIt = adoptable !== undefined || instance.state === 'failed';
    if (deployment === undefined || !isWorthIt) {
      this.#world.book.forget(instance.id);
      return;
    }
    const kept = this.#keep(instance, deployment);
    if (adoptable === undefined) return;
    // It was in use a moment ago, as far as anybody knows.
    this.#demand.touch(deployment.id);
    kept.adopt(adoptable);
  }

  /** Somebody uses it until the returned function is called: what loads on demand is loaded, and stays so. */
  demand(id: DeploymentId): () => void {
    const isNew = !this.#demand.has(id);
    const leave = this.#demand.enter(id);
    if (isNew && this.#deployments.get(id)?.keepAliveSeconds !== undefined) this.#kick();
    return leave;
  }

  isDemanded(id: DeploymentId): boolean {
    return this.#demand.has(id);
  }

  /** Tries what an edit changes without a new start on the models that are loaded; throws ConfigError. */
  async tryOut(deployment: Deployment): Promise<void> {
    const specs = new Set(this.keptOf(deployment.id).map(({ spec }) => spec));
    for (const spec of specs) if (spec !== undefined) await this.#world.inspect(spec, deployment);
  }

  /** Begins to move; returns at once. */
  start(): void {
    this.#loop ??= this.#move();
  }

  /** From now on `close` lets go of engines that the next server can find, instead of ending them. */
  leaveEngines(): void {
    this.#isLeaving = true;
  }

  /** Ends every instance. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#bell.ring();
    await this.#loop;
    await Promise.all(this.kept.map((kept) => (this.#isLeaving ? kept.leave() : kept.close())));
  }

  /** Something outside that decides about placing has changed. */
  lookAgain(): void {
    this.#kick();
  }

  async #move(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      let wakeAtMs: number | undefined;
      do {
        this.#isDirty = false;
        wakeAtMs = this.#step();
      } while (this.#isDirty);
      const untilWake = wakeAtMs === undefined ? roundMs : wakeAtMs - this.#world.clock.unixMs();
      await this.#work.next(signal, Math.max(1, Math.min(untilWake, roundMs))).catch(() => {});
    }
  }

  /** One look and what follows from it; the Unix milliseconds when something is due. */
  #step(): number | undefined {
    this.#forgetIdle();
    const adopting = this.kept.filter(({ isAdopting }) => isAdopting).map(({ id }) => id);
    const { actions, wakeAtMs } = planActions({
      deployments: this.deployments,
      demanded: this.#demand.ids,
      instances: this.kept.map(({ instance }) => instance),
      adopting: new Set(adopting),
      cramped: this.#cramped,
      nowMs: this.#world.clock.unixMs(),
    });
    for (const action of actions) this.#tryTo(action);
    return wakeAtMs;
  }

  /** What goes wrong with one instance must not keep the others from moving. */
  #tryTo(action: Action): void {
    try {
      this.#carryOut(action);
    } catch (thrown) {
      this.#world.log.error({ action, err: thrown }, 'the fleet could not take a step; it tries again in a moment');
    }
  }

  #carryOut(action: Action): void {
    if (action.type === 'create') {
      this.#create(action.deploymentId);
      return;
    }
    const kept = this.#kept.get(action.instanceId);
    if (kept === undefined) return;
    if (action.type === 'begin') this.#begin(kept);
    else if (action.type === 'stop') void kept.stop(action.reason);
    else this.#forget(kept);
  }

  #create(id: DeploymentId): void {
    const deployment = this.#deployments.get(id);
    if (deployment === undefined) return;
    const facts = {
      id: this.#newInstanceId(),
      deploymentId: id,
      workerId: worker,
      revision: deployment.instanceRevision,
    };
    const kept = this.#keep(newInstance(facts, this.#world.clock.unixMs()), deployment);
    this.#changed(kept, 'created');
  }

  #keep(instance: Instance, deployment: Deployment): KeptInstance {
    const kept = new KeptInstance(instance, deployment, {
      ...this.#world,
      changed: (each) => this.#changed(each, 'updated'),
      lack: (each) => this.#note(each, this.#lackOf(each))?.reason,
    });
    this.#kept.set(kept.id, kept);
    return kept;
  }

  #begin(kept: KeptInstance): void {
    const room = findDevices(this.#roomWish(kept), this.#world.place);
    const lack = this.#note(kept, 'devices' in room ? this.#lackOf(kept) : room);
    if (lack !== undefined) kept.wait(lack.reason);
    else if ('devices' in room) kept.begin(room.devices);
  }

  /** What it waits for as far as memory goes; that is known once its model has been read. */
  #lackOf(kept: KeptInstance): Lack | undefined {
    const { spec, needs } = kept;
    return spec && needs && findLack(this.#roomWish(kept), this.#world.memory, { ...needs, spec });
  }

  #roomWish(kept: KeptInstance) {
    const others = this.kept.filter((other) => other !== kept).map(({ instance }) => instance);
    return { instance: kept.instance, deployment: kept.deployment, others };
  }

  #note({ id }: KeptInstance, lack: Lack | undefined): Lack | undefined {
    if (lack?.isCramped) this.#cramped.add(id);
    else this.#cramped.delete(id);
    return lack;
  }

  #forget(kept: KeptInstance): void {
    this.#kept.delete(kept.id);
    this.#cramped.delete(kept.id);
    this.#world.book.forget(kept.id);
    this.#tell({ kind: 'instance', id: kept.id, type: 'deleted' });
    // Whoever watches deployments sees their instances in them.
    const { deploymentId: id } = kept.instance;
    if (this.#deployments.has(id)) this.#tell({ kind: 'deployment', id, type: 'updated' });
    this.#kick();
  }

  #changed(kept: KeptInstance, type: 'created' | 'updated'): void {
    if (kept.deployment.declaredBy === 'store') this.#world.book.note(kept.instance, kept.adoptable);
    this.#tell({ kind: 'instance', id: kept.id, type });
    this.#kick();
  }

  /** What loads on demand and was not used during its time is not demanded any more. */
  #forgetIdle(): void {
    for (const kept of this.kept) if (kept.running > 0) this.#demand.touch(kept.deployment.id);
    this.#demand.sweep((id) => (this.#deployments.get(id)?.keepAliveSeconds ?? 0) * 1000);
  }

  #kick(): void {
    this.#isDirty = true;
    this.#work.ring();
  }

  #tell(change: FleetChange): void {
    this.#bell.ring();
    this.#feed.tell(change);
  }

  #newInstanceId(): InstanceId {
    // The prefix is what makes it one.
    return this.#world.newId('ins') as InstanceId;
  }
}
