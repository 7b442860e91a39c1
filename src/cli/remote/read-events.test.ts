/** Server-sent events come out the same, however they were cut on the way. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEvents, type ServerEvent } from './read-events.ts';

async function eventsOf(bytes: Uint8Array, cuts: readonly number[]): Promise<ServerEvent[]> {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((one, other) => one - other), bytes.length];
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let index = 1; index < places.length; index++) yield bytes.subarray(places[index - 1], places[index]);
  }
  const events: ServerEvent[] = [];
  for await (const event of readEvents(chunks())) events.push(event);
  return events;
}

const sample = [
  ': a comment',
  '',
  'event: snapshot',
  'id: 1-0',
  'data: {"items":["模型"]}',
  '',
  'event:updated',
  'id:1-1',
  'data:{"a":1}',
  '',
  'data: two',
  'data: lines',
  '',
  'event: nothing',
  '',
  'data: cut off',
].join('\n');

const expected = [
  { event: 'snapshot', id: '1-0', data: '{"items":["模型"]}' },
  { event: 'updated', id: '1-1', data: '{"a":1}' },
  { event: 'message', id: '1-1', data: 'two\nlines' },
];

describe('readEvents', () => {
  it.each(['\n', '\r\n'])('reads lines that end with %j, in any chunks', async (end) => {
    const bytes = new TextEncoder().encode(sample.replaceAll('\n', end));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(1_000), { maxLength: 12 }), async (cuts) => {
        expect(await eventsOf(bytes, cuts)).toEqual(expected);
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  it('gives up on a line without an end', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      const chunk = new Uint8Array(16 * 1_048_576).fill(65);
      for (;;) yield chunk;
    }
    await expect(readEvents(endless()).next()).rejects.toThrowError(/line without an end/);
  });
});
