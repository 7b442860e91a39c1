/** `engine`: what runs models, and how more of it is had. */

import type { Command } from 'commander';
import { addRemoteCommand, type RemoteDraft, type RemoteSurroundings } from './remote-command.ts';

const drafts: readonly RemoteDraft[] = [
  {
    usage: 'list',
    description: 'the engines of the server: installed, found on it, and on their way',
    example: 'engine list',
    json: true,
    load: async () => (await import('./engines.ts')).listEngines,
  },
  {
    usage: 'install <name>',
    description: 'install vllm, or llama (the libraries of the embedded engine for a GPU); Ctrl-C leaves it going on',
    example: 'engine install vllm --cpu',
    flags: [
      ['--version <version>', 'this one (default: the newest)'],
      ['--cpu', 'for machines without a GPU'],
      ['--cuda', 'for NVIDIA GPUs'],
      ['--vulkan', 'for GPUs of any maker (llama)'],
      ['--metal', 'for Apple GPUs (llama)'],
      ['--index <url>', 'a mirror of the package index (default: what pip or npm of the server are set to)'],
      ['--wheels <folder>', 'a folder of the server with all packages, in place of any index'],
      ['--detach', 'do not wait'],
    ],
    json: true,
    load: async () => (await import('./engines.ts')).installEngine,
  },
  {
    usage: 'logs <engine...>',
    description: 'what an installation said',
    example: 'engine logs vllm --follow',
    flags: [
      ['-f, --follow', 'go on as it comes'],
      ['--lines <n>', 'so many of the last ones (default: 200)'],
    ],
    load: async () => (await import('./engines.ts')).engineLogs,
  },
  {
    usage: 'rm <engine...>',
    description: 'remove an engine that the server installed, or cancel its installation',
    example: 'engine rm vllm 0.32.0',
    load: async () => (await import('./engines.ts')).removeEngine,
  },
];

/** Adds them; `engine` alone lists. */
export function addEngineCommands(program: Command, remote: RemoteSurroundings): void {
  const command = program.command('engine').description('install, list and remove what runs models');
  for (const [index, draft] of drafts.entries())
    addRemoteCommand(command, draft, { ...remote, isDefault: index === 0 });
}
