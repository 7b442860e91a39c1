/** What the fleet can be told and asked: the interface that HTTP routes and the server's start stand on. */

import type { Deployment, DeploymentId, DeploymentSpec, DeploymentWish } from '../fleet/deployment.ts';
import type { Device } from '../fleet/device.ts';
import type { Download, ModelFile } from '../fleet/download.ts';
import type { Instance, InstanceId } from '../fleet/instance.ts';
import type { ModelSource } from '../fleet/model-source.ts';
import type { ToolVerdict } from '../fleet/tool-verdict.ts';
import type { UserId } from '../fleet/user.ts';
import type { WithRemoteKey } from './remote-keys.ts';

/** How a deployment is doing as a whole; `idle` = unloaded until somebody asks. */
export type DeploymentState = 'ready' | 'partly-ready' | 'starting' | 'failed' | 'stopped' | 'idle';

/** A deployment with what is observed of it. */
export interface DeploymentView {
  readonly deployment: Deployment;
  readonly state: DeploymentState;
  /** The newest reason worth telling, e.g. the download's progress or the last log lines of a crash. */
  readonly reason: string;
  readonly readyReplicas: number;
  readonly instances: readonly InstanceView[];
  /** Known once the model's files have been read. */
  readonly model?: ModelFacts;
  readonly verdict?: ToolVerdict;
  /** Of the key that its remote server is sent: the last four characters, '' of a short one; absent = it has none. */
  readonly remoteKeyHint?: string;
  /** Plain words on what may hurt, e.g. a small context or a template that is known to be broken. */
  readonly warnings: readonly string[];
}

/** An instance and what runs for it: the program and its arguments, those of the backend parameters among them. */
export interface InstanceView extends Instance {
  readonly command?: readonly string[];
}

/** What is told of a model that is being served. */
export interface ModelFacts {
  readonly name: string;
  readonly architecture: string;
  readonly parameterCount?: number;
  readonly sizeBytes: number;
  readonly trainedContext: number;
  /** Tokens of one request, prompt and answer together; 0 = a remote server that does not tell. */
  readonly contextPerRequest: number;
  readonly toolFormat: string;
  /** Why that format. */
  readonly toolFormatEvidence: string;
  /** Processor or GPU, for people; known once an instance is ready. */
  readonly device?: string;
}

/** Does it fit, before anything is loaded? */
export interface FitEstimate {
  readonly fits: boolean;
  /** From the file's header, or only from its size. */
  readonly isApproximate: boolean;
  readonly weightsBytes: number;
  readonly cacheBytes: number;
  readonly overheadBytes: number;
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly contextPerRequest: number;
  /** The nearest setting that fits, or what else to know. */
  readonly advice: readonly string[];
}

/** What people say of a device. */
export interface DeviceMarks {
  /** Nothing new is placed on it. */
  readonly isCordoned?: boolean;
  /** What placements may ask for; replaces all earlier ones. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A device with what is given out of it. */
export interface DeviceView extends Device {
  readonly workerId: string;
  readonly isCordoned: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly instances: readonly InstanceId[];
}

/** Something of the fleet changed; the view is looked up anew. */
export type FleetChange =
  | { readonly kind: 'deployment'; readonly id: DeploymentId; readonly type: 'created' | 'updated' | 'deleted' }
  | { readonly kind: 'instance'; readonly id: InstanceId; readonly type: 'created' | 'updated' | 'deleted' }
  | { readonly kind: 'download'; readonly id: string; readonly type: 'created' | 'updated' | 'deleted' }
  | { readonly kind: 'device'; readonly id: string; readonly type: 'updated' }
  | { readonly kind: 'engine'; readonly id: string; readonly type: 'created' | 'updated' | 'deleted' };

/** Which lines of which run. */
export interface LogQuery {
  /** Absent = the current or last one. */
  readonly run?: number;
  /** The last so many lines. */
  readonly lines: number;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/** The fleet of this server. Ids that do not exist are a RequestError `not_found`. */
export interface FleetControl {
  deployments(): readonly DeploymentView[];
  /** By id, name or alias. */
  find(idOrName: string): DeploymentView | undefined;
  instance(id: string): InstanceView | undefined;
  /** Calls `listener` after every change until the returned function is called. */
  subscribe(listener: (change: FleetChange) => void): () => void;

  create(wish: DeploymentWish & WithRemoteKey, by: UserId | undefined): Promise<DeploymentView>;
  /** `expectedRevision` absent = whatever it is; otherwise `changed_meanwhile` if it moved on. */
  edit(id: DeploymentId, spec: DeploymentSpec & WithRemoteKey, expectedRevision?: number): Promise<DeploymentView>;
  setStopped(id: DeploymentId, isStopped: boolean): Promise<DeploymentView>;
  scale(id: DeploymentId, replicas: number): Promise<DeploymentView>;
  /** `withFiles` removes its own downloaded weights too, unless another deployment uses them. */
  remove(id: DeploymentId, withFiles: boolean): Promise<void>;
  /** Asks a ready instance to call tools, and keeps what came of it. */
  probe(id: DeploymentId, signal: AbortSignal): Promise<ToolVerdict>;
  estimate(wish: DeploymentWish, signal: AbortSignal): Promise<FitEstimate>;

  devices(): Promise<readonly DeviceView[]>;
  /** What is absent stays as it is. */
  markDevice(deviceId: string, marks: DeviceMarks): Promise<void>;

  downloads(): readonly Download[];
  /** Fetches without deploying; the same source twice is one download. */
  pull(source: ModelSource): Promise<Download>;
  cancelDownload(id: string): Promise<void>;
  modelFiles(signal: AbortSignal): Promise<readonly ModelFile[]>;
  /** Only our own, and only if no deployment uses it. */
  removeModelFile(id: string): Promise<void>;

  /** Numbers of the runs whose logs are kept, newest last. */
  logRuns(id: InstanceId): Promise<readonly number[]>;
  logs(id: InstanceId, query: LogQuery): AsyncIterable<string>;
}
