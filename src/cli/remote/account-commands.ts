/** `login`, `logout`, `status`, `users`, `keys`, `audit`: who may use the server, and what was done on it. */

import type { Command } from 'commander';
import { addRemoteCommand, type RemoteDraft, type RemoteSurroundings } from './remote-command.ts';

const passwordFlag = ['--password-stdin', 'take the password from the first line of the standard input'] as const;

const single: readonly RemoteDraft[] = [
  {
    usage: 'login [address]',
    description: 'sign in to a server, or make its first administrator with the one-time link',
    example: "login 'http://127.0.0.1:31512/#/setup?token=…'",
    flags: [['--username <name>', 'your name'], passwordFlag],
    load: async () => (await import('./login.ts')).login,
  },
  {
    usage: 'logout',
    description: 'sign out: revoke the key that login made',
    example: 'logout',
    load: async () => (await import('./login.ts')).logout,
  },
  {
    usage: 'status',
    description: 'how the server is doing, and who you are to it',
    example: 'status',
    json: true,
    load: async () => (await import('./status.ts')).status,
  },
  {
    usage: 'audit',
    description: 'what was changed, by whom and from where, newest first',
    example: 'audit --search deployment.create',
    flags: [
      ['--search <text>', 'only entries that hold this'],
      ['--lines <n>', 'how many (default: 50)'],
    ],
    json: true,
    load: async () => (await import('./audit.ts')).audit,
  },
];

const limitFlags = [
  ['--rpm <n>', 'requests a minute'],
  ['--tpm <n>', 'tokens a minute, prompt and answer together'],
  ['--concurrency <n>', 'requests at once'],
  ['--tokens-per-day <n>', 'tokens a day'],
  ['--tokens-per-month <n>', 'tokens a month'],
  ['--tokens-per-lifetime <n>', 'tokens altogether'],
] as const;
const keyFlags = [
  ['--expires <when>', 'after a time (30d), on a day (2027-01-31), or never'],
  ['--models <names>', 'only these models, with commas between; all for every model', 'repeated'],
  ['--scope <scope>', 'inference (the default), management; repeat it for both', 'repeated'],
  ...limitFlags,
  ['--capture <state>', 'on keeps its requests whole, for you and administrators; off (the default) does not'],
  ['--mask <path>', 'what captures leave out: request.messages[*].content, arguments.customer.iban', 'repeated'],
] as const;

const keys: readonly RemoteDraft[] = [
  {
    usage: 'create <name>',
    description: 'make a key; its secret is shown this once',
    example: 'keys create agents --expires 30d --models qwen3-8b --rpm 60',
    flags: [...keyFlags],
    json: true,
    load: async () => (await import('./keys.ts')).createKey,
  },
  {
    usage: 'list',
    description: 'your keys; for administrators, all',
    example: 'keys list --search agents',
    flags: [
      ['--search <text>', 'only keys whose name holds this'],
      ['--mine', 'only your own'],
    ],
    json: true,
    load: async () => (await import('./keys.ts')).listKeys,
  },
  {
    usage: 'edit <key>',
    description: 'change what is given; none takes a bound away',
    example: 'keys edit agents --rpm none --models qwen3-8b,qwen3-4b',
    flags: [['--name <name>', 'a new name'], ...keyFlags],
    json: true,
    load: async () => (await import('./keys.ts')).editKey,
  },
  {
    usage: 'revoke <key>',
    description: 'refuse a key from now on',
    example: 'keys revoke agents',
    flags: [['--yes', 'do not ask']],
    load: async () => (await import('./keys.ts')).revokeKey,
  },
];

const users: readonly RemoteDraft[] = [
  {
    usage: 'list',
    description: 'who may sign in',
    example: 'users list',
    flags: [['--search <text>', 'only users whose name holds this']],
    json: true,
    load: async () => (await import('./users.ts')).listUsers,
  },
  {
    usage: 'create <name>',
    description: 'make a user; asks for a password',
    example: 'users create ann --role user',
    flags: [
      ['--role <role>', 'admin or user (default: user)'],
      ['--full-name <name>', 'for people'],
      passwordFlag,
      ['--no-password', "no password: they sign in by the company's provider"],
    ],
    json: true,
    load: async () => (await import('./users.ts')).createUser,
  },
  {
    usage: 'edit <user>',
    description: 'change what is given',
    example: 'users edit ann --role admin',
    flags: [
      ['--name <name>', 'a new name'],
      ['--role <role>', 'admin or user'],
      ['--full-name <name>', 'for people'],
    ],
    json: true,
    load: async () => (await import('./users.ts')).editUser,
  },
  {
    usage: 'disable <user>',
    description: 'sign them out everywhere and refuse their keys',
    example: 'users disable ann',
    load: async () => (await import('./users.ts')).disableUser,
  },
  {
    usage: 'enable <user>',
    description: 'let them in again',
    example: 'users enable ann',
    load: async () => (await import('./users.ts')).enableUser,
  },
  {
    usage: 'rm <user>',
    description: 'remove a user with their keys',
    example: 'users rm ann',
    flags: [['--yes', 'do not ask']],
    load: async () => (await import('./users.ts')).removeUser,
  },
  {
    usage: 'reset-password <user>',
    description: 'set a new password for somebody else, and end their sessions',
    example: 'users reset-password ann',
    flags: [passwordFlag],
    load: async () => (await import('./users.ts')).resetPassword,
  },
];

/** Adds them. */
export function addAccountCommands(program: Command, remote: RemoteSurroundings): void {
  for (const draft of single) addRemoteCommand(program, draft, remote);
  const keysCommand = program.command('keys').description('make, change and revoke API keys');
  for (const draft of keys) addRemoteCommand(keysCommand, draft, remote);
  const usersCommand = program.command('users').description('make, change and remove users');
  for (const draft of users) addRemoteCommand(usersCommand, draft, remote);
}
