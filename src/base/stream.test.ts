import { describe, expect, it } from 'vitest';
import { PushStream } from './stream.ts';

describe('PushStream', () => {
  it('hands values over in order, across waits, then ends', async () => {
    const stream = new PushStream<number>();
    stream.push(1);
    const seen: number[] = [];
    const reading = (async () => {
      for await (const value of stream) seen.push(value);
    })();
    await Promise.resolve();
    stream.push(2);
    stream.push(3);
    stream.end();
    stream.push(4);
    await reading;
    expect(seen).toEqual([1, 2, 3]);
  });

  it('throws its error after the values before it', async () => {
    const stream = new PushStream<number>();
    stream.push(1);
    stream.fail(new RangeError('gone'));
    const seen: number[] = [];
    await expect(async () => {
      for await (const value of stream) seen.push(value);
    }).rejects.toThrow('gone');
    expect(seen).toEqual([1]);
  });

  it('says when the reader left early, and only then', async () => {
    let left = 0;
    const stream = new PushStream<number>(() => left++);
    stream.push(1);
    for await (const _ of stream) break;
    expect(left).toBe(1);
    const whole = new PushStream<number>(() => left++);
    whole.end();
    for await (const _ of whole);
    expect(left).toBe(1);
  });
});
