/** How much of the catalogue a template alone gives away: inference against the formats that people wrote down. */

import { describe, expect, it } from 'vitest';
import { promptText } from '../../src/chat/prompt.ts';
import { askFor, generated, readPieces, toPieces } from '../../src/formats/cases.contract.ts';
import { callText, exampleCall, exampleTool } from '../../src/formats/check-format.ts';
import { defineFormat } from '../../src/formats/define-format.ts';
import type { ToolFormat } from '../../src/formats/format.ts';
import { findFormat } from '../../src/formats/formats.ts';
import { inferFormat } from '../../src/formats/infer.ts';
import { loadFormat } from '../../src/formats/load-format.ts';
import { readFixtures, type TemplateFixture } from '../templates/fixtures.ts';
import { samplesOf } from './templates.ts';

/** Formats that inference does not reproduce, and why not. */
const exceptions: Readonly<Record<string, string>> = {
  harmony: 'its template writes one call in a turn, so that nothing tells where the next begins',
  'kimi-k3': 'turns are messages in messages, so that the text and the calls of a turn share their beginning',
  'minimax-m3': 'its one token has brackets inside, which look like the ends of markers',
  'phi-4-mini': 'its template writes `functools[`, the model `<|tool_call|>[`',
};

const otherTool = { ...exampleTool, name: 'get_time', parameters: { type: 'object', properties: {} } };
const tools = [exampleTool, otherTool];
const two = [exampleCall, { id: 'call00002', name: 'get_time', arguments: '{}' }];

/** The calls that one format reads in what the other writes, its markers being letters or special tokens. */
function calls(reader: ToolFormat, writer: ToolFormat, turn: typeof two): string[] {
  const written = generated(writer, writer.render({ text: '', calls: turn, tools }));
  const readings = [false, true].map((special) =>
    readPieces(reader.answer(askFor(tools)), toPieces(written, { sizes: [Infinity], special })),
  );
  const [letters, tokens] = readings.map((read) => read.calls.map((call) => `${callText(call)} ${call.outcome}`));
  return (letters?.length ?? 0) > 0 ? (letters ?? []) : (tokens ?? []);
}

/** What differs between a format and the one inferred from its template; undefined if nothing does. */
function difference(fixture: TemplateFixture, known: ToolFormat): string | undefined {
  const samples = samplesOf(fixture);
  if (typeof samples === 'string') return samples;
  const inference = inferFormat(samples);
  if ('reason' in inference) return inference.reason;
  const inferred = defineFormat(inference.definition);
  for (const turn of [[exampleCall], two])
    for (const [reader, writer] of [
      [inferred, known],
      [known, inferred],
    ] as const) {
      const expected = turn.map((call) => `${callText(call)} ok`);
      const got = calls(reader, writer, turn);
      if (got.join() !== expected.join())
        return `${reader.name} reads of ${JSON.stringify(promptText(writer.render({ text: '', calls: turn, tools })))}: ${got.join()}`;
    }
  return undefined;
}

describe('inference', () => {
  const pairs = readFixtures().flatMap((fixture) => {
    const format = findFormat(fixture.name);
    return format === undefined || format.name !== fixture.name ? [] : [{ fixture, format }];
  });
  const found = pairs.map(({ fixture, format }) => [fixture.name, difference(fixture, format)] as const);

  it('reproduces every format whose template we have, but those that are excepted', () => {
    const missed = found.filter(([, why]) => why !== undefined);
    const unexpected = missed.filter(([name]) => exceptions[name] === undefined);
    expect(unexpected.map(([name, why]) => `${name}: ${why}`)).toEqual([]);
    expect(Object.keys(exceptions).sort()).toEqual(missed.map(([name]) => name).sort());
  });

  it('reproduces at least four in five', () => {
    expect(found.length).toBeGreaterThan(40);
    expect(found.filter(([, why]) => why === undefined).length / found.length).toBeGreaterThanOrEqual(0.8);
  });

  it('infers data, which a file can hold', () => {
    for (const fixture of readFixtures()) {
      const samples = samplesOf(fixture);
      const inference = typeof samples === 'string' ? { reason: samples } : inferFormat(samples);
      if ('reason' in inference) continue;
      const { definition } = inference;
      const { format } = loadFormat(JSON.stringify(definition), `${fixture.name}.json`);
      expect([fixture.name, format.example]).toEqual([fixture.name, definition.example]);
    }
  });

  it('says why not where templates print no calls', () => {
    const without = readFixtures().filter((fixture) => !fixture.source.includes('tools'));
    expect(without.length).toBeGreaterThan(3);
    for (const fixture of without) expect(samplesOf(fixture)).toBe('the template prints no calls');
  });
});
