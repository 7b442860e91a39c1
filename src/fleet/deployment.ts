/** What is desired: a model, under which names, on which engine, how often, with which settings. */

import { type Static, Type } from 'typebox';
import { isObject } from '../base/json.ts';
import { modelSourceSchema, nameOfSource } from './model-source.ts';
import type { UserId } from './user.ts';

/** Names a deployment. */
export type DeploymentId = string & { readonly brand: 'DeploymentId' };

/** Which GPU library to use; `auto` = the best that is there. */
export type GpuChoice = 'auto' | 'off' | 'cuda' | 'vulkan' | 'metal';

/** A name that requests may use: a word, with slashes and colons as hubs and engines spell models. */
export const modelName = Type.String({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$' });

const count = (minimum: number, maximum: number) => Type.Integer({ minimum, maximum });

/** What answers start from where a request does not say. */
const samplingDefaults = Type.Object(
  {
    temperature: Type.Optional(Type.Number({ minimum: 0, maximum: 2 })),
    topP: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    topK: Type.Optional(count(0, 1_000)),
    minP: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    maxTokens: Type.Optional(count(1, 10_000_000)),
    repeatPenalty: Type.Optional(Type.Number({ minimum: 0.1, maximum: 10 })),
  },
  { additionalProperties: false },
);

/** Where instances run: on the devices named, or wherever the labels match and there is room. */
const placement = Type.Object(
  {
    devices: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 64 })),
    labels: Type.Optional(Type.Record(Type.String({ maxLength: 64 }), Type.String({ maxLength: 256 }))),
  },
  { additionalProperties: false },
);

/** What all callers together may do with it. */
const deploymentLimits = Type.Object(
  {
    requestsPerMinute: Type.Optional(count(1, 1_000_000)),
    concurrency: Type.Optional(count(1, 100_000)),
    /** Requests that may wait for a free place; absent = four for each place. */
    queue: Type.Optional(count(0, 100_000)),
  },
  { additionalProperties: false },
);

/** How long a request may take, in seconds; absent = the server's own bounds. */
const timeouts = Type.Object(
  {
    /** For a free place. */
    queue: Type.Optional(count(1, 86_400)),
    /** From the engine being asked to its first token. */
    firstToken: Type.Optional(count(1, 86_400)),
    /** Between two tokens. */
    idle: Type.Optional(count(1, 86_400)),
    /** For the whole answer. */
    total: Type.Optional(count(1, 604_800)),
  },
  { additionalProperties: false },
);

/** What a person writes; everything but the source has a default. */
export const deploymentSpecSchema = Type.Object(
  {
    /** What requests name and answers report; default: `nameOfSource`. */
    name: modelName,
    /** Further names it answers to. */
    aliases: Type.Array(modelName, { maxItems: 32, uniqueItems: true }),
    source: modelSourceSchema,
    /** `auto` chooses by the source; `llama-box` is llama.cpp by whichever program there is; `openai` is a remote. */
    backend: Type.Enum(['auto', 'embedded', 'llama-box', 'vllm', 'openai']),
    /** Of several installed versions of the engine, this one; absent = the newest. */
    engineVersion: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    /** Who writes and reads tool calls; `engine` = its own chat interface, where it has one. Absent = we do. */
    toolCalls: Type.Optional(Type.Enum(['ours', 'engine'])),
    replicas: count(0, 64),
    placement,
    categories: Type.Array(Type.Enum(['llm', 'embedding', 'reranker']), { maxItems: 3, uniqueItems: true }),
    /** Context tokens per request; absent = the model's own, bounded by memory. */
    contextSize: Type.Optional(count(64, 100_000_000)),
    /** Requests that run at once in one instance. */
    parallel: count(1, 1_024),
    /** Absent = calibrated at load. */
    threads: Type.Optional(count(1, 1_024)),
    gpu: Type.Enum(['auto', 'off', 'cuda', 'vulkan', 'metal']),
    gpuLayers: Type.Optional(count(-1, 10_000)),
    /** Passed to the engine's program word by word, never through a shell. */
    backendParameters: Type.Array(Type.String({ minLength: 1, maxLength: 4_096 }), { maxItems: 200 }),
    environment: Type.Record(
      Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$', maxLength: 128 }),
      Type.String({ maxLength: 8_192 }),
      {
        maxProperties: 100,
      },
    ),
    sampling: samplingDefaults,
    systemPrompt: Type.Optional(Type.String({ maxLength: 100_000 })),
    /** Replaces the model's own chat template (the Jinja text). */
    chatTemplate: Type.Optional(Type.String({ maxLength: 1_000_000 })),
    /** Overrules detection: a format's name, or the absolute path of a file that holds one. */
    toolFormat: Type.Optional(Type.String({ maxLength: 4_096 })),
    /** How strictly promises of answers are kept where the request does not say; absent = `enforce`. */
    guarantee: Type.Optional(Type.Enum(['enforce', 'report', 'off'])),
    /** Is an instance that ends by itself started again? */
    restart: Type.Enum(['always', 'never']),
    /** Seconds without a request after which it is unloaded, to be loaded on demand; absent = always loaded. */
    keepAliveSeconds: Type.Optional(count(1, 31_536_000)),
    limits: deploymentLimits,
    timeouts: Type.Optional(timeouts),
    description: Type.Optional(Type.String({ maxLength: 2_000 })),
  },
  { additionalProperties: false },
);

/** Everything a person can say of a deployment. */
export type DeploymentSpec = Static<typeof deploymentSpecSchema>;

/** A deployment as it is kept. */
export interface Deployment extends DeploymentSpec {
  readonly id: DeploymentId;
  /** `command-line` = given by flag: visible, never stored, read-only, gone with the process. */
  readonly declaredBy: 'store' | 'command-line';
  /** Goes up with every edit: the ETag. */
  readonly revision: number;
  /** The revision since which new instances are needed; older instances are replaced one by one. */
  readonly instanceRevision: number;
  /** Stopped by a person; `replicas` is kept for the next start. */
  readonly isStopped: boolean;
  /** Unix seconds: `created` in model lists. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly createdBy?: UserId;
}

/** What is taken where nothing is said. */
const deploymentDefaults: Omit<DeploymentSpec, 'name' | 'source'> = {
  aliases: [],
  backend: 'auto',
  replicas: 1,
  placement: {},
  categories: ['llm'],
  parallel: 8,
  gpu: 'auto',
  backendParameters: [],
  environment: {},
  sampling: {},
  restart: 'always',
  limits: {},
};

/** All names it answers to; the first is the one it reports. */
export function servedNames(deployment: Pick<DeploymentSpec, 'name' | 'aliases'>): readonly string[] {
  return [...new Set([deployment.name, ...deployment.aliases])];
}

/** Fields whose change reaches running instances without a new start. */
const liveFields: ReadonlySet<string> = new Set([
  'name',
  'aliases',
  'replicas',
  'categories',
  'sampling',
  'systemPrompt',
  'guarantee',
  'toolFormat',
  'chatTemplate',
  'restart',
  'keepAliveSeconds',
  'limits',
  'timeouts',
  'toolCalls',
  'description',
]);

/** Does an edit from `before` to `after` need new instances? */
export function needsNewInstances(before: DeploymentSpec, after: DeploymentSpec): boolean {
  return textOfFixedFields(before) !== textOfFixedFields(after);
}

/** What an engine is started with, as text that does not depend on the order in which fields were written. */
function textOfFixedFields(spec: DeploymentSpec): string {
  const fixed = Object.entries(spec).filter(
    ([field]) => !liveFields.has(field) && field in deploymentSpecSchema.properties,
  );
  return JSON.stringify(Object.fromEntries(fixed), (_, value: unknown) =>
    isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
  );
}

/** What is enough to deploy: a source; everything else has a default. */
export const deploymentWishSchema = Type.Object(
  { ...Type.Partial(deploymentSpecSchema).properties, source: modelSourceSchema },
  { additionalProperties: false },
);

/** A spec whose gaps are still open. */
export type DeploymentWish = Static<typeof deploymentWishSchema>;

/** Fills the gaps of a wish. */
export function completeSpec(wish: DeploymentWish): DeploymentSpec {
  return { ...deploymentDefaults, name: nameOfSource(wish.source), ...wish };
}
