/** `usage`, `captures`: what was asked of the server, counted and, where that was switched on, whole. */

import type { Command } from 'commander';
import { addRemoteCommand, type RemoteDraft, type RemoteSurroundings } from './remote-command.ts';

const usage: RemoteDraft = {
  usage: 'usage',
  description: 'requests, tokens, calls and times; your own, for administrators all',
  example: 'usage --days 30 --by key,model',
  flags: [
    ['--days <n>', 'the last so many days (default: 7)'],
    ['--by <what>', 'told apart by model (the default), key or user; with commas between, or repeated', 'repeated'],
    ['--csv', 'print a table for spreadsheets'],
  ],
  json: true,
  load: async () => (await import('./usage.ts')).usage,
};

const captures: readonly RemoteDraft[] = [
  {
    usage: 'list <key>',
    description: 'the captured requests of a key, newest first',
    example: 'captures list agents',
    flags: [['--lines <n>', 'how many (default: 50)']],
    json: true,
    load: async () => (await import('./captures.ts')).listCaptures,
  },
  {
    usage: 'show <capture>',
    description: 'one captured request: what was asked, the prompt, what the model wrote, the answer',
    example: 'captures show cap_0123456789abcdef',
    json: true,
    load: async () => (await import('./captures.ts')).showCapture,
  },
];

/** Adds them. */
export function addUsageCommands(program: Command, remote: RemoteSurroundings): void {
  addRemoteCommand(program, usage, remote);
  const command = program.command('captures').description('look at requests that were kept whole');
  for (const draft of captures) addRemoteCommand(command, draft, remote);
}
