/** Holds `docs/cli.md` equal to the commands; `UPDATE_DOCS=1` rewrites it. */

import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { exitCodes } from './exit-code.ts';
import { createProgram } from './program.ts';

const file = new URL('../../docs/cli.md', import.meta.url);
const surroundings = { environment: {}, folder: '/', say: () => {}, warn: () => {} };
const program = createProgram({ surroundings, finish: () => {} });

/** Leaves: commands without commands of their own, with the words that lead to them. */
function leaves(command: Command, path: readonly string[]): Array<{ command: Command; path: readonly string[] }> {
  const inner = command.commands.flatMap((one) => (isHidden(one, command) ? [] : leaves(one, [...path, one.name()])));
  return inner.length === 0 || command.registeredArguments.length > 0 ? [{ command, path }, ...inner] : inner;
}

function isHidden(one: Command, parent: Command): boolean {
  return !parent.createHelp().visibleCommands(parent).includes(one);
}

function exampleOf(command: Command): string {
  let text = '';
  const before = command.configureOutput();
  command.configureOutput({ ...before, writeOut: (part) => (text += part), getOutHasColors: () => false });
  command.outputHelp();
  command.configureOutput(before);
  return /Example: {2}(.*)/.exec(text)?.[1] ?? '';
}

function printCommand({ command, path }: { command: Command; path: readonly string[] }): string {
  const help = command.createHelp();
  const shown = command.registeredArguments.map((one) => {
    const name = one.name() + (one.variadic ? '…' : '');
    return one.required ? name.toUpperCase() : `[${name.toUpperCase()}]`;
  });
  const flags = help
    .visibleOptions(command)
    .filter(({ long }) => !['--help', '--url', '--api-key'].includes(long ?? ''));
  const example = exampleOf(command);
  return [
    `### \`aimindserve ${[...path, ...shown].join(' ')}\``,
    '',
    `${command.description().replace(/^./, (letter) => letter.toUpperCase())}.${example === '' ? '' : ` Example: \`${example}\``}`,
    '',
    ...flags.map((flag) => `* \`${flag.flags}\`: ${flag.description}`),
    ...(flags.length > 0 ? [''] : []),
  ].join('\n');
}

function printAll(): string {
  const codes = Object.values(exitCodes).map(({ code, meaning }) => `| ${code} | ${meaning} |`);
  const all = program.commands.flatMap((one) => (isHidden(one, program) ? [] : leaves(one, [one.name()])));
  return [
    '## Exit codes',
    '',
    '| code | meaning |',
    '|--:|---|',
    ...codes,
    '',
    '## Commands',
    '',
    'Commands that speak to a server take `--url` and `--api-key` besides; `aimindserve serve --help` lists the flags of `serve`.',
    '',
    ...all.map(printCommand),
    '',
  ].join('\n');
}

describe('docs/cli.md', () => {
  it('says what the commands are', () => {
    const [before = '', rest = ''] = readFileSync(file, 'utf8').split(/(?<=<!-- generated -->\n)/);
    const [part, after = ''] = rest.split(/(?=<!-- end -->)/);
    const fresh = printAll();
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(file, before + fresh + after);
    else expect(part).toBe(fresh);
  });

  it('has an example for every command that asks a server', () => {
    const asking = program.commands.flatMap((one) => leaves(one, [one.name()]));
    const without = asking.filter(({ command }) => command.options.some(({ long }) => long === '--url'));
    expect(without.filter(({ command }) => exampleOf(command) === '').map(({ path }) => path.join(' '))).toEqual([]);
  });
});
