/** All commands as one tree; each imports what it does only when it runs, so that help and completion are quick. */

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { isObject } from '../base/json.ts';
import { formatsCommand } from './formats.ts';
import { addDataCommands } from './local/data-commands.ts';
import type { Surroundings } from './prepare-server.ts';
import { addAccountCommands } from './remote/account-commands.ts';
import { addCompletionCommands } from './remote/completion-commands.ts';
import { addDeploymentCommands } from './remote/deployment-commands.ts';
import { addEngineCommands } from './remote/engine-commands.ts';
import { addModelCommands } from './remote/model-commands.ts';
import { addRouteCommands } from './remote/route-commands.ts';
import { addSettingsCommands } from './remote/settings-commands.ts';
import { addUsageCommands } from './remote/usage-commands.ts';

/** Where a program runs, and whom it tells how it ended. */
export interface ProgramWorld {
  readonly surroundings: Surroundings;
  finish(code: number): void;
  /** The flags of `serve`, where somebody may want to read them. */
  readonly settingsHelp?: string;
}

const startHere = `
Start here:  aimindserve serve        then, in another terminal:  aimindserve chat`;

/** Makes it. */
export function createProgram(world: ProgramWorld): Command {
  const program = new Command('aimindserve')
    .description('Serves language models on this machine, with tool calls that work.')
    .version(version(), '-v, --version')
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText('after', startHere);
  program.commandsGroup('On this machine:');
  addServerCommands(program, world);
  program.addCommand(formatsCommand(world.surroundings, world.finish));
  addDataCommands(program, world);
  program.commandsGroup('On a running server:');
  addChatCommand(program, world);
  addDeploymentCommands(program, world);
  addRouteCommands(program, world);
  addModelCommands(program, world);
  addEngineCommands(program, world);
  addAccountCommands(program, world);
  addUsageCommands(program, world);
  addSettingsCommands(program, world);
  program.commandsGroup('For your shell:');
  addCompletionCommands(program, world);
  return program;
}

function addServerCommands(program: Command, { surroundings, finish, settingsHelp = '' }: ProgramWorld): void {
  program
    .command('serve')
    .description('serve a model over the OpenAI API')
    .usage('[model] [flags]')
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText('after', settingsHelp)
    .action(async (_options: unknown, command: Command) => {
      const { serve } = await import('./serve.ts');
      finish(await serve(command.args, surroundings));
    });
  program
    .command('doctor')
    .description('check this machine; takes the flags of serve to check those too')
    .usage('[model] [flags]')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (_options: unknown, command: Command) => {
      const { doctor } = await import('./doctor.ts');
      finish(await doctor(command.args, surroundings));
    });
}

function addChatCommand(program: Command, { surroundings, finish }: ProgramWorld): void {
  program
    .command('chat')
    .description('talk to a model in the terminal')
    .option('--url <url>', 'the server (default: AIMINDSERVE_URL, or where you signed in last)')
    .option('--model <name>', 'which of its models (default: the first)')
    .option('--api-key <key>', 'the key to show (default: AIMINDSERVE_API_KEY, or the one of your sign-in)')
    .option('--tools <file>', 'JSON file with a list of tools; you answer the calls')
    .option('--system <text>', 'a system message')
    .addHelpText('after', '\nExample:  aimindserve chat --model qwen3-8b --tools tools.json')
    .action(async (options: unknown) => {
      const { chat } = await import('./chat.ts');
      finish(await chat(options, surroundings));
    });
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return isObject(manifest) ? String(manifest['version']) : '';
}
