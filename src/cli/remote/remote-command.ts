/** What all commands that ask a server have in common: where it is, with which key, and how answers are shown. */

import { type Command, Option } from 'commander';
import { ConfigError } from '../../base/errors.ts';
import type { Surroundings } from '../prepare-server.ts';
import { Client } from './client.ts';
import { Credentials, targetOf } from './credentials.ts';
import type { Item } from './item.ts';
import type { Screen } from './live-line.ts';
import { Options } from './options.ts';
import { plainText } from './plain-text.ts';
import { type Column, tableOf } from './table.ts';

/** What a command works with. */
export interface Remote {
  readonly client: Client;
  readonly credentials: Credentials;
  readonly options: Options;
  /** Arguments in order, those after `--` included. */
  readonly words: readonly string[];
  readonly surroundings: Surroundings;
  /** Where progress is shown: the standard error. */
  readonly screen: Screen;
  /** Puts out text of others, without a line's end of our own; onto a terminal only what is safe there. */
  print(text: string): void;
  /** The argument that must be there. */
  word(index: number): string;
  /** The answer as JSON with --json, else as `text` tells it. */
  show(answer: unknown, text: () => string): void;
  /** The same for a list; `none` is said of an empty one. */
  showTable(answer: unknown, table: ShownTable): void;
}

/** Things in a table. */
export interface ShownTable {
  readonly columns: ReadonlyArray<Column<Item>>;
  readonly items: readonly Item[];
  readonly none: string;
}

/** Does it; the result is the exit code, absent = 0. */
export type RemoteRun = (remote: Remote) => Promise<number | undefined>;

/** A command as it is written down. */
export interface RemoteDraft {
  /** Its name and arguments, e.g. `rm <deployment>`. */
  readonly usage: string;
  readonly description: string;
  /** What stands behind `aimindserve` in a line to try. */
  readonly example: string;
  readonly flags?: ReadonlyArray<readonly [flags: string, description: string, kind?: 'repeated']>;
  /** Has a use for --json. */
  readonly json?: true;
  /** Imports what it needs only when it runs. */
  load(): Promise<RemoteRun>;
}

/** How commands are added to a program. */
export interface RemoteSurroundings {
  readonly surroundings: Surroundings;
  finish(code: number): void;
  /** Runs where its parent is called alone. */
  readonly isDefault?: boolean;
}

const gather = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

/** Adds a command. */
export function addRemoteCommand(parent: Command, draft: RemoteDraft, remote: RemoteSurroundings): void {
  const { surroundings, finish, isDefault = false } = remote;
  const command = parent.command(draft.usage, { isDefault }).description(draft.description);
  for (const [flags, description, kind] of draft.flags ?? []) {
    const option = new Option(flags, description);
    command.addOption(kind === 'repeated' ? option.argParser(gather) : option);
  }
  if (draft.json) command.option('--json', 'print the answer as JSON');
  command
    .option('--url <url>', 'the server (default: AIMINDSERVE_URL, or where you signed in last)')
    .option('--api-key <key>', 'the key to show (default: AIMINDSERVE_API_KEY, or the one of your sign-in)')
    .addHelpText('after', `\nExample:  aimindserve ${draft.example}`)
    .action(async () => {
      const run = await draft.load();
      finish((await run(openRemote(command, surroundings))) ?? 0);
    });
}

function openRemote(command: Command, surroundings: Surroundings): Remote {
  const options = new Options(command.opts());
  const credentials = new Credentials(surroundings.environment);
  const named = { url: options.text('url'), key: options.text('api-key') };
  const target = targetOf(named, surroundings.environment, credentials);
  const words = command.args;
  const show: Remote['show'] = (answer, text) =>
    surroundings.say(options.isSet('json') ? JSON.stringify(answer, undefined, 2) : text());
  return {
    client: new Client(target),
    credentials,
    options,
    words,
    surroundings,
    screen: {
      isTerminal: process.stderr.isTTY === true,
      columns: process.stderr.columns ?? Infinity,
      write: (text) => void process.stderr.write(text),
    },
    print: (text) => void process.stdout.write(process.stdout.isTTY ? plainText(text) : text),
    word(index) {
      const word = words[index];
      if (word === undefined) throw new ConfigError('invalid_config', 'A word is missing; see --help.');
      return word;
    },
    show,
    showTable: (answer, { columns, items, none }) =>
      show(answer, () => (items.length === 0 ? none : tableOf(columns, items, process.stdout.columns ?? Infinity))),
  };
}
