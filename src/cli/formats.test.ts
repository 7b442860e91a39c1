/** What `aimindserve formats` says and writes. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allFormats } from '../formats/formats.ts';
import { loadFormat } from '../formats/load-format.ts';
import { bundledModelPath } from '../server/bundled-model.ts';
import { detectFormatOf } from './formats-detect.ts';
import { listFormats } from './formats-list.ts';
import { newFormat } from './formats-new.ts';
import { playFormat } from './formats-play.ts';
import type { Surroundings } from './prepare-server.ts';

let folder = '';
let said: string[] = [];
let surroundings: Surroundings;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'formats-'));
  said = [];
  surroundings = {
    environment: { AIMINDSERVE_DATA_DIR: join(folder, 'data') },
    folder,
    say: (lines) => said.push(lines),
    warn: () => {},
  };
});
afterEach(() => rmSync(folder, { recursive: true }));

const output = (): string => said.join('\n');
const template = (call: string): string =>
  `{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}` +
  `{% for c in m.tool_calls or [] %}${call}{% endfor %}<|end|>{% endfor %}` +
  '{% if add_generation_prompt %}<|assistant|>{% endif %}';
const zebra = template('<zebra>{{ c.function.name }}:{{ c.function.arguments | tojson }}</zebra>');

describe('aimindserve formats', () => {
  it('lists every format on a line', () => {
    expect(listFormats(false, surroundings)).toBe(0);
    for (const { name, kind } of allFormats) expect(output()).toMatch(new RegExp(`^${name} +${kind} `, 'm'));
    expect(output()).toContain(`${allFormats.length} formats.`);
  });

  it('lists them as JSON', () => {
    listFormats(true, surroundings);
    const rows: unknown = JSON.parse(output());
    expect(rows).toHaveLength(allFormats.length);
    expect(rows).toContainEqual({
      name: 'hermes',
      kind: 'native',
      models: expect.any(String),
      source: expect.any(String),
      example: '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>',
    });
  });
});

describe('aimindserve formats detect', () => {
  it('explains what a model speaks', async () => {
    await detectFormatOf(bundledModelPath(), surroundings);
    expect(output()).toMatch(/^nano: detected, score \d+/);
    expect(output()).toContain('because    template has "aimindserve-nano-1"');
  });

  it('shows what it inferred from a template that speaks nothing we know', async () => {
    writeFileSync(join(folder, 'zebra.jinja'), zebra);
    await detectFormatOf('zebra.jinja', surroundings);
    expect(output()).toMatch(/^inferred: no known format fits/);
    expect(output()).toContain('<zebra>get_weather:{"city": "Oslo"}</zebra>');
  });

  it('says what is taught where the template writes no calls', async () => {
    writeFileSync(join(folder, 'plain.jinja'), '{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}');
    await detectFormatOf('plain.jinja', surroundings);
    expect(output()).toMatch(/^\S+: taught in the prompt, as the template writes no calls/);
    expect(output()).toContain('no format could be inferred: the template prints no calls');
  });

  it('says which file cannot be read', async () => {
    await expect(detectFormatOf('absent.jinja', surroundings)).rejects.toMatchObject({ code: 'invalid_config' });
  });
});

describe('aimindserve formats play', () => {
  const play = (name: string, answer?: string, toolsFile?: string): string => {
    said = [];
    playFormat({ name, answer, toolsFile }, surroundings);
    return output();
  };

  it('shows what is told, written and read', () => {
    const shown = play('react');
    expect(shown).toContain('Action: get_weather\n  Action Input: {"city": "Oslo"}');
    expect(shown).toMatch(/call-start \{"index":0,"id":"call-0","name":"get_weather"/);
    expect(shown).toContain('call-end {"index":0,"outcome":"ok"}');
  });

  it.each(['nano', 'hermes', 'glm-4.5', 'functionary-v3.2'])('reads what %s writes', (name) => {
    expect(play(name)).toContain('call-end {"index":0,"outcome":"ok"}');
  });

  it('reads what a model wrote, with tools of the reader', () => {
    writeFileSync(join(folder, 'tools.json'), JSON.stringify([{ type: 'function', function: { name: 'sum' } }]));
    const shown = play('hermes', 'Well: <tool_call>{"name": "sum", "arguments": {"a": 1}}</tool_call>', 'tools.json');
    expect(shown).not.toContain('What the model is told');
    expect(shown).toContain('text-delta {"text":"Well:"}');
    expect(shown).toMatch(/call-start .*"name":"sum"/);
  });

  it('names the nearest format, and what is wrong with a file of tools', () => {
    expect(() => play('herms')).toThrowError("There is no format 'herms'. Did you mean 'hermes'?");
    writeFileSync(join(folder, 'tools.json'), '[{"name": 5}]');
    expect(() => play('hermes', '', 'tools.json')).toThrowError(/tools\[0\]\.name/);
  });
});

describe('aimindserve formats new', () => {
  it('writes a file that loads and plays as it is, and none over another', async () => {
    const wish = { name: 'mine', from: undefined, isSource: false };
    await newFormat(wish, surroundings);
    const path = join(folder, 'mine.json');
    expect(loadFormat(readFileSync(path, 'utf8'), path).format.name).toBe('mine');
    playFormat({ name: './mine.json', answer: undefined, toolsFile: undefined }, surroundings);
    expect(output()).toContain('call-end {"index":0,"outcome":"ok"}');
    await expect(newFormat(wish, surroundings)).rejects.toThrowError(/mine\.json exists already/);
  });

  it('begins with what a template gives away', async () => {
    writeFileSync(join(folder, 'zebra.jinja'), zebra);
    await newFormat({ name: 'zebra', from: 'zebra.jinja', isSource: false }, surroundings);
    const path = join(folder, 'zebra.json');
    const { format } = loadFormat(readFileSync(path, 'utf8'), path);
    expect(format.example).toBe('<zebra>get_weather:{"city": "Oslo"}</zebra>');
    expect(format.detect({ name: '', architecture: '', template: zebra, specialTokens: [] }).score).toBeGreaterThan(1);
  });

  it('refuses names that are none, and sources outside the repository', async () => {
    const at = (name: string, isSource: boolean) => newFormat({ name, from: undefined, isSource }, surroundings);
    await expect(at('../x', false)).rejects.toThrowError(/a name has small letters/);
    await expect(at('x', true)).rejects.toThrowError(/--ts: there is no/);
  });
});
