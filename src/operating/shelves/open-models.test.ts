/** Models by the whole way: a real hub's answers on the loopback, a real disk, a real database. */

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { aDeployment } from '../../../test/fixtures/deployment.ts';
import { randomHex, systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import type { ModelSource } from '../../fleet/model-source.ts';
import { createHubDouble, type HubDouble } from '../../models/hub/fixtures/hub-double.ts';
import { openOutbound } from '../../outbound/fixtures/open-outbound.ts';
import { listModelFiles } from '../../store/model-files.ts';
import type { Db } from '../../store/tables.ts';
import { ChangeFeed } from '../change-feed.ts';
import { openMemoryStore } from '../fixtures/memory-store.ts';
import { createReadLocal } from './local-shelf.ts';
import { listAllModels, removeModelFiles, usersOf } from './model-files-desk.ts';
import { openModels } from './open-models.ts';
import { sweepParts } from './part-files.ts';
import { planFetch } from './plan-fetch.ts';

const bundledPath = fileURLToPath(new URL('../../../models/nano/aimindserve-nano.gguf', import.meta.url));
const never = new AbortController().signal;
const nothing = (): void => {};

let double: HubDouble;
beforeAll(async () => {
  double = await createHubDouble();
});
afterEach(() => {
  for (const name of Object.keys(double.faults)) Object.assign(double.faults, { [name]: undefined });
  double.requests.length = 0;
});
afterAll(() => double.close());

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'open-models-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Surroundings {
  readonly url?: string;
  readonly environment?: Record<string, string>;
}

/** A server's models; a second one on the same folder and database is the server started again. */
async function open(dataFolder: string, db: Db, { url = double.url, environment = {} }: Surroundings = {}) {
  const models = await openModels({
    ...{ db, dataFolder, environment, workerId: 'local', others: new ChangeFeed(silentLog) },
    ...{ clock: systemClock, randomHex, log: silentLog, readLocal: createReadLocal(bundledPath) },
    outbound: openOutbound(),
    endpoints: () => ({ huggingface: url, modelscope: url }),
    token: () => undefined,
  });
  onTestFinished(() => models.close());
  const places = [{ origin: 'own' as const, folder: models.files.folder }];
  return { ...models, files: { ...models.files, places } };
}

async function openNew() {
  const dataFolder = await newFolder();
  const db = await openMemoryStore();
  return { dataFolder, db, models: await open(dataFolder, db) };
}

const hub = (changes: object = {}): ModelSource => ({
  ...{ kind: 'hub', hub: 'huggingface', repository: 'Qwen/Qwen2.5-7B-Instruct-GGUF' },
  ...changes,
});
const split = hub({ repository: 'Qwen/Qwen2.5-VL-Split-GGUF' });

/** All files below a folder. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();

/** Waits until so much of a file has come. */
async function partOf(dataFolder: string, sizeBytes: number): Promise<void> {
  const home = join(dataFolder, 'models');
  const sizes = () =>
    readdirSync(home, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.part'))
      .map((path) => statSync(join(home, path)).size);
  while (Math.max(0, ...sizes()) < sizeBytes) await new Promise((resolve) => setTimeout(resolve, 10));
}

const gguf = (source: ModelSource) => ({ source, weights: 'gguf' }) as const;

describe('a model of a hub', () => {
  it('is fetched once, told of in words, and found again by the next server without asking anybody', async () => {
    const { dataFolder, db, models } = await openNew();
    const told: string[] = [];
    const spec = await models.shelf.take(gguf(hub()), (words) => told.push(words), never);
    expect(readFileSync(spec.files[0] ?? '').equals(readFileSync(bundledPath))).toBe(true);
    expect(told[0]).toBe('looking for its files');
    expect(told).toContainEqual(expect.stringMatching(/^0 % of \d/));
    expect(told).toContainEqual(expect.stringMatching(/^checking \d/));
    expect(await listModelFiles(db)).toMatchObject([{ quantisation: 'Q4_K_M', sizeBytes: statSync(bundledPath).size }]);
    double.requests.length = 0;
    const next = await open(dataFolder, db);
    expect((await next.shelf.take(gguf(hub()), nothing, never)).files).toEqual(spec.files);
    next.downloads.pull(hub());
    expect(double.requests).toEqual([]);
  });

  it('in parts is fetched with its projector, which another variant may share', async () => {
    const { models } = await openNew();
    const spec = await models.shelf.take(gguf(split), nothing, never);
    expect(spec.files).toHaveLength(3);
    const [file] = models.files.own.all;
    expect(file?.files.map((path) => path.split('/').at(-1))).toContainEqual(expect.stringContaining('mmproj'));
  });

  it('goes on where it was cut, also after the server was started again', async () => {
    const { dataFolder, db, models } = await openNew();
    double.faults.stallAfterBytes = 500_000;
    const leaving = new AbortController();
    const taking = models.shelf.take(gguf(hub()), nothing, leaving.signal);
    await partOf(dataFolder, 500_000);
    leaving.abort();
    await expect(taking).rejects.toThrow();
    await models.close();
    double.faults.stallAfterBytes = undefined;
    double.requests.length = 0;
    const next = await open(dataFolder, db);
    await next.shelf.take(gguf(hub()), nothing, never);
    const ranges = double.requests.flatMap(({ at, headers }) => (at === 'files' ? [headers.range ?? ''] : []));
    expect(ranges.length).toBeGreaterThan(0);
    expect(ranges.every((range) => /^bytes=[1-9]/.test(range))).toBe(true);
    expect(filesIn(join(dataFolder, 'models')).filter((name) => name.includes('.part'))).toEqual([]);
  });

  it('leaves nothing behind if nobody wants what came of it', async () => {
    const { dataFolder, models } = await openNew();
    double.faults.stallAfterBytes = 500_000;
    const leaving = new AbortController();
    const taking = models.shelf.take(gguf(hub()), nothing, leaving.signal);
    await partOf(dataFolder, 500_000);
    await models.downloads.discard(hub());
    leaving.abort();
    await expect(taking).rejects.toThrow();
    await models.downloads.close();
    expect(filesIn(join(dataFolder, 'models'))).toEqual([]);
    expect(existsSync(join(dataFolder, 'models')), 'our own folder stays').toBe(true);
  });

  it('of which one part is there is no model yet, and goes as a whole', async () => {
    const folder = await newFolder();
    const parts = [1_000, 1_000_000].map((size, index) => {
      const path = join(folder, `part-${index}`);
      writeFileSync(path, Buffer.alloc(size, index + 1));
      return path;
    });
    const files = Object.fromEntries(parts.map((path, index) => [`m-Q8_0-0000${index + 1}-of-00002.gguf`, path]));
    const other = await createHubDouble({ repositories: [{ id: 'a/b-GGUF', files }] });
    onTestFinished(() => other.close());
    other.faults.stallAfterBytes = 500_000;
    const models = await open(folder, await openMemoryStore(), { url: other.url });
    const source = hub({ repository: 'a/b-GGUF' });
    const leaving = new AbortController();
    const taking = models.shelf.take(gguf(source), nothing, leaving.signal);
    await partOf(folder, 500_000);
    expect(filesIn(join(folder, 'models'))).toContain('m-Q8_0-00001-of-00002.gguf');
    const names = async () => (await listAllModels(models.files, never)).map(({ origin }) => origin);
    expect(await names()).toEqual(['bundled']);
    leaving.abort();
    await expect(taking).rejects.toThrow();
    await models.downloads.close();
    expect(await names(), 'nobody goes on with it now').toEqual(['bundled', 'own']);
    await models.downloads.discard(source);
    expect(filesIn(join(folder, 'models'))).toEqual([]);
  });

  it('cannot lead out of our folder, whatever its names are', async () => {
    const { models } = await openNew();
    for (const repository of ['../..', './x', 'a/..'])
      await expect(models.plan(gguf(hub({ repository })), never)).rejects.toMatchObject({ kind: 'request' });
    const listing = { repository: 'a/b', commit: '../../../../', files: [{ path: 'm.gguf', sizeBytes: 1 }] };
    const lying = { kind: 'huggingface', files: async () => listing, checkAccess: async () => {} } as const;
    const world = { hubs: { pick: async () => ({ hub: Object.assign(lying, { fileUrl: nothing }) }) } };
    const parts = { ...models, ...world, folder: '/models' };
    await expect(planFetch(gguf(hub()), parts as never, never)).rejects.toMatchObject({ code: 'download_refused' });
    await expect(models.plan(gguf({ kind: 'url', url: 'http://[' }), never)).rejects.toMatchObject({ kind: 'request' });
  });
});

const fixtures = fileURLToPath(new URL('../../../test/convert/fixtures/', import.meta.url));
const tiny = hub({ repository: 'Qwen/Tiny' });
const safetensors = (source: ModelSource) => ({ source, weights: 'safetensors' }) as const;

/** A hub with one repository: the files of a small model, some of them changed. */
async function withTiny(changes: Readonly<Record<string, string>> = {}) {
  const folder = await newFolder();
  cpSync(join(fixtures, 'qwen3'), folder, { recursive: true });
  for (const [name, text] of Object.entries(changes)) writeFileSync(join(folder, name), text);
  const files = Object.fromEntries(readdirSync(folder).map((name) => [name, join(folder, name)]));
  const other = await createHubDouble({ repositories: [{ id: 'Qwen/Tiny', files }] });
  onTestFinished(() => other.close());
  const dataFolder = await newFolder();
  const db = await openMemoryStore();
  return { other, dataFolder, db, models: await open(dataFolder, db, { url: other.url }) };
}

describe('safetensors of a hub', () => {
  it('are fetched whole for an engine that opens them, without code and pickles, and found again', async () => {
    const { other, dataFolder, db, models } = await withTiny({ 'modeling.py': 'evil()', 'pytorch_model.bin': 'evil' });
    const told: string[] = [];
    const spec = await models.shelf.take(safetensors(tiny), (words) => told.push(words), never);
    const [folder = ''] = spec.files;
    expect(readdirSync(folder)).toContain('model-00002-of-00002.safetensors');
    expect(readdirSync(folder).filter((name) => /\.(py|bin|part)/.test(name))).toEqual([]);
    expect(told.at(-1)).toMatch(/^checking|%/);
    expect(spec).toMatchObject({ architecture: 'qwen3', trainedContext: 512 });
    other.requests.length = 0;
    const next = await open(dataFolder, db, { url: other.url });
    const again = next.shelf.peek(safetensors(tiny));
    expect(again).toEqual(spec);
    expect(next.shelf.peek(safetensors(tiny)), 'read once').toBe(again);
    expect(other.requests).toEqual([]);
    const listed = await listAllModels(next.files, never);
    expect(listed.map(({ origin, name }) => [origin, name])).toEqual([
      ['own', 'Qwen/Tiny'],
      ['bundled', expect.any(String)],
    ]);
    const users = [aDeployment({ source: { kind: 'local', path: folder } })];
    await expect(removeModelFiles(listed[0]?.id ?? '', users, next.files)).rejects.toMatchObject({ code: 'conflict' });
    await removeModelFiles(listed[0]?.id ?? '', [], next.files);
    expect(readdirSync(join(dataFolder, 'models'))).toEqual([]);
  });

  it('are converted for an engine that opens GGUF, where there is none, and the plan says both sizes', async () => {
    const { models } = await withTiny();
    const { notes } = await models.plan(gguf(tiny), never);
    expect(notes).toEqual([
      expect.stringMatching(/^It has no GGUF file: [\d.]+ kB of safetensors are fetched and then/),
    ]);
    const told: string[] = [];
    const spec = await models.shelf.take(gguf(tiny), (words) => told.push(words), never);
    expect(spec.files[0]).toMatch(/converted.*\.gguf$/);
    expect(told.some((words) => words.startsWith('converting Qwen3ForCausalLM'))).toBe(true);
    expect(models.shelf.peek(gguf(tiny))?.files).toEqual(spec.files);
    expect((await models.shelf.take(safetensors(tiny), nothing, never)).architecture).toBe('qwen3');
  });

  it('that cannot be converted are refused before their weights come', async () => {
    const { other, dataFolder, models } = await withTiny({ 'config.json': '{"architectures":["PhiForCausalLM"]}' });
    await expect(models.shelf.take(gguf(tiny), nothing, never)).rejects.toThrow(/"PhiForCausalLM".*vLLM/s);
    expect(other.requests.filter(({ url }) => url.endsWith('.safetensors'))).toEqual([]);
    expect(filesIn(join(dataFolder, 'models')).filter((name) => name.endsWith('.safetensors'))).toEqual([]);
  });

  it('are pulled for whoever will want them, also if they cannot be converted', async () => {
    const { models } = await withTiny({ 'config.json': '{"architectures":["PhiForCausalLM"],"model_type":"phi"}' });
    const { id } = models.downloads.pull(tiny);
    const ended = () => models.downloads.list().find((each) => each.id === id && each.state !== 'running');
    await expect.poll(() => ended()?.state, { timeout: 5_000 }).toBe('done');
    expect(models.files.own.find(tiny, 'safetensors')?.files[0]).toContain('Qwen/Tiny');
  });

  it('are refused by name where there are none, and for the bundled model', async () => {
    const { models } = await openNew();
    await expect(models.shelf.take(safetensors(hub()), nothing, never)).rejects.toThrow('no safetensors');
    await expect(models.shelf.take(safetensors({ kind: 'bundled' }), nothing, never)).rejects.toThrow("'embedded'");
    const url = { kind: 'url', url: 'https://x/y.gguf' } as const;
    await expect(models.shelf.take(safetensors(url), nothing, never)).rejects.toMatchObject({ code: 'invalid_value' });
  });

  it('are served where another program keeps them', async () => {
    const cache = await newFolder();
    const home = join(cache, 'models--Qwen--Tiny');
    mkdirSync(join(home, 'refs'), { recursive: true });
    writeFileSync(join(home, 'refs', 'main'), 'abc');
    cpSync(join(fixtures, 'qwen3'), join(home, 'snapshots', 'abc'), { recursive: true });
    const { other, db } = await withTiny();
    const models = await open(await newFolder(), db, { url: other.url, environment: { HF_HUB_CACHE: cache } });
    const spec = await models.shelf.take(safetensors(tiny), nothing, never);
    expect(spec).toMatchObject({ name: 'Tiny', files: expect.arrayContaining([join(home, 'snapshots', 'abc')]) });
    rmSync(join(home, 'snapshots', 'abc', 'model-00001-of-00002.safetensors'));
    expect(models.shelf.peek(safetensors(tiny)), 'it is not whole').toBeUndefined();
    expect(other.requests).toEqual([]);
  });
});

describe('the list of models', () => {
  it('has our own, the bundled one and what somebody put into our folder, each with an id of its own', async () => {
    const { dataFolder, models } = await openNew();
    await models.shelf.take(gguf(hub()), nothing, never);
    const [own] = models.files.own.all;
    writeFileSync(join(dataFolder, 'models', 'mine-Q8_0.gguf'), readFileSync(bundledPath));
    writeFileSync(join(dataFolder, 'models', 'broken.gguf'), 'GGUF?');
    const listed = await listAllModels(models.files, never);
    expect(listed.map(({ origin, name }) => [origin, name])).toEqual([
      ['own', 'Qwen/Qwen2.5-7B-Instruct-GGUF'],
      ['bundled', expect.any(String)],
      ['own', 'broken'],
      ['own', 'mine-Q8_0'],
    ]);
    expect(new Set(listed.map(({ id }) => id)).size).toBe(listed.length);
    expect(listed[2]?.problem).toBeDefined();
    expect(await listAllModels(models.files, never), 'ids stay').toEqual(listed);
    rmSync(own?.files[0] ?? '');
    expect((await listAllModels(models.files, never))[0]).toMatchObject({ problem: 'Its files are gone.' });
  });

  it('names each of several names for the same weights, and those without any, with the reason', async () => {
    const { models } = await openNew();
    const folder = await newFolder();
    const hash = 'a'.repeat(64);
    const put = (path: string, text: string | Buffer) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    };
    put(`blobs/sha256-${hash}`, readFileSync(bundledPath));
    const manifest = { layers: [{ mediaType: 'application/vnd.ollama.image.model', digest: `sha256:${hash}` }] };
    const names = 'manifests/registry.ollama.ai/library';
    for (const tag of ['latest', '8b']) put(`${names}/one/${tag}`, JSON.stringify(manifest));
    for (const tag of ['a', 'b']) put(`${names}/cloud/${tag}`, JSON.stringify({ layers: [] }));
    const listed = await listAllModels({ ...models.files, places: [{ origin: 'ollama', folder }] }, never);
    const found = listed.filter(({ origin }) => origin === 'ollama');
    expect(found.map(({ name, problem }) => [name, problem])).toEqual([
      ['cloud:a', 'Its manifest names no GGUF file.'],
      ['cloud:b', 'Its manifest names no GGUF file.'],
      ['one:8b', undefined],
      ['one:latest', undefined],
    ]);
    expect(new Set(found.map(({ id }) => id)).size).toBe(4);
    for (const { id } of found)
      await expect(removeModelFiles(id, [], models.files)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('removing a model', () => {
  it('is refused while a deployment uses its weights, however it names them', async () => {
    const { models } = await openNew();
    const spec = await models.shelf.take(gguf(hub()), nothing, never);
    await models.shelf.take(gguf(hub({ hub: 'auto' })), nothing, never);
    const weights = spec.files[0] ?? '';
    const [file] = models.files.own.all;
    if (file === undefined) throw new RangeError('it is not known');
    const sources = [
      hub(),
      hub({ hub: 'auto' }),
      { kind: 'local', path: weights },
      { kind: 'local', path: dirname(weights) },
    ];
    for (const source of sources as ModelSource[]) {
      const users = [aDeployment({ source })];
      expect(usersOf(file, users, models.files.own)).toHaveLength(1);
      await expect(removeModelFiles(file.id, users, models.files)).rejects.toMatchObject({ code: 'conflict' });
    }
    expect(existsSync(weights)).toBe(true);
  });

  it('takes all ways to the same weights with it, and leaves what others need', async () => {
    const { dataFolder, db, models } = await openNew();
    await models.shelf.take(gguf(split), nothing, never);
    const [first] = models.files.own.all;
    const projector = first?.files.at(-1) ?? '';
    models.files.own.add({
      ...(first ?? { files: [] }),
      id: 'mf_2',
      source: hub(),
      files: ['/other.gguf', projector],
    } as never);
    await models.shelf.take(gguf({ ...split, hub: 'auto' } as ModelSource), nothing, never);
    await removeModelFiles(first?.id ?? '', [], models.files);
    expect(models.files.own.all.map(({ id }) => id)).toEqual(['mf_2']);
    expect(await listModelFiles(db)).toEqual([]);
    expect(filesIn(join(dataFolder, 'models'))).toEqual([projector.split('/').at(-1)]);
  });

  it('removes what somebody put into our folder too, and its empty folders', async () => {
    const { dataFolder, models } = await openNew();
    const path = join(dataFolder, 'models', 'by', 'hand', 'm.gguf');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, readFileSync(bundledPath));
    const listed = await listAllModels(models.files, never);
    await removeModelFiles(listed.at(-1)?.id ?? '', [], models.files);
    expect(readdirSync(join(dataFolder, 'models'))).toEqual([]);
  });
});

describe('parts of downloads', () => {
  it('are removed when they are old, and nothing else is', async () => {
    const folder = await newFolder();
    const now = Date.now();
    const put = (name: string, days: number) => {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, 'x');
      utimesSync(path, new Date(now), new Date(now - days * 86_400_000));
    };
    put('hf/a/old.gguf.part', 15);
    put('hf/a/old.gguf.part.json', 15);
    put('hf/b/young.gguf.part', 13);
    put('hf/b/whole.gguf', 100);
    expect(await sweepParts(folder, now, never)).toBe(2);
    expect(filesIn(folder)).toEqual(['whole.gguf', 'young.gguf.part']);
    expect(readdirSync(join(folder, 'hf'))).toEqual(['b']);
  });

  it('of a folder that is not there are none', async () => {
    expect(await sweepParts('/nowhere', 0, never)).toBe(0);
  });
});
