/** `aimindserve formats`: the tool formats there are, which one a model speaks, how one works, and a new one. */

import { fstatSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { isObject } from '../base/json.ts';
import type { Surroundings } from './prepare-server.ts';

const examples = `
Examples:
  aimindserve formats                                all formats, one a line
  aimindserve formats detect model.gguf              which one a model speaks, and why
  aimindserve formats detect chat_template.jinja     the same for a template alone
  aimindserve formats play hermes                    what the model is told, writes, and what is read of it
  echo '<tool_call>…' | aimindserve formats play hermes
  aimindserve formats new mine                       mine.json here, to change and to serve with
  aimindserve serve --tool-format mine.json`;

/** The command with its four parts. */
export function formatsCommand(surroundings: Surroundings, finish: (code: number) => void): Command {
  const command = new Command('formats')
    .description('list, detect, play and write tool formats')
    .option('--json', 'print the list as JSON')
    .addHelpText('after', examples)
    .action(async (options: unknown) => {
      const { listFormats } = await import('./formats-list.ts');
      finish(listFormats(isSet(options, 'json'), surroundings));
    });
  command
    .command('detect')
    .description('say which format a model or template speaks, and why')
    .argument('<path>', 'a GGUF file, a folder with one, or a .jinja file')
    .action(async (path: string) => {
      const { detectFormatOf } = await import('./formats-detect.ts');
      finish(await detectFormatOf(path, surroundings));
    });
  command
    .command('play')
    .description('show a format at work; text on the standard input is read as the answer of a model')
    .argument('<name>', 'a format, or a JSON file that holds one')
    .option('--tools <file>', 'JSON file with a list of tools')
    .action(async (name: string, options: unknown) => {
      const { playFormat } = await import('./formats-play.ts');
      finish(playFormat({ name, toolsFile: text(options, 'tools'), answer: pipedInput() }, surroundings));
    });
  command
    .command('new')
    .description('write a format file to start from')
    .argument('<name>', 'its name')
    .option('--from <path>', 'start from what the calls of this template or model look like')
    .option('--ts', 'for contributors: src/formats/catalog/NAME.ts instead of NAME.json')
    .action(async (name: string, options: unknown) => {
      const { newFormat } = await import('./formats-new.ts');
      finish(await newFormat({ name, from: text(options, 'from'), isSource: isSet(options, 'ts') }, surroundings));
    });
  return command;
}

function isSet(options: unknown, name: string): boolean {
  return isObject(options) && options[name] === true;
}

function text(options: unknown, name: string): string | undefined {
  const value = isObject(options) ? options[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** What a pipe or a file brings; a terminal, or nothing at all, brings nothing. */
function pipedInput(): string | undefined {
  try {
    const input = fstatSync(0);
    return input.isFIFO() || input.isFile() ? readFileSync(0, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
