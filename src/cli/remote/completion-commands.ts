/** `completion`, and the hidden command that its scripts ask for names. */

import type { Command } from 'commander';
import type { Surroundings } from '../prepare-server.ts';

interface CompletionWorld {
  readonly surroundings: Surroundings;
  finish(code: number): void;
}

/** Adds both. */
export function addCompletionCommands(program: Command, { surroundings, finish }: CompletionWorld): void {
  program
    .command('completion <shell>')
    .description('print a script that completes words in bash, zsh or fish')
    .addHelpText('after', '\nExample:  source <(aimindserve completion bash)')
    .action(async (shell: string) => {
      const { completionScript } = await import('./completion.ts');
      surroundings.say(completionScript(program, shell));
      finish(0);
    });
  program.command('__complete <kind>', { hidden: true }).action(async (kind: string) => {
    const { namesOf } = await import('./complete-names.ts');
    const names = await namesOf(kind, surroundings.environment);
    if (names.length > 0) surroundings.say(names.join('\n'));
    finish(0);
  });
}
