import { describe, expect, it } from 'vitest';
import type { ParserEvent } from '../chat/event.ts';
import type { Tool } from '../chat/tool.ts';
import { Guarantee, type Promises } from './guarantee.ts';

const weather: Tool = {
  name: 'get_weather',
  description: '',
  path: 'tools[0].function.parameters',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' }, days: { type: 'integer' } },
    required: ['city'],
  },
};

const promises = (changes: Partial<Promises> = {}): Promises => ({
  level: 'enforce',
  tools: [weather],
  choice: { type: 'auto' },
  parallel: true,
  constrained: true,
  relaxed: new Map([['get_weather', []]]),
  endsAtRepeat: false,
  ...changes,
});

const text = (value: string): ParserEvent => ({ type: 'text-delta', text: value });
const call = (json: string, outcome: 'ok' | 'cut' | 'broken' = 'ok', name = 'get_weather'): ParserEvent[] => [
  { type: 'call-start', index: 0, id: `id-${json}`, name },
  ...[...json].map((char): ParserEvent => ({ type: 'call-delta', index: 0, json: char })),
  { type: 'call-end', index: 0, outcome },
];

function run(guarantee: Guarantee, ...events: ParserEvent[]): ParserEvent[] {
  return [...events.flatMap((event) => guarantee.push(event)), ...guarantee.finish()];
}

const sentJson = (events: readonly ParserEvent[]): string =>
  events.map((event) => (event.type === 'call-delta' ? event.json : '')).join('');

describe('an enforced call', () => {
  it('streams as it comes and says that it was enforced', () => {
    const guarantee = new Guarantee(promises());
    const events = run(guarantee, ...call('{"city":"Oslo"}'));
    expect(events.filter((event) => event.type === 'call-delta')).toHaveLength(15);
    expect(events.at(-1)).toMatchObject({ outcome: 'ok', kept: { enforced: true, relaxed: [], mended: [] } });
  });

  it('stands as far as it came when the token limit cuts it', () => {
    const guarantee = new Guarantee(promises());
    const events = run(guarantee, ...call('{"city":"Os', 'cut'));
    expect(sentJson(events)).toBe('{"city":"Os');
    expect(events.at(-1)).toMatchObject({ outcome: 'cut' });
    expect(guarantee.warnings).toEqual([]);
  });
});

it('a call that is cut before its first byte does not look like one without arguments', () => {
  expect(sentJson(run(new Guarantee(promises()), ...call('', 'cut')))).toBe('{');
});

describe('a held call', () => {
  const held = { constrained: false };

  it('is sent only once it is whole and valid', () => {
    const guarantee = new Guarantee(promises(held));
    const [start, delta, ...rest] = call('{"city":"Oslo"}');
    expect([start, delta].flatMap((event) => (event ? guarantee.push(event) : []))).toEqual([]);
    expect(rest.flatMap((event) => guarantee.push(event)).map((event) => event.type)).toEqual([
      'call-start',
      'call-delta',
      'call-end',
    ]);
  });

  it('is held as soon as one keyword is relaxed', () => {
    const guarantee = new Guarantee(promises({ relaxed: new Map([['get_weather', ['pattern']]]) }));
    const events = run(guarantee, ...call('{"city":"Oslo"}'));
    expect(events.at(-1)).toMatchObject({ kept: { enforced: false, relaxed: ['pattern'] } });
  });

  it('is held when it began where no grammar binds', () => {
    const [start, ...rest] = call('{"days":1}');
    const unbound = start?.type === 'call-start' ? { ...start, unbound: true as const } : text('');
    expect(run(new Guarantee(promises()), unbound, ...rest)).toEqual([]);
  });

  it('is mended and coerced, and the repairs are named', () => {
    const guarantee = new Guarantee(promises(held));
    const events = run(guarantee, ...call('{"city":"Oslo","days":"3",}', 'broken'));
    expect(JSON.parse(sentJson(events))).toEqual({ city: 'Oslo', days: 3 });
    const end = events.at(-1);
    expect(end?.type === 'call-end' && end.kept?.mended.length).toBeGreaterThanOrEqual(2);
  });

  it('is left out, and named, when it stays invalid', () => {
    const guarantee = new Guarantee(promises(held));
    expect(run(guarantee, text('Hm.'), ...call('{"days":1}'))).toEqual([text('Hm.')]);
    expect(guarantee.takeShortfall('stop')).toMatchObject({ type: 'broken', call: { arguments: '{"days":1}' } });
    expect(guarantee.conclude('stop')).toBeUndefined();
    expect(guarantee.warnings).toMatchObject([{ code: 'call_left_out' }]);
    expect(guarantee.warnings[0]?.message).toMatch(/city/);
  });

  it('is an error when a call was demanded', () => {
    for (const choice of [{ type: 'required' }, { type: 'tool', name: 'get_weather' }] as const) {
      const guarantee = new Guarantee(promises({ ...held, choice }));
      run(guarantee, ...call('{"days":1}'));
      expect(guarantee.conclude('stop')).toMatch(/valid/);
    }
  });

  it('is not sent when it is cut; a warning says so', () => {
    const guarantee = new Guarantee(promises(held));
    expect(run(guarantee, ...call('{"city":"Os', 'cut'))).toEqual([]);
    expect(guarantee.warnings).toMatchObject([{ code: 'call_cut' }]);
    expect(guarantee.takeShortfall('length')).toBeUndefined();
    expect(guarantee.conclude('length')).toBeUndefined();
  });

  it('never passes a tool that was not offered, or not chosen, or while none was allowed', () => {
    for (const [change, name] of [
      [{}, 'rm_rf'],
      [{ choice: { type: 'none' } }, 'get_weather'],
      [{ choice: { type: 'tool', name: 'other' } }, 'get_weather'],
    ] as const) {
      const guarantee = new Guarantee(promises({ ...change, constrained: true }));
      expect(run(guarantee, ...call('{"city":"Oslo"}', 'ok', name))).toEqual([]);
    }
  });

  it('leaves no gap in the numbers', () => {
    const guarantee = new Guarantee(promises(held));
    const events = run(guarantee, ...call('{"days":1}'), ...call('{"city":"Oslo"}'), ...call('{"city":"Rome"}'));
    expect(events.flatMap((event) => (event.type === 'call-start' ? [event.index] : []))).toEqual([0, 1]);
  });
});

describe('a call that was made before', () => {
  const repeated = [...call('{"city":"Oslo"}'), ...call('{"city":"Rome"}'), ...call('{"city":"Oslo"}')];

  it('is a call like any other', () => {
    expect(run(new Guarantee(promises()), ...repeated).filter((event) => event.type === 'call-end')).toHaveLength(3);
  });

  it('ends the answer of a model that loops, and is reported', () => {
    const guarantee = new Guarantee(promises({ endsAtRepeat: true }));
    const events = run(guarantee, ...repeated);
    expect(sentJson(events)).toBe('{"city":"Oslo"}{"city":"Rome"}');
    expect(events.findLast((event) => event.type === 'call-end')).toMatchObject({ kept: { enforced: true } });
    expect(guarantee.satisfied).toBe(true);
    expect(guarantee.warnings).toMatchObject([{ code: 'repeated_call' }]);
  });
});

describe('under report and off', () => {
  it('an invalid call is sent, ends broken and is named', () => {
    const guarantee = new Guarantee(promises({ level: 'report', constrained: false }));
    const events = run(guarantee, ...call('{"days":1}'));
    expect(sentJson(events)).toBe('{"days":1}');
    expect(events.at(-1)).toMatchObject({ outcome: 'broken' });
    expect(guarantee.warnings).toMatchObject([{ code: 'invalid_tool_call' }]);
  });
});

describe('text', () => {
  it('that is only blanks before a call is dropped, in every chunking', () => {
    for (const parts of [['\n', '\n'], ['\n\n']]) {
      const events = run(new Guarantee(promises()), ...parts.map(text), ...call('{"city":"Oslo"}'), text('\n'));
      expect(events.some((event) => event.type === 'text-delta')).toBe(false);
    }
  });

  it('keeps its blanks otherwise, in every chunking', () => {
    for (const parts of [['\n', ' a', '\n', '\n', 'b', ' '], ['\n a\n\nb ']]) {
      const events = run(new Guarantee(promises()), ...parts.map(text));
      expect(events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('')).toBe('\n a\n\nb ');
    }
    expect(run(new Guarantee(promises()), text(' '), text('\n'))).toEqual([text(' \n')]);
  });
});

describe('satisfied', () => {
  it('after one call when calls are not parallel or one tool is named', () => {
    for (const change of [{ parallel: false }, { choice: { type: 'tool', name: 'get_weather' } as const }]) {
      const guarantee = new Guarantee(promises(change));
      expect(guarantee.satisfied).toBe(false);
      run(guarantee, ...call('{"city":"Oslo"}'));
      expect(guarantee.satisfied).toBe(true);
    }
    const parallel = new Guarantee(promises());
    run(parallel, ...call('{"city":"Oslo"}'));
    expect(parallel.satisfied).toBe(false);
  });
});
