/** What the API tells of the fleet, as schemas; times in Unix seconds. */

import { Type } from 'typebox';
import { deploymentSpecSchema } from '../../fleet/deployment.ts';
import { instanceStates } from '../../fleet/instance.ts';
import { modelSourceSchema } from '../../fleet/model-source.ts';

const count = Type.Integer({ minimum: 0 });
const time = Type.Integer();
const text = Type.String();
const optional = { text: Type.Optional(text), count: Type.Optional(count), time: Type.Optional(time) };

const instanceState = Type.Enum([...instanceStates]);

/** One running (or failing) copy of a deployment. */
export const instanceSchema = Type.Object(
  {
    id: text,
    deploymentId: text,
    workerId: text,
    revision: count,
    state: instanceState,
    reason: text,
    since: time,
    failures: count,
    /** No new start before it. */
    retryAt: optional.time,
    devices: Type.Array(text),
    run: count,
    /** What runs: program and arguments, for those who may read a deployment's parameters. */
    command: Type.Optional(Type.Array(text)),
    history: Type.Array(Type.Object({ state: instanceState, reason: text, at: time })),
  },
  { title: 'Instance' },
);

/** What a probe found out about tool calls. */
export const verdictSchema = Type.Object(
  {
    verdict: Type.Enum(['proven', 'failed', 'expected']),
    format: text,
    weights: text,
    engine: text,
    steps: Type.Array(
      Type.Object({
        name: Type.Enum(['call', 'no-call', 'parallel', 'round-trip', 'required']),
        isOk: Type.Boolean(),
        transcript: text,
      }),
    ),
    at: time,
  },
  { title: 'ToolVerdict' },
);

/** A deployment: what is wanted (`spec`), and what is observed. */
export const deploymentSchema = Type.Object(
  {
    id: text,
    name: text,
    revision: count,
    declaredBy: Type.Enum(['store', 'command-line']),
    isStopped: Type.Boolean(),
    createdAt: time,
    updatedAt: time,
    createdBy: optional.text,
    spec: Type.Object(deploymentSpecSchema.properties, { additionalProperties: false, title: 'DeploymentSpec' }),
    /** The source in one line. */
    source: text,
    state: Type.Enum(['ready', 'partly-ready', 'starting', 'failed', 'stopped', 'idle']),
    reason: text,
    readyReplicas: count,
    instances: Type.Array(instanceSchema),
    model: Type.Optional(
      Type.Object(
        {
          name: text,
          architecture: text,
          parameterCount: optional.count,
          sizeBytes: count,
          trainedContext: count,
          contextPerRequest: count,
          toolFormat: text,
          toolFormatEvidence: text,
          device: optional.text,
        },
        { title: 'ModelFacts' },
      ),
    ),
    verdict: Type.Optional(verdictSchema),
    /** The last characters of its remote server's key, for those who may read its environment. */
    remoteKeyHint: optional.text,
    warnings: Type.Array(text),
  },
  { title: 'Deployment' },
);

/** Does it fit? */
export const estimateSchema = Type.Object(
  {
    fits: Type.Boolean(),
    isApproximate: Type.Boolean(),
    weightsBytes: count,
    cacheBytes: count,
    overheadBytes: count,
    totalBytes: count,
    freeBytes: count,
    contextPerRequest: count,
    advice: Type.Array(text),
  },
  { title: 'Estimate' },
);

/** Weights on their way. */
export const downloadSchema = Type.Object(
  {
    id: text,
    source: modelSourceSchema,
    state: Type.Enum(['waiting', 'running', 'done', 'failed', 'cancelled']),
    progress: Type.Object({
      bytesDone: count,
      bytesTotal: optional.count,
      bytesPerSecond: Type.Number(),
      etaSeconds: Type.Optional(Type.Number()),
    }),
    notes: Type.Optional(Type.Array(text)),
    error: optional.text,
    startedAt: time,
  },
  { title: 'Download' },
);

/** A model whose files are on a worker. */
export const modelFileSchema = Type.Object(
  {
    id: text,
    workerId: text,
    files: Type.Array(text),
    sizeBytes: count,
    origin: Type.Enum(['own', 'bundled', 'huggingface', 'modelscope', 'ollama', 'lm-studio', 'llama.cpp']),
    name: text,
    source: Type.Optional(modelSourceSchema),
    quantisation: optional.text,
    problem: optional.text,
    createdAt: time,
  },
  { title: 'ModelFile' },
);

/** A program or libraries that run models, or on their way. */
export const engineSchema = Type.Object(
  {
    id: text,
    workerId: text,
    name: Type.Enum(['vllm', 'llama-box', 'llama-libraries']),
    /** '' = not known yet. */
    version: text,
    origin: Type.Enum(['installed', 'path', 'configured', 'bundled']),
    /** What starts it; empty for libraries. */
    command: Type.Array(text),
    accelerator: Type.Optional(Type.Enum(['cpu', 'cuda', 'rocm', 'vulkan', 'metal'])),
    state: Type.Enum(['installing', 'ready', 'failed', 'removing']),
    reason: text,
    sizeBytes: optional.count,
    /** 0 = somebody else installed it. */
    installedAt: time,
  },
  { title: 'Engine' },
);

/** What can compute, and what is given out of it. */
export const deviceSchema = Type.Object(
  {
    id: text,
    workerId: text,
    kind: Type.Enum(['cpu', 'cuda', 'rocm', 'metal', 'ascend']),
    name: text,
    memoryBytes: count,
    memoryUsedBytes: optional.count,
    isUnified: Type.Optional(Type.Boolean()),
    utilisation: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    driver: optional.text,
    uuid: optional.text,
    cores: optional.count,
    features: Type.Optional(Type.Array(text)),
    isCordoned: Type.Boolean(),
    /** What placements may ask for. */
    labels: Type.Record(text, text),
    /** Which instances hold it. */
    instances: Type.Array(text),
  },
  { title: 'Device' },
);

/** A machine. */
export const workerSchema = Type.Object(
  {
    id: text,
    devices: Type.Array(deviceSchema),
    /** Of all its devices that are no processors. */
    acceleratorMemoryBytes: count,
    /** Of the machine itself. */
    memoryBytes: count,
    memoryUsedBytes: optional.count,
    instances: Type.Array(text),
  },
  { title: 'Worker' },
);
