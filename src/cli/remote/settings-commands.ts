/** `settings`: hubs and their tokens, folders and hosts that are allowed. */

import type { Command } from 'commander';
import { addRemoteCommand, type RemoteDraft, type RemoteSurroundings } from './remote-command.ts';

const drafts: readonly RemoteDraft[] = [
  {
    usage: 'show',
    description: 'the settings, and which secrets are set',
    example: 'settings',
    json: true,
    load: async () => (await import('./settings.ts')).showSettings,
  },
  {
    usage: 'set <changes...>',
    description: 'change settings; lists have commas between, an empty value takes one away',
    example: 'settings set huggingfaceEndpoint=https://hf-mirror.com',
    json: true,
    load: async () => (await import('./settings.ts')).setSettings,
  },
  {
    usage: 'allow-folder <folder>',
    description: 'let models of deployments lie in a folder of the server',
    example: 'settings allow-folder /srv/models',
    load: async () => (await import('./settings.ts')).allowFolder,
  },
  {
    usage: 'allow-host <host>',
    description: 'let models be fetched from a host whose address is private',
    example: 'settings allow-host models.example.internal',
    load: async () => (await import('./settings.ts')).allowHost,
  },
  {
    usage: 'secret <name>',
    description: 'set huggingface-token or modelscope-token; it is kept encrypted',
    example: 'settings secret huggingface-token',
    flags: [
      ['--stdin', 'take it from the first line of the standard input'],
      ['--remove', 'take it away'],
    ],
    load: async () => (await import('./settings.ts')).setSecret,
  },
];

/** Adds them; `settings` alone shows. */
export function addSettingsCommands(program: Command, remote: RemoteSurroundings): void {
  const command = program.command('settings').description('hubs and their tokens, folders and hosts that are allowed');
  for (const [index, draft] of drafts.entries())
    addRemoteCommand(command, draft, { ...remote, isDefault: index === 0 });
}
