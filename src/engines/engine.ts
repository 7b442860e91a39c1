/** An engine: how to launch it, how to ask it, what it can do. */

import type { ChatEvent } from '../chat/event.ts';
import type { Piece } from '../chat/piece.ts';
import type { Prompt } from '../chat/prompt.ts';
import type { ChatRequest, Sampling } from '../chat/request.ts';
import type { DeploymentSpec, GpuChoice } from '../fleet/deployment.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import type { Constraint } from '../grammar/constraint.ts';
import type { LaunchPlan } from '../runtime/launch-plan.ts';

/** A Unix socket, and the secret its first frame must carry. */
export interface SocketAddress {
  readonly socketPath: string;
  readonly token: string;
}

/** The root of an HTTP interface (without `/v1`), and the bearer token it wants; '' = it wants none. */
export interface UrlAddress {
  readonly url: string;
  readonly token: string;
}

/** Where an engine listens, and the secret that opens it. */
export type EngineAddress = SocketAddress | UrlAddress;

/** How a model is shared out among several GPUs; what is absent is the engine's own choice. */
export interface GpuSplit {
  /** Whole layers to each, rows of every matrix to each, or everything to one. */
  readonly mode?: 'none' | 'layer' | 'row';
  /** Proportions, in the order of the devices. */
  readonly shares?: readonly number[];
  /** By its place among the devices: has everything where nothing is split. */
  readonly main?: number;
}

/** How an instance shall run: a deployment's wishes with its backend parameters understood. */
export interface RunWishes {
  /** Context tokens per request; absent = the model's own, bounded by memory. */
  readonly contextSize?: number;
  /** Requests that run at once. */
  readonly parallel: number;
  /** Absent = calibrated at load. */
  readonly threads?: number;
  readonly gpu: GpuChoice;
  readonly gpuLayers?: number;
  readonly gpuSplit?: GpuSplit;
  readonly environment: Readonly<Record<string, string>>;
  /** Backend parameters that the engine's program gets as they were written, one word each. */
  readonly passed: readonly string[];
  /** The parser that `--tool-call-parser` names: taken for the model's tool format. */
  readonly toolParser?: string;
  /** What has no effect here, for people. */
  readonly notes: readonly string[];
}

/** Where an instance runs and how: everything that a plan depends on besides the model. */
export interface Slot extends RunWishes {
  readonly address: EngineAddress;
  readonly devices: readonly string[];
}

/** What a client can do; proven at connect, never assumed. */
export interface Abilities {
  /** Constrains the whole answer by a grammar tree. */
  readonly wholeGrammar: boolean;
  /** Tells special tokens from their spelling in both directions. */
  readonly specialTokens: boolean;
  /** Takes token ids. */
  readonly tokenIds: boolean;
  /** Tells how likely the drawn tokens and their rivals were. */
  readonly logprobs: boolean;
}

/** Numbers for health pages and tests. */
export interface EngineStats {
  readonly slots: number;
  readonly busySlots: number;
  readonly queued: number;
  /** Context tokens one request may use, prompt and answer together. */
  readonly contextPerSlot: number;
  readonly decodedTokens: number;
}

/** One generation. `tokens` is what `tokenize` returned; the context must already be checked. */
export interface GenerateRequest {
  readonly tokens: Int32Array;
  readonly constraint: Constraint;
  readonly sampling: Sampling;
  readonly signal: AbortSignal;
}

/** A connection to a running engine that takes text. */
export interface EngineClient {
  readonly abilities: Abilities;
  /** Its own way of conversing, beside the one by text. */
  readonly chat?: ChatClient;
  /** Can it sample under this constraint? Absent = under each, if it has `wholeGrammar`. */
  enforces?(constraint: Constraint): boolean;
  /** For people: processor or GPU, library variant, threads, layers offloaded. */
  readonly device: string;
  readonly contextPerSlot: number;
  /** Token ids of a prompt, exactly one BOS where the model wants one; untrusted segments without special parsing. */
  tokenize(prompt: Prompt): Promise<Int32Array>;
  /** Pieces as they come, the last with `end` and `usage`; throws EngineError. Aborting frees the slot at once. */
  generate(request: GenerateRequest): AsyncIterable<Piece>;
  stats(): Promise<EngineStats>;
  /** Resolves with the reason once the connection is gone. */
  readonly closed: Promise<string>;
  close(): void;
}

/** What a chat-only engine can do; proven at connect, never assumed. */
export interface ChatAbilities {
  /** Takes tools and answers with calls; one that does not is taught a prompted format. */
  readonly tools: boolean;
  /** Takes pictures beside text. */
  readonly images: boolean;
}

/** A connection to an engine that only speaks chat (a remote server): it renders and parses by itself. */
export interface ChatClient {
  readonly abilities: ChatAbilities;
  /** For people: where the remote is. */
  readonly device: string;
  /** 0 = it does not tell: then no prompt is too long before it was sent. */
  readonly contextPerSlot: number;
  /** One answer, one choice, in the order of `chat/fold.ts`; a failure is thrown as EngineError or comes as `error`. */
  converse(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatEvent>;
  stats(): Promise<EngineStats>;
  /** Resolves with the reason once the connection is gone. */
  readonly closed: Promise<string>;
  close(): void;
}

/** The model and the wishes with which an engine was started: what its client must know of them. */
export interface Served {
  readonly spec: ModelSpec;
  readonly wishes: RunWishes;
}

/** The engines there are; `llama-box` is a llama.cpp server of somebody else's. */
export type EngineName = 'embedded' | 'llama-box' | 'vllm' | 'openai';

/** Which files an engine opens; `none` = the model is elsewhere. */
export type WeightsKind = 'gguf' | 'safetensors' | 'none';

/** What is known of an engine whether or not it is installed. */
export interface EngineKind {
  readonly name: EngineName;
  readonly weights: WeightsKind;
  /** Can it compute on accelerators? */
  readonly usesGpu: boolean;
  /** Understands a deployment's backend parameters; throws RequestError that names a wrong one and lists the known. */
  readWishes(deployment: DeploymentSpec): RunWishes;
}

/** One engine of the product, ready to be started. */
export interface Engine extends EngineKind {
  /** Of the program or libraries that compute: what was proven of one version holds for that one. */
  readonly version: string;
  /** `socket` and `port`: it is told where to listen. `elsewhere`: it listens already. */
  readonly listens: 'socket' | 'port' | 'elsewhere';
  /** How long its program may take to end when it is asked to, in milliseconds; absent = a moment. */
  readonly graceMs?: number;
  /** Pure: what to run; undefined = nothing, it runs elsewhere. */
  plan(spec: ModelSpec, slot: Slot): LaunchPlan | undefined;
  /** Connects to a started engine; resolves when the model is loaded and proven. */
  connect(address: EngineAddress, signal: AbortSignal, served: Served): Promise<EngineClient | ChatClient>;
}

/** Does it only speak chat? */
export function isChatClient(client: EngineClient | ChatClient): client is ChatClient {
  return 'converse' in client;
}
