/** The C interface of llama.cpp's libraries as we call it: every layout and signature, for exactly one version. */

import koffi from 'koffi';

/** Where the package keeps them. */
export const libraryFolder = 'bins/linux-x64';

/** Their names; those that compute on GPUs too say with what. */
function libraryFiles(accelerator: string | undefined) {
  const infix = accelerator === undefined ? '' : `.${accelerator}`;
  return { base: 'libggml-base.so', ggml: `libggml${infix}.v0.5.0.so`, llama: `libllama${infix}.v0.5.0.so` };
}

/** An address in native memory. */
export type Pointer = bigint;
/** What the log callback gets: severity (see `logLevel`) and text. */
export type NativeLog = (level: number, text: string) => void;

/** `enum ggml_log_level`. */
export const logLevel = { debug: 1, info: 2, warn: 3, error: 4, continued: 5 } as const;
/** `enum llama_token_attr`: bits. */
export const tokenAttribute = { unknown: 1, unused: 2, control: 8, userDefined: 16 } as const;
/** `enum llama_vocab_type`: the one that puts a blank before every text. */
export const vocabularyTypeSpm = 1;
/** `enum ggml_backend_dev_type`: the CPU, and what counts as a GPU: one with memory of its own, or the machine's. */
const deviceTypeCpu = 0;
const gpuTypes: readonly number[] = [1, 2];
/** `enum llama_split_mode`. */
export const splitModes = { none: 0, layer: 1, row: 2 } as const;

/** `struct llama_model_params`: the fields we set. */
export interface ModelParams {
  n_gpu_layers: number;
  split_mode: number;
  main_gpu: number;
  tensor_split: Pointer | null;
  check_tensors: boolean;
  readonly [field: string]: unknown;
}

/** `struct llama_context_params`: the fields we set. */
export interface ContextParams {
  n_ctx: number;
  n_batch: number;
  n_ubatch: number;
  n_seq_max: number;
  n_outputs_max: number;
  n_threads: number;
  n_threads_batch: number;
  kv_unified: boolean;
  no_perf: boolean;
  readonly [field: string]: unknown;
}

/** `struct llama_batch`. */
export interface NativeBatch {
  n_tokens: number;
  readonly token: Pointer;
  readonly embd: null;
  readonly pos: Pointer;
  readonly n_seq_id: Pointer;
  readonly seq_id: Pointer;
  readonly logits: Pointer;
}

const pointer = 'void *';
const megabyte = 2 ** 20;

// Native code runs on stacks that koffi makes: its own sizes are less than what a thread usually has.
koffi.config({ sync_stack_size: 16 * megabyte, async_stack_size: 8 * megabyte });

const modelParams = koffi.struct('llama_model_params', {
  devices: pointer,
  tensor_buft_overrides: pointer,
  n_gpu_layers: 'int32',
  split_mode: 'int32',
  load_mode: 'int32',
  lazy_mode: 'int32',
  main_gpu: 'int32',
  tensor_split: pointer,
  progress_callback: pointer,
  progress_callback_user_data: pointer,
  kv_overrides: pointer,
  vocab_only: 'bool',
  check_tensors: 'bool',
  use_extra_bufts: 'bool',
  no_host: 'bool',
  no_alloc: 'bool',
  load_mtp: 'bool',
});

const contextParams = koffi.struct('llama_context_params', {
  n_ctx: 'uint32',
  n_batch: 'uint32',
  n_ubatch: 'uint32',
  n_seq_max: 'uint32',
  n_rs_seq: 'uint32',
  n_outputs_max: 'uint32',
  n_outputs_max_per_seq: 'uint32',
  n_threads: 'int32',
  n_threads_batch: 'int32',
  ctx_type: 'int32',
  rope_scaling_type: 'int32',
  pooling_type: 'int32',
  attention_type: 'int32',
  flash_attn_type: 'int32',
  rope_freq_base: 'float',
  rope_freq_scale: 'float',
  yarn_ext_factor: 'float',
  yarn_attn_factor: 'float',
  yarn_beta_fast: 'float',
  yarn_beta_slow: 'float',
  yarn_orig_ctx: 'uint32',
  defrag_thold: 'float',
  cb_eval: pointer,
  cb_eval_user_data: pointer,
  type_k: 'int32',
  type_v: 'int32',
  abort_callback: pointer,
  abort_callback_data: pointer,
  embeddings: 'bool',
  offload_kqv: 'bool',
  no_perf: 'bool',
  op_offload: 'bool',
  swa_full: 'bool',
  kv_unified: 'bool',
  samplers: pointer,
  n_samplers: 'size_t',
  ctx_other: pointer,
});

const batch = koffi.struct('llama_batch', {
  n_tokens: 'int32',
  token: pointer,
  embd: pointer,
  pos: pointer,
  n_seq_id: pointer,
  seq_id: pointer,
  logits: pointer,
});

/** `struct ggml_threadpool_params`: its size and where we write. */
export const threadPoolParams = { sizeBytes: 528, pollOffset: 520 } as const;
const threadPoolNew = koffi.proto('ggml_threadpool_new_t', pointer, [pointer]);
const logCallback = koffi.proto('ggml_log_callback_t', 'void', ['int32', 'str', pointer]);

/** Sizes that the layouts above must have. */
export const layoutSizes: ReadonlyArray<readonly [name: string, actual: number, expected: number]> = [
  ['llama_model_params', koffi.sizeof(modelParams), 80],
  ['llama_context_params', koffi.sizeof(contextParams), 160],
  ['llama_batch', koffi.sizeof(batch), 56],
];

/** Defaults that the library must report: a field that has moved shows here. */
export const knownModelDefaults: Readonly<Record<string, unknown>> = {
  ...{ devices: null, n_gpu_layers: -1, split_mode: 1, load_mode: -1, lazy_mode: 1, main_gpu: 0, kv_overrides: null },
  ...{ vocab_only: false, check_tensors: false, use_extra_bufts: true, no_host: false, no_alloc: false },
};
export const knownContextDefaults: Readonly<Record<string, unknown>> = {
  ...{ n_ctx: 512, n_batch: 2048, n_ubatch: 512, n_seq_max: 1, n_outputs_max: 0, n_outputs_max_per_seq: 1 },
  ...{ n_threads: 4, n_threads_batch: 4, rope_scaling_type: -1, pooling_type: -1, yarn_ext_factor: -1 },
  ...{ defrag_thold: -1, cb_eval: null, type_k: 1, type_v: 1, abort_callback: null, embeddings: false },
  ...{ offload_kqv: true, no_perf: true, op_offload: true, swa_full: true, kv_unified: false, n_samplers: 0 },
};

/** A native function that can also run on a worker thread. */
type Asynchronous<A extends readonly unknown[], R> = ((...values: A) => R) & {
  async(...values: [...A, (error: Error | null, result: R) => void]): void;
};

/** Calls a native function on a worker thread, so that the event loop stays free. */
export function callAsync<A extends readonly unknown[], R>(native: Asynchronous<A, R>, ...values: A): Promise<R> {
  return new Promise((resolve, reject) => {
    native.async(...values, (error, result) =>
      error === null || error === undefined ? resolve(result) : reject(error),
    );
  });
}

/** The functions we call; names as in C, without the prefix where it only repeats. */
export type Library = ReturnType<typeof bindLibrary>;

/** Binds every function to the libraries in `folder`; `accelerator` = those that compute on GPUs too. */
export function bindLibrary(folder: string, accelerator?: string) {
  const files = libraryFiles(accelerator);
  const base = koffi.load(`${folder}/${files.base}`);
  const ggml = koffi.load(`${folder}/${files.ggml}`);
  const llama = koffi.load(`${folder}/${files.llama}`);
  return { ...bindModel(llama), ...bindVocabulary(llama), ...bindContext(llama), ...bindRest(base, ggml, llama) };
}

type Handle = ReturnType<typeof koffi.load>;

function bindModel(llama: Handle) {
  const defaults: () => ModelParams = llama.func('llama_model_default_params', modelParams, []);
  const load: Asynchronous<[string, ModelParams], Pointer | null> = llama.func('llama_model_load_from_file', pointer, [
    'str',
    modelParams,
  ]);
  const number = (name: string): ((model: Pointer) => number) => llama.func(name, 'int32', [pointer]);
  const flag = (name: string): ((model: Pointer) => boolean) => llama.func(name, 'bool', [pointer]);
  const free: (model: Pointer) => void = llama.func('llama_model_free', 'void', [pointer]);
  const vocabulary: (model: Pointer) => Pointer = llama.func('llama_model_get_vocab', pointer, [pointer]);
  return {
    modelDefaultParams: defaults,
    modelLoad: load,
    modelFree: free,
    modelVocabulary: vocabulary,
    modelTrainedContext: number('llama_model_n_ctx_train'),
    modelLayers: number('llama_model_n_layer'),
    modelHasEncoder: flag('llama_model_has_encoder'),
    modelHasDecoder: flag('llama_model_has_decoder'),
    modelIsDiffusion: flag('llama_model_is_diffusion'),
  };
}

function bindVocabulary(llama: Handle) {
  const number = (name: string): ((vocabulary: Pointer) => number) => llama.func(name, 'int32', [pointer]);
  const size = number('llama_vocab_n_tokens');
  const text: (vocabulary: Pointer, token: number) => string = llama.func('llama_vocab_get_text', 'str', [
    pointer,
    'int32',
  ]);
  const attributes: (vocabulary: Pointer, token: number) => number = llama.func('llama_vocab_get_attr', 'int32', [
    pointer,
    'int32',
  ]);
  const isEnd: (vocabulary: Pointer, token: number) => boolean = llama.func('llama_vocab_is_eog', 'bool', [
    pointer,
    'int32',
  ]);
  const addBos: (vocabulary: Pointer) => boolean = llama.func('llama_vocab_get_add_bos', 'bool', [pointer]);
  type ToPiece = (v: Pointer, token: number, out: Uint8Array, size: number, strip: number, special: boolean) => number;
  const toPiece: ToPiece = llama.func('llama_token_to_piece', 'int32', [
    ...[pointer, 'int32', pointer, 'int32', 'int32', 'bool'],
  ]);
  type Tokenize = (
    ...values: [v: Pointer, text: Uint8Array, size: number, out: Int32Array, max: number, add: boolean, parse: boolean]
  ) => number;
  const tokenize: Tokenize = llama.func('llama_tokenize', 'int32', [
    ...[pointer, pointer, 'int32', pointer, 'int32', 'bool', 'bool'],
  ]);
  return {
    vocabularySize: size,
    vocabularyType: number('llama_vocab_type'),
    vocabularyBos: number('llama_vocab_bos'),
    vocabularyAddBos: addBos,
    tokenText: text,
    tokenAttributes: attributes,
    tokenIsEnd: isEnd,
    tokenToPiece: toPiece,
    tokenize,
  };
}

function bindContext(llama: Handle) {
  const defaults: () => ContextParams = llama.func('llama_context_default_params', contextParams, []);
  const create: Asynchronous<[Pointer, ContextParams], Pointer | null> = llama.func('llama_init_from_model', pointer, [
    pointer,
    contextParams,
  ]);
  const free: (context: Pointer) => void = llama.func('llama_free', 'void', [pointer]);
  const perSlot: (context: Pointer) => number = llama.func('llama_n_ctx_seq', 'uint32', [pointer]);
  const setThreads: (context: Pointer, one: number, many: number) => void = llama.func('llama_set_n_threads', 'void', [
    ...[pointer, 'int32', 'int32'],
  ]);
  const attach: (context: Pointer, one: Pointer, many: Pointer) => void = llama.func(
    'llama_attach_threadpool',
    'void',
    [pointer, pointer, pointer],
  );
  const detach: (context: Pointer) => void = llama.func('llama_detach_threadpool', 'void', [pointer]);
  const decode: Asynchronous<[Pointer, NativeBatch], number> = llama.func('llama_decode', 'int32', [pointer, batch]);
  const logits: (context: Pointer, index: number) => Pointer | null = llama.func('llama_get_logits_ith', pointer, [
    pointer,
    'int32',
  ]);
  const memory: (context: Pointer) => Pointer = llama.func('llama_get_memory', pointer, [pointer]);
  const remove: (memory: Pointer, slot: number, from: number, to: number) => boolean = llama.func(
    'llama_memory_seq_rm',
    'bool',
    [pointer, 'int32', 'int32', 'int32'],
  );
  return {
    contextDefaultParams: defaults,
    contextCreate: create,
    contextFree: free,
    contextPerSlot: perSlot,
    contextSetThreads: setThreads,
    contextAttachPool: attach,
    contextDetachPool: detach,
    contextMemory: memory,
    memoryRemove: remove,
    decode,
    logits,
  };
}

function bindRest(base: Handle, ggml: Handle, llama: Handle) {
  const loadBackends: (folder: string) => void = ggml.func('ggml_backend_load_all_from_path', 'void', ['str']);
  const init: () => void = llama.func('llama_backend_init', 'void', []);
  const version: () => string = llama.func('llama_version', 'str', []);
  const setLog: (callback: Pointer, data: null) => void = llama.func('llama_log_set', 'void', [pointer, pointer]);
  const device: (type: number) => Pointer | null = ggml.func('ggml_backend_dev_by_type', pointer, ['int32']);
  const registry: (device: Pointer) => Pointer = base.func('ggml_backend_dev_backend_reg', pointer, [pointer]);
  const address: (registry: Pointer, name: string) => Pointer = base.func(
    'ggml_backend_reg_get_proc_address',
    pointer,
    [pointer, 'str'],
  );
  const poolDefaults: (params: Uint8Array, threads: number) => void = base.func('ggml_threadpool_params_init', 'void', [
    pointer,
    'int32',
  ]);
  const fromCpu = (name: string): Pointer | undefined => {
    const cpu = device(deviceTypeCpu);
    return cpu === null ? undefined : address(registry(cpu), name);
  };
  const describe: (device: Pointer) => string = base.func('ggml_backend_dev_description', 'str', [pointer]);
  const typeOf: (device: Pointer) => number = base.func('ggml_backend_dev_type', 'int32', [pointer]);
  const count: () => number = ggml.func('ggml_backend_dev_count', 'size_t', []);
  const deviceAt: (index: number) => Pointer = ggml.func('ggml_backend_dev_get', pointer, ['size_t']);
  const maxDevices: () => number = llama.func('llama_max_devices', 'size_t', []);
  return {
    version,
    /** The processor's name, or undefined if there is no backend for it. */
    processor(): string | undefined {
      const cpu = device(deviceTypeCpu);
      return cpu === null ? undefined : describe(cpu);
    },
    /** The names of the GPUs that the loaded backends found, in their order. */
    gpus(): readonly string[] {
      const all = Array.from({ length: Number(count()) }, (_, index) => deviceAt(index));
      return all.filter((each) => gpuTypes.includes(typeOf(each))).map((each) => describe(each).trim());
    },
    maxDevices: (): number => Number(maxDevices()),
    /** Loads the backend that suits this processor; must come first. */
    start(folder: string): void {
      loadBackends(folder);
      init();
    },
    /** The callback lives as long as the process. */
    log(write: NativeLog): void {
      setLog(koffi.register(write, koffi.pointer(logCallback)), null);
    },
    poolDefaults,
    poolCreate: (params: Uint8Array): Pointer => koffi.call(fromCpu('ggml_threadpool_new'), threadPoolNew, params),
  };
}

/** Native memory as floats, without a copy; valid only as long as the library leaves it alone. */
export function floatsAt(address: Pointer, count: number): Float32Array {
  return new Float32Array(koffi.view(address, count * 4));
}

/** The address of memory of ours; the buffer must stay referenced, and must not be one that V8 moves. */
export function addressOf(buffer: ArrayBuffer): Pointer {
  return koffi.address(buffer);
}
