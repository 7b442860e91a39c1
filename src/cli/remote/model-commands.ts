/** `models` and `devices`: what could run, and on what. */

import type { Command } from 'commander';
import { addRemoteCommand, type RemoteDraft, type RemoteSurroundings } from './remote-command.ts';

const hubFlag = ['--hub <hub>', 'auto, hf or modelscope (default: auto)'] as const;

const models: readonly RemoteDraft[] = [
  {
    usage: 'search <text...>',
    description: 'search a hub',
    example: 'models search qwen3 --sort downloads',
    flags: [
      hubFlag,
      ['--gguf', 'only repositories with GGUF files (the default)'],
      ['--no-gguf', 'all repositories'],
      ['--sort <order>', 'trending, likes, downloads or updated'],
      ['--limit <n>', 'how many (default: 20)'],
    ],
    json: true,
    load: async () => (await import('./search-models.ts')).searchModels,
  },
  {
    usage: 'files <repository>',
    description: 'the variants of a repository with their sizes',
    example: 'models files Qwen/Qwen3-8B-GGUF',
    flags: [hubFlag],
    json: true,
    load: async () => (await import('./search-models.ts')).listVariants,
  },
  {
    usage: 'list',
    description: 'the models on the server, or those of the catalogue',
    example: 'models list --catalogue --fits',
    flags: [
      ['--on-disk', 'what is on the server, with what is on its way (the default)'],
      ['--catalogue', 'well-known models'],
      ['--fits', 'of those, only what fits the server'],
      ['--search <text>', 'only models whose name holds this'],
    ],
    json: true,
    load: async () => (await import('./list-models.ts')).listModels,
  },
  {
    usage: 'pull <model>',
    description: 'fetch a model without deploying it; Ctrl-C leaves the download running',
    example: 'models pull Qwen/Qwen3-8B-GGUF:Q4_K_M',
    flags: [['--detach', 'do not wait']],
    json: true,
    load: async () => (await import('./pull-model.ts')).pullModel,
  },
  {
    usage: 'cancel <download>',
    description: 'end a download; what has arrived is kept for the next time',
    example: 'models cancel dl_0123456789abcdef',
    load: async () => (await import('./pull-model.ts')).cancelDownload,
  },
  {
    usage: 'rm <model>',
    description: 'delete a model that the server fetched itself',
    example: 'models rm Qwen3-8B-Q4_K_M',
    flags: [['--yes', 'do not ask']],
    load: async () => (await import('./list-models.ts')).removeModel,
  },
];

const devices: readonly RemoteDraft[] = [
  {
    usage: 'list',
    description: 'processors and GPUs, and what runs on them',
    example: 'devices list',
    json: true,
    load: async () => (await import('./devices.ts')).listDevices,
  },
  {
    usage: 'cordon <device>',
    description: 'keep a device free of new instances',
    example: 'devices cordon cuda:0',
    json: true,
    load: async () => (await import('./devices.ts')).cordon,
  },
  {
    usage: 'uncordon <device>',
    description: 'take it back into use',
    example: 'devices uncordon cuda:0',
    json: true,
    load: async () => (await import('./devices.ts')).uncordon,
  },
  {
    usage: 'label <device> <changes...>',
    description: 'label it for placements; an empty value takes a label off',
    example: 'devices label cuda:0 tier=fast',
    json: true,
    load: async () => (await import('./devices.ts')).label,
  },
];

/** Adds them; `devices` alone lists. */
export function addModelCommands(program: Command, remote: RemoteSurroundings): void {
  const modelsCommand = program.command('models').description('find, fetch, list and delete models');
  for (const draft of models) addRemoteCommand(modelsCommand, draft, remote);
  const devicesCommand = program.command('devices').description('what the server computes with');
  for (const [index, draft] of devices.entries())
    addRemoteCommand(devicesCommand, draft, { ...remote, isDefault: index === 0 });
}
