import { describe, expect, it } from 'vitest';
import { createAutoHub } from './auto-hub.ts';
import type { Hub, HubKind } from './hub.ts';

class SettableClock {
  time = 0;
  nowMs = () => this.time;
  unixMs = () => 0;
  unixSeconds = () => 0;
}

/** A hub of which only the answering matters. */
function stub(kind: HubKind, title: string, answers: () => Promise<boolean>): Hub {
  const never = () => expect.fail('nothing but `answers` is asked');
  return {
    ...{ kind, title, endpoint: `https://${kind}.test` },
    ...{ search: never, files: never, card: never, fileUrl: never, checkAccess: never, answers },
  };
}

function pair(first: () => boolean, second: () => boolean) {
  const asked: string[] = [];
  const clock = new SettableClock();
  const hub = (kind: HubKind, title: string, answer: () => boolean) =>
    stub(kind, title, async () => {
      asked.push(kind);
      return answer();
    });
  const auto = createAutoHub({
    first: hub('huggingface', 'Hugging Face', first),
    second: hub('modelscope', 'ModelScope', second),
    clock,
  });
  return { auto, clock, asked };
}

describe('createAutoHub', () => {
  it('takes the first that answers, and does not trouble the second', async () => {
    const { auto, asked } = pair(
      () => true,
      () => true,
    );
    expect((await auto.choose()).hub.kind).toBe('huggingface');
    expect((await auto.choose()).note).toBeUndefined();
    expect(asked).toEqual(['huggingface']);
  });

  it('takes the second where the first is silent, and says so', async () => {
    const { auto } = pair(
      () => false,
      () => true,
    );
    const { hub, note } = await auto.choose();
    expect(hub.kind).toBe('modelscope');
    expect(note).toContain('Hugging Face (https://huggingface.test) did not answer within 3 s');
    expect(note).toContain('ModelScope is used');
  });

  it('stays with the first where both are silent, and looks again the next time', async () => {
    const { auto, asked } = pair(
      () => false,
      () => false,
    );
    expect((await auto.choose()).hub.kind).toBe('huggingface');
    await auto.choose();
    expect(asked).toEqual(['huggingface', 'modelscope', 'huggingface', 'modelscope']);
  });

  it('remembers for five minutes', async () => {
    let isBack = false;
    const { auto, clock, asked } = pair(
      () => isBack,
      () => true,
    );
    expect((await auto.choose()).hub.kind).toBe('modelscope');
    isBack = true;
    clock.time = 299_999;
    expect((await auto.choose()).hub.kind).toBe('modelscope');
    expect(asked).toHaveLength(2);
    clock.time = 300_000;
    expect((await auto.choose()).hub.kind).toBe('huggingface');
  });

  it('looks once for all who ask at the same time, and again after a failure', async () => {
    let turn = 0;
    const clock = new SettableClock();
    const first = stub('huggingface', 'Hugging Face', async () => {
      turn++;
      if (turn === 1) throw new RangeError('refused');
      return true;
    });
    const auto = createAutoHub({ first, second: stub('modelscope', 'ModelScope', async () => true), clock });
    const both = await Promise.allSettled([auto.choose(), auto.choose()]);
    expect(both.map((one) => one.status)).toEqual(['rejected', 'rejected']);
    expect(turn).toBe(1);
    expect((await auto.choose()).hub.kind).toBe('huggingface');
  });
});
