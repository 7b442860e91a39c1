/** `routes`: names that stand for several deployments. */

import type { Command } from 'commander';
import { addRemoteCommand, type RemoteDraft, type RemoteSurroundings } from './remote-command.ts';

const drafts: readonly RemoteDraft[] = [
  {
    usage: 'list',
    description: 'list routes',
    example: 'routes',
    flags: [['--search <text>', 'only those with this text']],
    json: true,
    load: async () => (await import('./routes.ts')).listRoutes,
  },
  {
    usage: 'create <name>',
    description: 'let a name stand for several deployments: each conversation stays with one',
    example: 'routes create chat --target qwen3-8b=3 --target qwen3-4b --fallback nano',
    flags: [
      ['--target <DEPLOYMENT=WEIGHT>', 'a deployment, and its share against the others (default: 1)', 'repeated'],
      ['--fallback <deployment>', 'asked where no target can answer, in this order', 'repeated'],
      ['--description <text>', 'for people'],
    ],
    json: true,
    load: async () => (await import('./routes.ts')).createRoute,
  },
  {
    usage: 'rm <route>',
    description: 'remove a route; the deployments behind it stay',
    example: 'routes rm chat',
    flags: [['--yes', 'do not ask']],
    load: async () => (await import('./routes.ts')).removeRoute,
  },
];

/** Adds them; `routes` alone lists. */
export function addRouteCommands(program: Command, remote: RemoteSurroundings): void {
  const command = program.command('routes').description('names that stand for several deployments');
  for (const [index, draft] of drafts.entries())
    addRemoteCommand(command, draft, { ...remote, isDefault: index === 0 });
}
