/** A command that works on a data directory: where it is, and how such a command is added to a program. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Surroundings } from '../prepare-server.ts';
import { Options } from '../remote/options.ts';

/** How commands are added to a program. */
export interface LocalSurroundings {
  readonly surroundings: Surroundings;
  finish(code: number): void;
}

/** What a command works with. */
export interface Local {
  readonly dataFolder: string;
  readonly options: Options;
  readonly words: readonly string[];
  readonly surroundings: Surroundings;
}

/** One of them, before it is added. */
export interface LocalDraft {
  readonly usage: string;
  readonly description: string;
  readonly example: string;
  readonly flags?: ReadonlyArray<readonly [flags: string, description: string]>;
  run(local: Local): Promise<number>;
}

/** Adds it, with the flag that every one of them has. */
export function addLocalCommand(parent: Command, draft: LocalDraft, { surroundings, finish }: LocalSurroundings): void {
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
