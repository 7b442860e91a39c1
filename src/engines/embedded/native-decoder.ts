/** A decoder over a llama.cpp context: batches in native memory, decoded on a worker thread. */

import { ConfigError, EngineError } from '../../base/errors.ts';
import type { Decoder, Run } from './decoder.ts';
import { addressOf, callAsync, floatsAt, type Library, type NativeBatch, type Pointer } from './layouts.ts';
import type { NativeModel } from './native-model.ts';
import { ThreadPace } from './thread-pace.ts';
import { calibrate, createPool, type ResizePool } from './thread-pool.ts';

/** Tokens a step may carry: also how long a prompt's chunk can delay the other streams. */
const batchSize = 512;

/** How the memory is divided; `threads` null = measured. */
export interface DecoderSettings {
  readonly slots: number;
  readonly contextPerSlot: number;
  readonly threads: number | null;
}

/** Makes the context and its threads; throws ConfigError if the memory does not suffice. */
export async function createDecoder(
  library: Library,
  model: NativeModel,
  settings: DecoderSettings,
): Promise<NativeDecoder> {
  const params = {
    ...library.contextDefaultParams(),
    ...{ n_ctx: settings.contextPerSlot * settings.slots, n_seq_max: settings.slots, n_outputs_max: settings.slots },
    ...{ n_batch: batchSize, n_ubatch: batchSize, n_threads: 1, n_threads_batch: 1 },
    ...{ kv_unified: false, no_perf: true },
  };
  const context = await callAsync(library.contextCreate, model.pointer, params);
  if (context === null)
    throw new ConfigError(
      'out_of_memory',
      `There is not enough memory for ${settings.slots} × ${settings.contextPerSlot} tokens of context; ` +
        'take a smaller --ctx-size or --parallel.',
    );
  const decoder = new NativeDecoder(library, context, { settings, vocabularySize: model.vocabularySize });
  await decoder.proveAndTune(settings.threads);
  return decoder;
}

interface Shape {
  readonly settings: DecoderSettings;
  readonly vocabularySize: number;
}

/** See `createDecoder`. */
export class NativeDecoder implements Decoder {
  readonly slots: number;
  readonly contextPerSlot: number;
  readonly batchSize = batchSize;
  /** Its threads while nobody takes their cores. */
  threads = 1;
  readonly #library: Library;
  readonly #context: Pointer;
  readonly #memory: Pointer;
  readonly #vocabularySize: number;
  readonly #batch: BatchMemory;
  /** Index in the last batch of each slot's last token. */
  readonly #lastIndex: Int32Array;
  /** Views of the library's logits by address: making one costs more than drawing a token. */
  readonly #views = new Map<Pointer, Float32Array>();
  readonly #resize: ResizePool;
  /** Once the number of threads is settled. */
  #pace: ThreadPace | undefined;
  #threadsNow = 1;

  constructor(library: Library, context: Pointer, { settings, vocabularySize }: Shape) {
    this.#library = library;
    this.#context = context;
    this.#memory = library.contextMemory(context);
    this.#resize = createPool(library, context);
    this.#vocabularySize = vocabularySize;
    this.slots = settings.slots;
    this.contextPerSlot = Math.min(library.contextPerSlot(context), settings.contextPerSlot);
    this.#batch = createBatchMemory(settings.slots);
    this.#lastIndex = new Int32Array(settings.slots).fill(-1);
  }

  async decode(runs: readonly Run[]): Promise<void> {
    this.#fill(runs);
    const started = performance.now();
    const code = await callAsync(this.#library.decode, this.#context, this.#batch.native);
    if (code !== 0) throw new EngineError('engine_protocol', `llama.cpp could not decode a batch (code ${code}).`);
    // How long a prompt takes depends on its length; one token for each answer has a usual time.
    if (runs.every((run) => run.tokens.length === 1)) this.#adapt(runs.length, performance.now() - started);
  }

  #adapt(size: number, tookMs: number): void {
    const threads = this.#pace?.after(size, tookMs) ?? this.#threadsNow;
    if (threads === this.#threadsNow) return;
    this.#threadsNow = threads;
    this.#resize(threads);
  }

  logits(slot: number): Float32Array {
    const address = this.#library.logits(this.#context, this.#lastIndex[slot] ?? -1);
    if (address === null) throw new EngineError('engine_protocol', 'llama.cpp has no logits for this token.');
    let view = this.#views.get(address);
    if (view === undefined) {
      // The library may have moved its buffer: then the old views are of no use.
      if (this.#views.size >= 2 * this.slots) this.#views.clear();
      view = floatsAt(address, this.#vocabularySize);
      this.#views.set(address, view);
    }
    return view;
  }

  keep(slot: number, length: number): number {
    if (this.#library.memoryRemove(this.#memory, slot, length, -1)) return length;
    // Recurrent memory cannot be cut in the middle.
    this.#library.memoryRemove(this.#memory, slot, -1, -1);
    return 0;
  }

  /** A first decode shows that library and model fit each other; more of them find the best number of threads. */
  async proveAndTune(threads: number | null): Promise<void> {
    const run: Run = { slot: 0, position: 0, tokens: [0], output: true };
    const decode = async (): Promise<void> => {
      this.keep(0, 0);
      await this.decode([run]);
    };
    this.#resize(threads ?? 1);
    await decode();
    if (this.logits(0).some(Number.isNaN))
      throw new ConfigError('model_unusable', 'The model computes no numbers: its weights are damaged.');
    this.threads = threads ?? (await calibrate(this.#resize, decode));
    this.#threadsNow = this.threads;
    this.#pace = new ThreadPace(this.threads);
    this.keep(0, 0);
  }

  #fill(runs: readonly Run[]): void {
    const { tokens, positions, slots, outputs, slotAddress, native } = this.#batch;
    let at = 0;
    for (const run of runs) {
      for (const [index, token] of run.tokens.entries()) {
        tokens[at] = token;
        positions[at] = run.position + index;
        slots[at] = slotAddress(run.slot);
        outputs[at] = run.output && index === run.tokens.length - 1 ? 1 : 0;
        at++;
      }
      this.#lastIndex[run.slot] = at - 1;
    }
    native.n_tokens = at;
  }
}

interface BatchMemory {
  readonly tokens: Int32Array;
  readonly positions: Int32Array;
  readonly slots: BigUint64Array;
  readonly outputs: Int8Array;
  readonly slotAddress: (slot: number) => bigint;
  readonly native: NativeBatch;
  /** Everything whose address native code holds: buffers of their own, which V8 does not move. */
  readonly held: readonly ArrayBuffer[];
}

function createBatchMemory(slotCount: number): BatchMemory {
  const buffer = (bytes: number): ArrayBuffer => new ArrayBuffer(Math.max(bytes, 64));
  const tokens = buffer(4 * batchSize);
  const positions = buffer(4 * batchSize);
  const slots = buffer(8 * batchSize);
  const outputs = buffer(batchSize);
  const counts = buffer(4 * batchSize);
  const slotIds = buffer(4 * slotCount);
  new Int32Array(counts).fill(1);
  for (let slot = 0; slot < slotCount; slot++) new Int32Array(slotIds)[slot] = slot;
  const firstSlot = addressOf(slotIds);
  return {
    tokens: new Int32Array(tokens),
    positions: new Int32Array(positions),
    slots: new BigUint64Array(slots),
    outputs: new Int8Array(outputs),
    slotAddress: (slot) => firstSlot + BigInt(slot * 4),
    native: {
      ...{ n_tokens: 0, token: addressOf(tokens), embd: null, pos: addressOf(positions) },
      ...{ n_seq_id: addressOf(counts), seq_id: addressOf(slots), logits: addressOf(outputs) },
    },
    held: [tokens, positions, slots, outputs, counts, slotIds],
  };
}
