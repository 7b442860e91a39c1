#!/usr/bin/env node
/** The `aimindserve` command. */

import { CommanderError } from 'commander';
import { exitCodeOf, exitCodes } from './exit-code.ts';
import type { Surroundings } from './prepare-server.ts';
import { createProgram } from './program.ts';
import { messageOf } from './remote/failure.ts';

const surroundings: Surroundings = {
  environment: process.env,
  folder: process.cwd(),
  say: (lines) => process.stdout.write(`${lines}\n`),
  warn: (lines) => process.stderr.write(`${lines}\n`),
};

// Whoever reads us may stop reading: `aimindserve ps | head -1`.
process.stdout.on('error', () => process.exit(exitCodes.done.code));

/** The help of `serve` alone needs the settings, which take a moment to load. */
async function settingsHelp(): Promise<string> {
  if (!process.argv.includes('serve')) return '';
  const { describeSettings } = await import('./settings.ts');
  return `
Flags:
${describeSettings()}

Each flag is also a variable (AIMINDSERVE_PORT=8080) and a line of aimindserve.yaml (port: 8080);
a flag wins over the variable, the variable over the file. Flags that only vLLM knows are accepted.`;
}

/** The exit code for whatever ended a command; says why on the way. */
function report(thrown: unknown): number {
  if (thrown instanceof CommanderError) {
    const isHelp = thrown.exitCode === 0 || thrown.code === 'commander.help';
    return isHelp ? exitCodes.done.code : exitCodes.usage.code;
  }
  const code = exitCodeOf(thrown);
  const told = code === undefined && thrown instanceof Error ? (thrown.stack ?? thrown.message) : messageOf(thrown);
  surroundings.warn(`aimindserve: ${told}`);
  return code ?? exitCodes.failed.code;
}

let exitCode = 0;
try {
  const finish = (code: number): void => {
    exitCode = code;
  };
  await createProgram({ surroundings, finish, settingsHelp: await settingsHelp() }).parseAsync();
} catch (thrown) {
  exitCode = report(thrown);
}
process.exit(exitCode);
