/** Holds the table in docs/formats.md equal to the formats; `UPDATE_DOCS=1` rewrites it. */

import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ToolFormat } from '../../src/formats/format.ts';
import { aliases, allFormats } from '../../src/formats/formats.ts';
import { readFixtures } from '../templates/fixtures.ts';
import { detectFixture } from './templates.ts';

const path = new URL('../../docs/formats.md', import.meta.url);
const [opening, closing] = ['<!-- generated -->\n', '<!-- end -->'];

/** Which of six shapes an example has. */
const shapes: ReadonlyArray<readonly [RegExp, string]> = [
  [/\{"get_weather": ?\{/, 'the name is the key'],
  [/": ?"get_weather"[\s\S]*"city"/, 'an object names the tool'],
  [/get_weather(?:\.call)?\(\s*city ?=/, 'Python call'],
  [/<city>/, 'a tag for each argument'],
  [/\{city:/, 'bare keys'],
  [/"city": ?"Oslo"/, 'the name, then JSON'],
  [/city/, 'tagged arguments'],
];

function shapeOf({ example }: ToolFormat): string {
  return shapes.find(([pattern]) => pattern.test(example))?.[1] ?? '–';
}

const fixtures = new Map(readFixtures().map((fixture) => [fixture.name, fixture]));

/** What speaks for the format in its template, and by how much; `–` where we have no template of it. */
function signsOf({ name }: ToolFormat): readonly [string, string] {
  const fixture = fixtures.get(name);
  const detection = fixture && detectFixture(fixture, name);
  if (detection?.format.name !== name) return ['–', '–'];
  const [best] = detection.candidates;
  const signs = (best?.evidence ?? []).map((sign) =>
    sign.replace(/^template has ("[\s\S]*")$/, (_, text) => cell(text)),
  );
  return [signs.join(', '), String(detection.margin)];
}

function row(format: ToolFormat): string {
  const { name, kind, models, example } = format;
  const others = Object.keys(aliases).filter((alias) => aliases[alias] === name);
  const [signs, margin] = signsOf(format);
  const cells = [`\`${name}\``, kind, models, shapeOf(format), cell(example), signs, margin, '1–6', others.join(', ')];
  return `| ${cells.map((text) => (text === '' ? '–' : text.replaceAll('|', '\\|'))).join(' | ')} |`;
}

/** Code in a table: on one line. */
function cell(code: string): string {
  const fence = code.includes('`') ? '````' : '`';
  const pad = code.includes('`') ? ' ' : '';
  return `${fence}${pad}${code.replaceAll('\n', '⏎')}${pad}${fence}`;
}

function table(): string {
  return [
    '| name | kind | models | shape | example | detection | margin | properties | names elsewhere |',
    '|---|---|---|---|---|---|--:|---|---|',
    ...allFormats.map(row),
    '',
  ].join('\n');
}

describe('docs/formats.md', () => {
  const parts = (): readonly string[] => {
    const [before = '', rest = ''] = readFileSync(path, 'utf8').split(opening);
    const [part = '', after = ''] = rest.split(closing);
    return [before, part, after];
  };

  it('lists what there is', () => {
    const [before, , after] = parts();
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(path, `${before}${opening}${table()}${closing}${after}`);
    expect(parts()[1]).toBe(table());
  });

  it('knows the shape of every example', () => {
    for (const format of allFormats) expect([format.name, shapeOf(format)]).not.toContain('–');
  });
});
