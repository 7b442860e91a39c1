/** `deploy`, `ps`, `logs` and their kin: what runs on the server. */

import type { Command } from 'commander';
import { addRemoteCommand, type RemoteDraft, type RemoteSurroundings } from './remote-command.ts';

const specFlags = [
  ['--name <name>', "the name that requests use (default: the model's, lower case)"],
  ['--alias <name>', 'a further name', 'repeated'],
  ['--replicas <n>', 'how many instances (default: 1)'],
  ['--ctx-size <tokens>', 'context of one request: 8192, 8K (= 8192) or 8k (= 8000)'],
  ['--parallel <n>', 'requests at once in one instance (default: 8)'],
  ['--threads <n>', 'processor threads'],
  ['--gpu <kind>', 'auto, off, cuda, vulkan or metal'],
  ['--gpu-layers <n>', 'layers on the GPU'],
  ['--backend <name>', 'auto, embedded, llama-box, vllm or openai'],
  [
    '--remote-model <name>',
    'what the server at the address calls its model: then it is asked there, at the base of its OpenAI-compatible API (…/v1)',
  ],
  ['--backend-parameter <word>', "a word for the engine's program; also everything after --", 'repeated'],
  ['--env <KEY=VALUE>', "a variable for the engine's program", 'repeated'],
  ['--device <id>', 'run on this device (see devices)', 'repeated'],
  ['--label <KEY=VALUE>', 'run on machines with this label', 'repeated'],
  ['--category <name>', 'llm, embedding or reranker', 'repeated'],
  ['--keep-alive <time>', 'unload it when idle for so long (10m), load it when asked'],
  ['--tool-format <name>', 'how it writes tool calls: a name (see formats) or a JSON file (default: detected)'],
  ['--chat-template <file>', 'a Jinja file instead of its own template'],
  ['--system-prompt <text>', 'put before conversations that have none'],
  ['--sampling <KEY=VALUE>', 'what answers start from, e.g. temperature=0.2', 'repeated'],
  ['--guarantee <level>', 'enforce, report or off'],
  ['--restart <policy>', 'always or never'],
  ['--description <text>', 'for people'],
] as const;

const keyFlag = [
  '--remote-key-file <file>',
  "holds the remote server's key (deploy also takes AIMINDSERVE_REMOTE_KEY)",
] as const;

const waitFlags = [
  ['--wait', 'wait until it is ready (the default)'],
  ['--no-wait', 'return as soon as the server knows of it'],
] as const;

const drafts: readonly RemoteDraft[] = [
  {
    usage: 'run [model]',
    description: 'deploy a model if it is not there, wait, and talk to it; without one, offers three that fit',
    example: 'run qwen3-4b',
    flags: [
      ['--name <name>', 'the name to deploy it under'],
      ['--ctx-size <tokens>', 'context of one request'],
      ['--system <text>', 'a system message'],
      ['--tools <file>', 'JSON file with a list of tools; you answer the calls'],
    ],
    load: async () => (await import('./run.ts')).run,
  },
  {
    usage: 'deploy <model> [parameters...]',
    description: 'deploy a model: a path, a repository of a hub, an address, a name of the catalogue, or bundled',
    example: 'deploy Qwen/Qwen3-8B-GGUF:Q4_K_M --name qwen3-8b --ctx-size 16K',
    flags: [...specFlags, keyFlag, ...waitFlags],
    json: true,
    load: async () => (await import('./deploy.ts')).deploy,
  },
  {
    usage: 'estimate <model> [parameters...]',
    description:
      'say whether a model would fit, before anything is loaded (exit code 1 if not); takes the flags of deploy',
    example: 'estimate qwen3-8b --ctx-size 32K',
    flags: specFlags,
    json: true,
    load: async () => (await import('./estimate.ts')).estimate,
  },
  {
    usage: 'ps',
    description: 'deployments with their state',
    example: 'ps --watch',
    flags: [
      ['--watch', 'go on as things change'],
      ['--search <text>', 'only those whose name holds this'],
    ],
    json: true,
    load: async () => (await import('./ps.ts')).ps,
  },
  {
    usage: 'logs <deployment>',
    description: 'what the engine of a deployment or instance says',
    example: 'logs -f qwen3-8b',
    flags: [
      ['-f, --follow', 'go on as lines come, through restarts'],
      ['--run <n>', 'of an earlier run'],
      ['--lines <n>', 'the last so many (default: 200)'],
    ],
    load: async () => (await import('./logs.ts')).logs,
  },
  {
    usage: 'stop <deployment>',
    description: 'end its instances; it is kept',
    example: 'stop qwen3-8b',
    json: true,
    load: async () => (await import('./change-deployment.ts')).stop,
  },
  {
    usage: 'start <deployment>',
    description: 'start it again',
    example: 'start qwen3-8b',
    flags: waitFlags,
    json: true,
    load: async () => (await import('./change-deployment.ts')).start,
  },
  {
    usage: 'scale <deployment> <replicas>',
    description: 'set the number of its instances',
    example: 'scale qwen3-8b 2',
    json: true,
    load: async () => (await import('./change-deployment.ts')).scale,
  },
  {
    usage: 'edit <deployment> [changes...]',
    description: 'change fields; an empty value takes one back to its default',
    example: 'edit qwen3-8b contextSize=16384 sampling.temperature=0.2 aliases=gpt-4o,default',
    flags: [keyFlag],
    json: true,
    load: async () => (await import('./change-deployment.ts')).edit,
  },
  {
    usage: 'clone <deployment> <name>',
    description: 'deploy the same under another name; the key of a remote server is not copied',
    example: 'clone qwen3-8b qwen3-8b-test',
    json: true,
    load: async () => (await import('./change-deployment.ts')).clone,
  },
  {
    usage: 'rm <deployment>',
    description: 'end and forget it',
    example: 'rm qwen3-8b --with-files',
    flags: [
      ['--with-files', 'delete its downloaded files too'],
      ['--yes', 'do not ask'],
    ],
    load: async () => (await import('./change-deployment.ts')).remove,
  },
  {
    usage: 'probe <deployment>',
    description: 'ask a ready instance to call tools, and keep the verdict (exit code 1 if it fails)',
    example: 'probe qwen3-8b',
    json: true,
    load: async () => (await import('./probe.ts')).probe,
  },
  {
    usage: 'export [file]',
    description: 'all deployments and routes as YAML, without secrets',
    example: 'export deployments.yaml',
    load: async () => (await import('./transfer.ts')).exportDeployments,
  },
  {
    usage: 'import <file>',
    description: 'make or replace deployments and routes from YAML, all or none; - reads the standard input',
    example: 'import deployments.yaml --dry-run',
    flags: [['--dry-run', 'only say what would change']],
    json: true,
    load: async () => (await import('./transfer.ts')).importDeployments,
  },
  {
    usage: 'top',
    description: 'instances and devices, live; q ends',
    example: 'top',
    json: true,
    load: async () => (await import('./top.ts')).top,
  },
];

/** Adds them. */
export function addDeploymentCommands(program: Command, remote: RemoteSurroundings): void {
  for (const draft of drafts) addRemoteCommand(program, draft, remote);
}
