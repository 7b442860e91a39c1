/** `aimindserve formats new`: a format file to start from, for this machine or for the catalogue. */

import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError } from '../base/errors.ts';
import { explainFormat } from '../server/model-tools.ts';
import { dataFolderOf, type Surroundings } from './prepare-server.ts';

/** What is to be written. */
export interface NewFormat {
  readonly name: string;
  /** A template or model whose calls it shall describe. */
  readonly from: string | undefined;
  /** Into the catalogue's folder, as TypeScript? */
  readonly isSource: boolean;
}

/** Writes the file and says what to do with it; the result is the exit code. */
export async function newFormat(wish: NewFormat, surroundings: Surroundings): Promise<number> {
  const { folder, say } = surroundings;
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(wish.name))
    throw new ConfigError('invalid_config', `'${wish.name}': a name has small letters, digits, dots and dashes.`);
  const path = wish.isSource ? sourcePath(folder, wish.name) : join(folder, `${wish.name}.json`);
  const text = wish.isSource ? sourceText(wish.name) : await fileText(wish, surroundings);
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (cause) {
    const reason = existsSync(path) ? 'exists already' : 'cannot be written';
    throw new ConfigError('invalid_config', `${path} ${reason}.`, { cause });
  }
  say(wish.isSource ? sourceAdvice(path, wish.name) : fileAdvice(path, wish.name));
  return 0;
}

/** How a format file begins: a format that works, to be changed line by line. */
export function scaffold(name: string): object {
  return {
    '//': [
      'How a model writes tool calls. All properties: docs/formats.md. A string in "calls" is a marker of the model.',
      `Try it:  aimindserve formats play ./${name}.json      Serve with it:  aimindserve serve MODEL --tool-format ./${name}.json`,
      '"example" is one call of get_weather({"city": "Oslo"}), byte for byte as the model writes it: it is checked.',
    ],
    name,
    kind: 'native',
    source: 'where you learnt it: a chat template, a model card',
    models: 'which models speak it',
    detect: { template: ['<tool_call>', 'a text that only this template has'], names: [name] },
    calls: {
      kind: 'many',
      item: [
        '<tool_call>',
        { kind: 'gap', text: '\n' },
        { kind: 'jsonCall', nameKey: 'name', argumentsKey: 'arguments' },
        { kind: 'gap', text: '\n' },
        '</tool_call>',
      ],
      separator: '\n',
    },
    lead: '\n',
    example: '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>',
    reasoning: { open: '<think>', close: '</think>' },
  };
}

async function fileText({ name, from }: NewFormat, { environment, folder }: Surroundings): Promise<string> {
  const start = scaffold(name);
  if (from === undefined) return `${JSON.stringify(start, null, 2)}\n`;
  const { definition, format } = await explainFormat(resolve(folder, from), dataFolderOf(environment));
  if (definition === undefined) {
    const known = format.kind === 'native' ? `it is '${format.name}', which is known` : 'it writes no calls';
    throw new ConfigError('invalid_config', `--from: nothing is to be inferred from ${from}: ${known}.`);
  }
  const { detect: _signs, ...inferred } = definition;
  return `${JSON.stringify({ ...inferred, name, detect: { template: [format.beginnings[0]], names: [name] } }, null, 2)}\n`;
}

function fileAdvice(path: string, name: string): string {
  return [
    `Wrote ${path}`,
    '',
    `  1. Change it until it plays:   aimindserve formats play ./${name}.json`,
    `  2. Serve with it:              aimindserve serve MODEL --tool-format ./${name}.json`,
    '  3. Keep it for all models:     move it to the folder formats of the data directory (see aimindserve doctor)',
  ].join('\n');
}

function sourcePath(folder: string, name: string): string {
  const catalog = join(folder, 'src', 'formats', 'catalog');
  if (!existsSync(catalog))
    throw new ConfigError('invalid_config', `--ts: there is no ${catalog}; go to the repository.`);
  return join(catalog, `${name.replaceAll('.', '-')}.ts`);
}

function sourceText(name: string): string {
  const constant = name.replace(/[^a-z0-9]+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const lines = [
    `/** ${name}: say in one sentence what is special about it. */`,
    '',
    `import { defineFormat } from '../define-format.ts';`,
    `import { gap, jsonCall, many, seq } from '../syntax.ts';`,
    '',
    '/** The format of `<tool_call>`. */',
    `export const ${constant} = defineFormat({`,
    `  name: '${name}',`,
    `  kind: 'native',`,
    `  source: 'the chat template it was learnt from',`,
    `  models: 'the models that speak it',`,
    `  detect: { template: ['a text that only this template has'], names: ['${name}'] },`,
    `  calls: many(seq('<tool_call>', gap('\\n'), jsonCall(), gap('\\n'), '</tool_call>'), '\\n'),`,
    `  example: '<tool_call>\\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\\n</tool_call>',`,
    '});',
  ];
  return `${lines.join('\n')}\n`;
}

function sourceAdvice(path: string, name: string): string {
  return [
    `Wrote ${path}`,
    '',
    '  1. Give it its line in src/formats/formats.ts.',
    '  2. Put its chat template into test/templates/fixtures, if there is one.',
    `  3. npm run format ${name}`,
  ].join('\n');
}
