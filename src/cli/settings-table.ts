/** The server's settings as one table: name, vLLM's spellings of the same, and what each means. */

/** A setting: its flag is `--NAME`, its variable `AIMINDSERVE_NAME`, its key in the file NAME. */
export type SettingName =
  | 'host'
  | 'port'
  | 'model'
  | 'served-model-name'
  | 'api-key'
  | 'ctx-size'
  | 'parallel'
  | 'threads'
  | 'gpu'
  | 'gpu-layers'
  | 'chat-template'
  | 'tool-format'
  | 'guarantee'
  | 'backend'
  | 'vllm-command'
  | 'llama-server'
  | 'hub'
  | 'no-model'
  | 'data-dir'
  | 'path-root'
  | 'ca-file'
  | 'model-catalog-file'
  | 'tls-cert'
  | 'tls-key'
  | 'cors-origin'
  | 'trusted-proxy'
  | 'public-url'
  | 'oidc-issuer'
  | 'oidc-client-id'
  | 'oidc-client-secret'
  | 'oidc-label'
  | 'oidc-groups-claim'
  | 'oidc-admin-group'
  | 'oidc-user-group'
  | 'drain-timeout'
  | 'log-level';

/** One row of the table. */
export interface SettingRow {
  /** What stands for the value in the help. */
  readonly value: string;
  readonly help: string;
  /** `list`: may be repeated or hold commas; `words`: moreover takes all words up to the next flag; `none`: a switch. */
  readonly takes: 'none' | 'one' | 'list' | 'words';
  /** Other spellings that mean the same, as flag and as key. */
  readonly aliases: readonly string[];
}

/** All settings, in the order in which the help shows them. */
export const settingsTable: Readonly<Record<SettingName, SettingRow>> = {
  model: {
    value: 'PATH',
    help: 'A GGUF file, a folder with one or with safetensors, a repository of a hub (owner/name:Q4_K_M), an address, or a name of the catalogue. Default: the bundled model.',
    takes: 'one',
    aliases: ['model-path'],
  },
  'served-model-name': {
    value: 'NAME …',
    help: "Names that requests may use; several are fine. Default: the file's name.",
    takes: 'words',
    aliases: ['alias'],
  },
  host: { value: 'HOST', help: 'Address to listen on. Default: 127.0.0.1.', takes: 'one', aliases: [] },
  port: { value: 'PORT', help: 'Port to listen on; 0 = any free one. Default: 31512.', takes: 'one', aliases: [] },
  'api-key': {
    value: 'KEY',
    help: 'Requests must carry this key (repeat it for several). Default on loopback: none.',
    takes: 'list',
    aliases: [],
  },
  'ctx-size': {
    value: 'TOKENS',
    help: "Context of one request: 8192, 8K (= 8192) or 8k (= 8000). Default: the model's own, as memory allows.",
    takes: 'one',
    aliases: ['max-model-len'],
  },
  parallel: {
    value: 'N',
    help: 'Requests that run at once; more wait. Default: 8.',
    takes: 'one',
    aliases: ['max-num-seqs'],
  },
  threads: { value: 'N', help: 'CPU threads. Default: measured at start.', takes: 'one', aliases: [] },
  gpu: {
    value: 'KIND',
    help: 'auto, off, cuda, vulkan or metal. Default: auto. (Libraries for GPUs: aimindserve engine install llama.)',
    takes: 'one',
    aliases: [],
  },
  'gpu-layers': {
    value: 'N',
    help: 'Layers to put on the GPU. Default: all that fit.',
    takes: 'one',
    aliases: ['n-gpu-layers'],
  },
  'chat-template': {
    value: 'FILE',
    help: "Jinja file (or text) that replaces the model's chat template.",
    takes: 'one',
    aliases: [],
  },
  'tool-format': {
    value: 'NAME|FILE',
    help: 'How the model writes tool calls: a name (aimindserve formats) or a JSON file. Default: detected from its chat template.',
    takes: 'one',
    aliases: [],
  },
  guarantee: {
    value: 'LEVEL',
    help: 'enforce: only valid calls are sent; report: invalid ones too, with a warning; off: unchecked. Default: enforce.',
    takes: 'one',
    aliases: [],
  },
  backend: {
    value: 'ENGINE',
    help: 'auto, embedded, llama-box or vllm; vllm takes flags of its own too. Default: auto (vLLM for safetensors where it is installed and a GPU is, else embedded).',
    takes: 'one',
    aliases: [],
  },
  'vllm-command': {
    value: 'COMMAND',
    help: "What starts vLLM's server, e.g. '/opt/vllm/bin/python -m vllm.entrypoints.openai.api_server'. Default: found on the search path, or installed by aimindserve engine install vllm.",
    takes: 'one',
    aliases: [],
  },
  'llama-server': {
    value: 'FILE',
    help: 'The llama-server that the backend llama-box starts. Default: found on the search path, else the embedded engine.',
    takes: 'one',
    aliases: [],
  },
  hub: {
    value: 'HUB',
    help: 'Where repositories are fetched from: hf, modelscope, or auto (ModelScope where Hugging Face is silent). Default: auto.',
    takes: 'one',
    aliases: [],
  },
  'no-model': {
    value: '',
    help: 'Declare no model: serve only what is deployed, or nothing yet.',
    takes: 'none',
    aliases: [],
  },
  'data-dir': {
    value: 'FOLDER',
    help: 'Where deployments, keys, models and logs are kept. Default: ~/.aimindserve.',
    takes: 'one',
    aliases: [],
  },
  'path-root': {
    value: 'FOLDER',
    help: 'Deployments may serve files below it (repeat it for several); administrators can add more.',
    takes: 'list',
    aliases: [],
  },
  'ca-file': {
    value: 'FILE',
    help: 'Certificate authorities (PEM) to trust besides the usual ones when asking servers outside.',
    takes: 'one',
    aliases: [],
  },
  'model-catalog-file': {
    value: 'FILE',
    help: 'A catalogue of models in place of the one that comes with the package (YAML).',
    takes: 'one',
    aliases: [],
  },
  'tls-cert': {
    value: 'FILE',
    help: 'Serve HTTPS with this certificate (PEM); read anew when it changes.',
    takes: 'one',
    aliases: ['ssl-certfile'],
  },
  'tls-key': {
    value: 'FILE',
    help: 'The key of the certificate.',
    takes: 'one',
    aliases: ['ssl-keyfile'],
  },
  'cors-origin': {
    value: 'ORIGIN',
    help: 'Web pages of this origin may call the server (repeat it for several). Default: none.',
    takes: 'list',
    aliases: [],
  },
  'trusted-proxy': {
    value: 'ADDRESS',
    help: 'Believe what a proxy at this address (or network) says of its clients.',
    takes: 'list',
    aliases: [],
  },
  'public-url': {
    value: 'URL',
    help: 'Where browsers find this server, if a proxy stands before it.',
    takes: 'one',
    aliases: [],
  },
  'oidc-issuer': {
    value: 'URL',
    help: 'Sign-in at an OpenID Connect provider.',
    takes: 'one',
    aliases: [],
  },
  'oidc-client-id': {
    value: 'ID',
    help: 'What the provider calls this server.',
    takes: 'one',
    aliases: [],
  },
  'oidc-client-secret': {
    value: 'SECRET',
    help: 'The secret shared with the provider; better as AIMINDSERVE_OIDC_CLIENT_SECRET_FILE.',
    takes: 'one',
    aliases: [],
  },
  'oidc-label': {
    value: 'TEXT',
    help: 'What the sign-in button says. Default: Single sign-on.',
    takes: 'one',
    aliases: [],
  },
  'oidc-groups-claim': {
    value: 'NAME',
    help: 'The claim that lists groups. Default: groups.',
    takes: 'one',
    aliases: [],
  },
  'oidc-admin-group': {
    value: 'GROUP',
    help: 'Members are administrators (repeat it for several).',
    takes: 'list',
    aliases: [],
  },
  'oidc-user-group': {
    value: 'GROUP',
    help: 'Only members (and administrators) may sign in.',
    takes: 'list',
    aliases: [],
  },
  'drain-timeout': {
    value: 'SECONDS',
    help: 'How long running answers may take once the server is told to end. Default: 10.',
    takes: 'one',
    aliases: [],
  },
  'log-level': {
    value: 'LEVEL',
    help: 'debug, info, warn or error. Default: info.',
    takes: 'one',
    aliases: ['uvicorn-log-level'],
  },
};

/** All names, in table order. */
export const settingNames: readonly SettingName[] = Object.keys(settingsTable).filter(isSettingName);

/** The setting that a flag or key means, whichever of its spellings was used. */
export function findSetting(spelling: string): SettingName | undefined {
  if (isSettingName(spelling)) return spelling;
  return settingNames.find((name) => settingsTable[name].aliases.includes(spelling));
}

/** The environment variable of a setting. */
export function variableOf(name: SettingName): string {
  return `AIMINDSERVE_${name.replaceAll('-', '_').toUpperCase()}`;
}

function isSettingName(text: string): text is SettingName {
  return Object.hasOwn(settingsTable, text);
}
