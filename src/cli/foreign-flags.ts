/** Flags of other servers that are accepted so that a command for them runs here unchanged. */

/** How many words a foreign flag takes: none, the next one, all up to the next flag. */
export type ForeignArity = 'none' | 'one' | 'words';

const switches =
  'enable-auto-tool-choice trust-remote-code enforce-eager disable-log-requests disable-log-stats enable-log-requests ' +
  'enable-log-outputs disable-uvicorn-access-log enable-prefix-caching enable-chunked-prefill enable-reasoning ' +
  'enable-lora enable-prompt-embeds enable-sleep-mode enable-expert-parallel enable-eplb enable-dbo ' +
  'enable-request-id-headers enable-server-load-tracking enable-force-include-usage enable-prompt-tokens-details ' +
  'enable-tokenizer-info-endpoint enable-ssl-refresh disable-custom-all-reduce disable-sliding-window ' +
  'disable-cascade-attn disable-fastapi-docs disable-frontend-multiprocessing disable-async-output-proc ' +
  'disable-hybrid-kv-cache-manager disable-mm-preprocessor-cache skip-tokenizer-init skip-mm-profiling async-scheduling ' +
  'multi-step-stream-outputs calculate-kv-scales return-tokens-as-token-ids use-v2-block-manager worker-use-ray ' +
  'engine-use-ray data-parallel-hybrid-lb data-parallel-external-lb headless show-hidden-metrics-for-version jinja';

const single =
  'model-server tool-parser-plugin reasoning-parser reasoning-parser-plugin tensor-parallel-size ' +
  'pipeline-parallel-size data-parallel-size data-parallel-size-local data-parallel-rank data-parallel-address ' +
  'data-parallel-rpc-port data-parallel-backend data-parallel-start-rank decode-context-parallel-size ' +
  'distributed-executor-backend max-parallel-loading-workers dtype kv-cache-dtype quantization load-format config-format ' +
  'model-impl model-loader-extra-config ignore-patterns download-dir revision code-revision tokenizer ' +
  'tokenizer-revision tokenizer-mode task runner convert hf-config-path hf-overrides hf-token gpu-memory-utilization ' +
  'kv-cache-memory-bytes swap-space cpu-offload-gb block-size num-gpu-blocks-override num-lookahead-slots ' +
  'max-num-batched-tokens max-num-partial-prefills max-long-partial-prefills long-prefill-token-threshold ' +
  'num-scheduler-steps scheduling-policy scheduler-delay-factor scheduler-cls preemption-mode seed device ' +
  'rope-scaling rope-theta max-seq-len-to-capture max-logprobs logprobs-mode generation-config ' +
  'override-generation-config guided-decoding-backend structured-outputs-config reasoning-config max-loras ' +
  'max-lora-rank max-cpu-loras lora-dtype lora-extra-vocab-size fully-sharded-loras speculative-config ' +
  'speculative-model num-speculative-tokens compilation-config cuda-graph-sizes cudagraph-capture-sizes ' +
  'kv-transfer-config kv-events-config kv-offloading-size kv-offloading-backend additional-config worker-cls ' +
  'worker-extension-cls attention-backend otlp-traces-endpoint collect-detailed-traces chat-template-content-format ' +
  'response-role root-path middleware max-log-len uvicorn-log-config log-config-file api-server-count ' +
  'allowed-local-media-path limit-mm-per-prompt mm-processor-kwargs mm-encoder-tp-mode mm-processor-cache-gb ' +
  'media-io-kwargs prefix-caching-hash-algo pooler-config override-pooler-config logits-processors ' +
  'allowed-origins allowed-methods allowed-headers';

const several = 'lora-modules prompt-adapters logits-processor-pattern served-model-alias';

const shortForms: Readonly<Record<string, string>> = {
  tp: 'tensor-parallel-size',
  pp: 'pipeline-parallel-size',
  dp: 'data-parallel-size',
  q: 'quantization',
  O: 'compilation-config',
};

const arities = new Map<string, ForeignArity>([
  ...switches.split(' ').map((name): [string, ForeignArity] => [name, 'none']),
  ...single.split(' ').map((name): [string, ForeignArity] => [name, 'one']),
  ...several.split(' ').map((name): [string, ForeignArity] => [name, 'words']),
]);

/** Those whose silent loss would endanger someone, with what to do instead. */
const refused: Readonly<Record<string, string>> = {
  'ssl-ca-certs': 'clients are not asked for certificates here; put a reverse proxy in front that does',
  'ssl-cert-reqs': 'clients are not asked for certificates here; put a reverse proxy in front that does',
};

/** All long spellings, for suggestions. */
export const foreignNames: readonly string[] = [...arities.keys()];

/** Why a foreign flag cannot be accepted, if it cannot. */
export function refusalOf(name: string): string | undefined {
  return Object.hasOwn(refused, name) ? refused[name] : undefined;
}

/** What a foreign flag takes; undefined = nobody knows this flag. `--no-X` switches X off, `--X.y` sets a part of X. */
export function foreignArity(name: string): ForeignArity | undefined {
  const long = Object.hasOwn(shortForms, name) ? (shortForms[name] ?? name) : name;
  const known = arities.get(long) ?? arities.get(long.split('.')[0] ?? long);
  if (known !== undefined) return known;
  return long.startsWith('no-') && arities.get(long.slice(3)) === 'none' ? 'none' : undefined;
}
