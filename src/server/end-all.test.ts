import { describe, expect, it } from 'vitest';
import { openAll } from './end-all.ts';

function open(fails: readonly string[], breaksAt?: string) {
  const ended: string[] = [];
  const opened = openAll(async (begun) => {
    for (const name of ['one', 'two', 'three']) {
      if (name === breaksAt) throw new RangeError(`${name} cannot be opened`);
      begun(async () => {
        ended.push(name);
        if (fails.includes(name)) throw new RangeError(`${name} cannot be closed`);
      });
    }
    return { value: 5 };
  });
  return { ended, opened };
}

describe('openAll', () => {
  it('ends the last first, once', async () => {
    const { ended, opened } = open([]);
    const { value, close } = await opened;
    await Promise.all([close(), close()]);
    expect([value, ...ended]).toEqual([5, 'three', 'two', 'one']);
  });

  it('ends the others too where one cannot be ended, and says which', async () => {
    const { ended, opened } = open(['three', 'two']);
    await expect((await opened).close()).rejects.toThrow('three cannot be closed');
    expect(ended).toEqual(['three', 'two', 'one']);
  });

  it('ends what was begun when the rest cannot be', async () => {
    const { ended, opened } = open(['one'], 'three');
    await expect(opened).rejects.toThrow('three cannot be opened');
    expect(ended).toEqual(['two', 'one']);
  });
});
