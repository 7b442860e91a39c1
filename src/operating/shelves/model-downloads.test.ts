/** Downloads with a shelf that a test opens and closes by hand; the real way to a hub is in `open-models.test.ts`. */

import { describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { UnavailableError } from '../../base/errors.ts';
import type { Download, DownloadProgress } from '../../fleet/download.ts';
import type { ModelSource } from '../../fleet/model-source.ts';
import { ModelDownloads } from './model-downloads.ts';
import type { FileFetch } from './plan-fetch.ts';

const source: ModelSource = { kind: 'hub', hub: 'huggingface', repository: 'a/b' };
const wish = { source, weights: 'gguf' } as const;
const never = new AbortController().signal;

/** One file on its way. */
interface Going {
  readonly target: string;
  tell(progress: DownloadProgress): void;
  arrive(): void;
  fail(): void;
  isCancelled: boolean;
}

function open(sizes: readonly (number | undefined)[] = [1_000], changes: { isHere?: boolean; notes?: string[] } = {}) {
  const going: Going[] = [];
  const arrived: ModelSource[] = [];
  const discarded: string[] = [];
  let serial = 0;
  const fetchFile = ({ target }: FileFetch, signal: AbortSignal, tell: (progress: DownloadProgress) => void) =>
    new Promise<void>((resolve, reject) => {
      const fail = () => reject(new UnavailableError('download_failed', 'It broke off.'));
      const file: Going = { target, tell, arrive: resolve, fail, isCancelled: false };
      going.push(file);
      signal.addEventListener('abort', () => {
        file.isCancelled = true;
        fail();
      });
    });
  const downloads = new ModelDownloads({
    isHere: () => changes.isHere ?? false,
    plan: async () => ({
      name: 'a/b',
      notes: changes.notes ?? [],
      files: sizes.map((sizeBytes, index) => ({
        ...{ url: 'http://x', headers: {}, target: `/models/${index}` },
        ...(sizeBytes !== undefined && { sizeBytes }),
      })),
    }),
    fetchFile,
    judge: async () => {},
    arrived: async (each) => void arrived.push(each.source),
    discard: async (target) => void discarded.push(target),
    newId: () => `dl_${++serial}`,
    clock: systemClock,
    changed: () => {},
  });
  return { downloads, going, arrived, discarded };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const states = (downloads: ModelDownloads) => downloads.list().map(({ state }) => state);

describe('ModelDownloads', () => {
  it('fetches a source once for all who want it, and tells them how far it is', async () => {
    const { downloads, going, arrived } = open([600, 400], { notes: ['ModelScope was taken'] });
    const seen: Download[] = [];
    const both = [downloads.take(wish, (each) => seen.push(each), never), downloads.take(wish, () => {}, never)];
    expect(downloads.pull(source).id).toBe('dl_1');
    await turn();
    going[0]?.tell({ bytesDone: 300, bytesTotal: 600, bytesPerSecond: 100 });
    expect(seen.at(-1)).toMatchObject({
      progress: { bytesDone: 300, bytesTotal: 1_000, bytesPerSecond: 100, etaSeconds: 7 },
      notes: ['ModelScope was taken'],
    });
    // It was there already: nothing is told of it.
    going[0]?.arrive();
    await turn();
    going[1]?.tell({ bytesDone: 100, bytesPerSecond: 0 });
    expect(seen.at(-1)?.progress).toEqual({ bytesDone: 700, bytesTotal: 1_000, bytesPerSecond: 0 });
    going[1]?.arrive();
    await Promise.all(both);
    expect(arrived).toEqual([source]);
    expect(downloads.list()).toMatchObject([{ state: 'done', progress: { bytesDone: 1_000, bytesTotal: 1_000 } }]);
  });

  it('ends when the last who waits has left, but not before, and not if somebody asked for it', async () => {
    const { downloads, going } = open();
    const [first, second] = [new AbortController(), new AbortController()];
    const waits = [first, second].map(({ signal }) => downloads.take(wish, () => {}, signal));
    await turn();
    first.abort();
    await expect(waits[0]).rejects.toThrow('aborted');
    expect(states(downloads)).toEqual(['running']);
    downloads.pull(source);
    second.abort();
    await expect(waits[1]).rejects.toThrow('aborted');
    await turn();
    expect(states(downloads)).toEqual(['running']);
    expect(going.map(({ isCancelled }) => isCancelled)).toEqual([false]);
    await downloads.close();
    expect(states(downloads)).toEqual(['cancelled']);
  });

  it('is begun anew by whoever comes while a cancelled one is still ending, or after a failure', async () => {
    const { downloads, going } = open();
    const { id } = downloads.pull(source);
    await turn();
    downloads.cancel(id);
    const again = downloads.take(wish, () => {}, never);
    await turn();
    expect(states(downloads)).toEqual(['cancelled', 'running']);
    going[1]?.fail();
    await expect(again).rejects.toMatchObject({ code: 'download_failed' });
    expect(downloads.list()[1]).toMatchObject({ state: 'failed', error: 'It broke off.' });
    const third = downloads.take(wish, () => {}, never);
    await turn();
    going[2]?.arrive();
    await third;
    expect(states(downloads)).toEqual(['cancelled', 'failed', 'done']);
  });

  it('leaves no listener behind on the signal of who waited', async () => {
    const { downloads, going } = open();
    const signal = new AbortController().signal;
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    const taken = downloads.take(wish, () => {}, signal);
    await turn();
    going[0]?.arrive();
    await taken;
    expect(listeners).toBe(0);
  });

  it('fetches nothing that is here, and takes no order for what cannot be fetched', async () => {
    const { downloads, going, arrived } = open([1_000], { isHere: true });
    downloads.pull(source);
    await turn();
    expect(states(downloads)).toEqual(['done']);
    expect([going, arrived]).toEqual([[], []]);
    expect(() => downloads.pull({ kind: 'bundled' })).toThrow('nothing to fetch');
    expect(() => downloads.pull({ kind: 'local', path: '/m.gguf' })).toThrow('nothing to fetch');
  });

  it('removes what came of one that nobody wants, unless it is wanted again or another writes there', async () => {
    const { downloads, going, discarded } = open([1_000, 1_000]);
    const leaving = new AbortController();
    const left = downloads.take(wish, () => {}, leaving.signal);
    await turn();
    await downloads.discard(source);
    expect(discarded, 'it is under way').toEqual([]);
    leaving.abort();
    await expect(left).rejects.toThrow();
    await turn();
    expect(discarded).toEqual(['/models/0', '/models/1']);

    const again = downloads.take(wish, () => {}, never);
    await turn();
    await downloads.discard({ ...source });
    downloads.pull(source);
    going[1]?.fail();
    await expect(again).rejects.toThrow();
    await turn();
    expect(discarded, 'somebody has asked for it since').toHaveLength(2);

    const same: ModelSource = { ...source, hub: 'auto' };
    downloads.pull(same);
    await turn();
    await downloads.discard(source);
    expect(discarded, 'another writes there').toHaveLength(2);
    await downloads.close();
  });

  it('takes no orders any more once the server ends', async () => {
    const { downloads } = open();
    downloads.pull(source);
    await downloads.close();
    expect(() => downloads.pull(source)).toThrow('stopping');
    await expect(downloads.take(wish, () => {}, never)).rejects.toMatchObject({ code: 'shutting_down' });
  });

  it('remembers the last that ended', async () => {
    const { downloads } = open([], {});
    for (let number = 0; number < 70; number++) {
      downloads.pull({ kind: 'url', url: `http://x/${number}` });
      await turn();
    }
    expect(downloads.list()).toHaveLength(51);
    expect(() => downloads.cancel('dl_1')).toThrow('no download');
    expect(() => downloads.cancel('dl_70')).not.toThrow();
    expect(downloads.list().at(-1)?.state).toBe('done');
  });
});
