import { describe, expect, it } from 'vitest';
import { readSseData } from './sse-reader.ts';

async function read(text: string, size: number, max = 1_000): Promise<string[]> {
  const bytes = new TextEncoder().encode(text);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const events: string[] = [];
  for await (const event of readSseData(pieces(), max)) events.push(event);
  return events;
}

describe.each([1, 2, 3, 7, 1_000])('in pieces of %d bytes', (size) => {
  it.each(['\n', '\r\n', '\r'])('reads events whose lines end with %j', async (end) => {
    const lines = [
      ': alive',
      '',
      'data: {"a":"ü😀"}',
      '',
      'event: x',
      'data:one',
      'data: two',
      'id: 3',
      '',
      'data: [DONE]',
      '',
      '',
    ];
    expect(await read(lines.join(end), size)).toEqual(['{"a":"ü😀"}', 'one\ntwo', '[DONE]']);
  });

  it('passes over an event that was cut off', async () => {
    expect(await read('data: 1\n\ndata: 2\n', size)).toEqual(['1']);
  });
});

it.each(['data: ', 'data: 1\n'.repeat(200)])('refuses an event without an end: %#', async (begin) => {
  await expect(read(begin + 'x'.repeat(200), 50, 100)).rejects.toThrow('more than 100 characters');
});

it('refuses an event of endlessly many empty lines', async () => {
  await expect(read('data:\n'.repeat(200), 50, 100)).rejects.toThrow('more than 100 characters');
});
