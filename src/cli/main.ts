#!/usr/bin/env node
/** The `aimindserve` command. */

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { isAppError } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import { chat } from './chat.ts';
import { doctor } from './doctor.ts';
import { formatsCommand } from './formats.ts';
import type { Surroundings } from './prepare-server.ts';
import { serve } from './serve.ts';
import { describeSettings } from './settings.ts';

/** The exit code of a wrong setting, from sysexits. */
const configExit = 78;

const surroundings: Surroundings = {
  environment: process.env,
  folder: process.cwd(),
  say: (lines) => process.stdout.write(`${lines}\n`),
  warn: (lines) => process.stderr.write(`${lines}\n`),
};

const settingsHelp = `
Flags:
${describeSettings()}

Each flag is also a variable (AIMINDSERVE_PORT=8080) and a line of aimindserve.yaml (port: 8080);
a flag wins over the variable, the variable over the file. Flags that only vLLM knows are accepted.`;

function createProgram(finish: (code: number) => void): Command {
  const program = new Command('aimindserve')
    .description('Serves a language model on this machine, with tool calls that work.')
    .version(version(), '-v, --version')
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText('after', '\nStart here:  aimindserve serve        then, in another terminal:  aimindserve chat');
  program
    .command('serve')
    .description('serve a model over the OpenAI API')
    .usage('[model] [flags]')
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText('after', settingsHelp)
    .action(async (_options: unknown, command: Command) => finish(await serve(command.args, surroundings)));
  program
    .command('chat')
    .description('talk to a running server in the terminal')
    .option('--url <url>', 'where the server is', 'http://127.0.0.1:31512')
    .option('--model <name>', 'which of its models (default: the first)')
    .option('--api-key <key>', 'its key, if it has one (default: AIMINDSERVE_API_KEY)')
    .option('--tools <file>', 'JSON file with a list of tools; you answer the calls')
    .option('--system <text>', 'a system message')
    .action(async (options: unknown) => finish(await chat(options, surroundings)));
  program.addCommand(formatsCommand(surroundings, finish));
  program
    .command('doctor')
    .description('check this machine; takes the flags of serve to check those too')
    .usage('[model] [flags]')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (_options: unknown, command: Command) => finish(await doctor(command.args, surroundings)));
  return program;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return isObject(manifest) ? String(manifest['version']) : '';
}

/** The exit code for whatever ended a command; says why on the way. */
function report(thrown: unknown): number {
  if (thrown instanceof CommanderError) {
    return thrown.exitCode === 0 || thrown.code === 'commander.help' ? 0 : configExit;
  }
  if (isAppError(thrown) && thrown.kind === 'config') {
    surroundings.warn(`aimindserve: ${thrown.message}`);
    return configExit;
  }
  surroundings.warn(`aimindserve: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`);
  return 1;
}

let exitCode = 0;
try {
  await createProgram((code) => {
    exitCode = code;
  }).parseAsync();
} catch (thrown) {
  exitCode = report(thrown);
}
process.exit(exitCode);
