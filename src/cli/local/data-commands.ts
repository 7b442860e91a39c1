/** `backup`, `restore`, `admin`: what is done to a data directory by whoever may read it. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Surroundings } from '../prepare-server.ts';
import { Options } from '../remote/options.ts';
import { askPassword, askYes } from '../remote/person.ts';

/** How commands are added to a program. */
interface LocalSurroundings {
  readonly surroundings: Surroundings;
  finish(code: number): void;
}

/** What a command works with. */
interface Local {
  readonly dataFolder: string;
  readonly options: Options;
  readonly words: readonly string[];
  readonly surroundings: Surroundings;
}

interface LocalDraft {
  readonly usage: string;
  readonly description: string;
  readonly example: string;
  readonly flags?: ReadonlyArray<readonly [flags: string, description: string]>;
  run(local: Local): Promise<number>;
}

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
  for (const draft of [backup, restore]) addLocalCommand(program, draft, local);
  const admin = program.command('admin').description('let an administrator in from the machine of the server');
  for (const draft of [link, resetPassword]) addLocalCommand(admin, draft, local);
}

function addLocalCommand(parent: Command, draft: LocalDraft, { surroundings, finish }: LocalSurroundings): void {
  const command = parent.command(draft.usage).description(draft.description);
  for (const [flags, description] of draft.flags ?? []) command.option(flags, description);
  command
    .option('--data-dir <folder>', 'the data directory (default: AIMINDSERVE_DATA_DIR, or ~/.aimindserve)')
    .addHelpText('after', `\nExample:  aimindserve ${draft.example}`)
    .action(async () => {
      const options = new Options(command.opts());
      const { dataFolderOf } = await import('../prepare-server.ts');
      const named = options.text('data-dir');
      const dataFolder =
        named === undefined ? dataFolderOf(surroundings.environment) : resolve(surroundings.folder, named);
      finish(await draft.run({ dataFolder, options, words: command.args, surroundings }));
    });
}
