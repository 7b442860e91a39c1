import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findCachedFolders } from './find-cached.ts';

const folder = mkdtempSync(join(tmpdir(), 'aimindserve-cached-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const put = (path: string, text = '{}') => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};
put('hf/models--Qwen--Qwen3-8B/refs/main', 'abc\n');
put('hf/models--Qwen--Qwen3-8B/snapshots/abc/config.json');
put('hf/models--Qwen--Qwen3-8B/snapshots/def/config.json');
put('hf/models--Evil--Ref/refs/main', '../../../..');
put('hf/config.json');
put('ms/models/Qwen--Qwen3-8B/snapshots/master/config.json');
put('ms/hub/models/Qwen/Qwen2___5-7B/config.json');

const places = [
  { origin: 'own', folder: join(folder, 'hf') },
  { origin: 'huggingface', folder: join(folder, 'hf') },
  { origin: 'modelscope', folder: join(folder, 'ms') },
] as const;
const found = (wish: Parameters<typeof findCachedFolders>[1]) =>
  findCachedFolders(places, wish).map((path) => path.slice(folder.length + 1));
const snapshots = 'hf/models--Qwen--Qwen3-8B/snapshots';

describe('findCachedFolders', () => {
  it.each([
    [{ hub: 'huggingface', repository: 'Qwen/Qwen3-8B' }, [`${snapshots}/abc`]],
    [{ hub: 'huggingface', repository: 'Qwen/Qwen3-8B', revision: 'def' }, [`${snapshots}/def`]],
    [{ hub: 'auto', repository: 'Qwen/Qwen3-8B' }, [`${snapshots}/abc`, 'ms/models/Qwen--Qwen3-8B/snapshots/master']],
    [{ hub: 'modelscope', repository: 'Qwen/Qwen2.5-7B' }, ['ms/hub/models/Qwen/Qwen2___5-7B']],
    [{ hub: 'modelscope', repository: 'Qwen/Qwen2.5-7B', revision: 'v1' }, []],
    [{ hub: 'auto', repository: 'nobody/nothing' }, []],
  ] as const)('finds %j', (wish, folders) => {
    expect(found(wish)).toEqual(folders);
  });

  it('is not led elsewhere', () => {
    for (const repository of ['../..', 'a/..', '..', 'Evil/Ref'])
      expect(found({ hub: 'auto', repository })).toEqual([]);
    expect(found({ hub: 'auto', repository: 'Qwen/Qwen3-8B', revision: '../..' })).toEqual([]);
  });
});
