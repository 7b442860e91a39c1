/** `restart`, `backup`, `restore`, `admin`: what is done to a data directory by whoever may read it. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { askPassword, askYes } from '../remote/person.ts';
import { addBundleCommands } from './bundle.ts';
import { addLocalCommand, type LocalDraft, type LocalSurroundings } from './local-command.ts';
import { restart } from './restart.ts';

const backup: LocalDraft = {
  usage: 'backup [file]',
  description: 'copy the database, also while the server runs (default: into backups/ of the data directory)',
  example: 'backup /srv/backups/aimindserve.db',
  async run({ dataFolder, words, surroundings }) {
    const { backupData } = await import('../../server/data-tools.ts');
    const [file] = words;
    const target = file === undefined ? undefined : resolve(surroundings.folder, file);
    surroundings.say(`Wrote ${await backupData(dataFolder, target)}`);
    return 0;
  },
};

const restore: LocalDraft = {
  usage: 'restore <file>',
  description: "put a backup in the database's place; the server must be stopped",
  example: 'restore ~/.aimindserve/backups/NAME.db',
  flags: [['--yes', 'do not ask']],
  async run({ dataFolder, options, words, surroundings }) {
    const { restoreData } = await import('../../server/data-tools.ts');
    const file = resolve(surroundings.folder, words[0] ?? '');
    if (!(await askYes(`Replace the database in ${dataFolder} by ${file}?`, options.isSet('yes')))) return 1;
    const { replaced } = await restoreData(file, dataFolder);
    surroundings.say(`Restored ${file}.${replaced === undefined ? '' : ` What was there is kept at ${replaced}`}`);
    return 0;
  },
};

const link: LocalDraft = {
  usage: 'link',
  description: 'make a one-time link: for the first administrator, or for a forgotten password with --user',
  example: 'admin link --user ann',
  flags: [['--user <name>', 'whose password it sets']],
  async run({ dataFolder, options, surroundings }) {
    const { makeAdminLink } = await import('../../server/data-tools.ts');
    const userName = options.text('user');
    const { url, expiresAt } = await makeAdminLink(dataFolder, userName === undefined ? {} : { userName });
    const minutes = Math.round((expiresAt - Date.now() / 1_000) / 60);
    surroundings.warn(`Open it, or give it to aimindserve login, once and within ${minutes} minutes:`);
    surroundings.say(url);
    return 0;
  },
};

const resetPassword: LocalDraft = {
  usage: 'reset-password <user>',
  description: "set a user's password without a server",
  example: 'admin reset-password ann',
  flags: [['--password-stdin', 'take the password from the first line of the standard input']],
  async run({ dataFolder, options, words, surroundings }) {
    const [name = ''] = words;
    const password = await askPassword('new', options.isSet('password-stdin'));
    const tools = await import('../../server/data-tools.ts');
    await tools.resetPassword(dataFolder, name, password);
    surroundings.say(`Set the password of ${name}.`);
    return 0;
  },
};

/** Adds them. */
export function addDataCommands(program: Command, local: LocalSurroundings): void {
  for (const draft of [restart, backup, restore]) addLocalCommand(program, draft, local);
  addBundleCommands(program, local);
  const admin = program.command('admin').description('let an administrator in from the machine of the server');
  for (const draft of [link, resetPassword]) addLocalCommand(admin, draft, local);
}
