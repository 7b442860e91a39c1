import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ggufBytes, tinyModel } from '../fixtures/gguf-bytes.ts';
import type { FilesMemory } from './describe-files.ts';
import { findModelsOnDisk, type OnDiskModel } from './find-models.ts';
import { type DiskOrigin, modelPlaces } from './model-places.ts';
import { walkFolder, walkLimits } from './walk-folder.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'on-disk-')));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const bundled = join(root, 'bundled.gguf');
copyFileSync(fileURLToPath(new URL('../../../models/nano/aimindserve-nano.gguf', import.meta.url)), bundled);
const sizeBytes = statSync(bundled).size;
const never = new AbortController().signal;

let folder = root;
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
});

function put(below: string, write: (path: string) => void = (path) => linkSync(bundled, path)): string {
  const path = join(folder, below);
  mkdirSync(dirname(path), { recursive: true });
  write(path);
  return path;
}

const text = (content: string) => (path: string) => writeFileSync(path, content);

async function find(origin: DiskOrigin, notes: string[] = []): Promise<OnDiskModel[]> {
  return findModelsOnDisk([{ origin, folder }], never, { note: (sentence) => notes.push(sentence) });
}

describe('findModelsOnDisk', () => {
  it('reads the cache of Hugging Face: links to blobs, each model once, whatever revision', async () => {
    const blob = put('models--Qwen--Qwen3-8B-GGUF/blobs/abc');
    for (const revision of ['aaa', 'bbb'])
      put(`models--Qwen--Qwen3-8B-GGUF/snapshots/${revision}/sub/Qwen3-8B-Q4_K_M.gguf`, (path) =>
        symlinkSync(blob, path),
      );
    put('datasets--a--b/snapshots/x/data.json', text('{}'));
    const [model, ...others] = await find('huggingface');
    expect(others).toEqual([]);
    expect(model).toEqual({
      origin: 'huggingface',
      name: 'Qwen/Qwen3-8B-GGUF:Q4_K_M',
      files: [join(folder, 'models--Qwen--Qwen3-8B-GGUF/snapshots/aaa/sub/Qwen3-8B-Q4_K_M.gguf')],
      form: 'gguf',
      sizeBytes,
      quantisation: 'Q4_K_M',
      architecture: 'qwen2',
      source: { kind: 'hub', hub: 'huggingface', repository: 'Qwen/Qwen3-8B-GGUF', file: 'sub/Qwen3-8B-Q4_K_M.gguf' },
    });
  });

  it('reads no pipe', async () => {
    const at = 'models--a--b/snapshots/r';
    put(`${at}/model.safetensors`, text('1'));
    const pipe = join(folder, at, 'config.json');
    execFileSync('mkfifo', [pipe]);
    const writer = spawn('sh', ['-c', `echo '{"model_type":"pipe"}' > ${pipe}`]);
    const [model] = await find('huggingface');
    writer.kill('SIGKILL');
    expect(model?.architecture).toBeUndefined();
  });

  it('lists safetensors as the folder they are', async () => {
    const at = 'models--a--b/snapshots/r';
    put(`${at}/config.json`, text('{"model_type":"qwen3"}'));
    const parts = [1, 2].map((part) => `model-0000${part}-of-00002.safetensors`);
    for (const part of parts) put(`${at}/${part}`, text('12345'));
    const index = (names: readonly string[]) =>
      text(JSON.stringify({ weight_map: Object.fromEntries(names.entries()) }));
    put(`${at}/model.safetensors.index.json`, index(parts));
    const half = 'models--a--half/snapshots/r';
    put(`${half}/config.json`, text('{"model_type":"qwen3"}'));
    put(`${half}/${parts[0]}`, text('12345'));
    put(`${half}/model.safetensors.index.json`, index(parts));
    put('models--a--lora/snapshots/r/adapter_model.safetensors', text('1'));
    put('models--a--bare/snapshots/r/model.safetensors', text('1'));
    const models = await find('huggingface');
    expect(models.map(({ name, problem }) => [name, problem !== undefined])).toEqual(
      [
        ['a/b', false],
        ['a/bare', true],
        ['a/half', true],
      ].sort(),
    );
    expect(models.find(({ name }) => name === 'a/b')).toMatchObject({
      files: [join(folder, at)],
      form: 'safetensors',
      sizeBytes: 10,
      architecture: 'qwen3',
    });
  });

  it.each([
    'models/Qwen--Qwen2.5-0.5B/snapshots/master/x-q8_0.gguf',
    'models/Qwen/Qwen2___5-0___5B/x-q8_0.gguf',
    'hub/models/Qwen/Qwen2___5-0___5B/x-q8_0.gguf',
    'hub/Qwen/Qwen2.5-0.5B/x-q8_0.gguf',
    'Qwen/Qwen2___5-0___5B/x-q8_0.gguf',
  ])('reads the cache of ModelScope: %s', async (below) => {
    put(below);
    expect(await find('modelscope')).toMatchObject([
      { name: 'Qwen/Qwen2.5-0.5B:Q8_0', source: { hub: 'modelscope', repository: 'Qwen/Qwen2.5-0.5B' } },
    ]);
  });

  it("reads Ollama's manifests and finds the blobs they name", async () => {
    const hash = 'a'.repeat(64);
    const layer = (kind: string, digest: string) => ({ mediaType: `application/vnd.ollama.image.${kind}`, digest });
    const manifest = (...layers: unknown[]) => text(JSON.stringify({ schemaVersion: 2, layers }));
    const blob = put(`blobs/sha256-${hash}`);
    const library = 'manifests/registry.ollama.ai/library';
    put(`${library}/qwen3/8b`, manifest(layer('template', 'x'), layer('model', `sha256:${hash}`)));
    put('manifests/hf.co/unsloth/SmolLM3-3B-GGUF/Q8_0', manifest(layer('model', `sha256:${hash}`)));
    put(`${library}/gone/latest`, manifest(layer('model', `sha256:${'b'.repeat(64)}`)));
    put(`${library}/climbing/latest`, manifest(layer('model', 'sha256:../../../../etc/passwd')));
    put(`${library}/tuned/latest`, manifest(layer('adapter', `sha256:${hash}`), layer('model', `sha256:${hash}`)));
    put(`${library}/broken/latest`, text('{"layers": ['));
    put(`${library}/strange/latest`, text('{"layers": [null, 5, {"mediaType": 7}]}'));
    put('manifests/too/shallow', text('{}'));
    const models = await find('ollama');
    const good = models.filter(({ problem }) => problem === undefined);
    expect(good).toMatchObject([
      { name: 'hf.co/unsloth/SmolLM3-3B-GGUF:Q8_0', files: [blob], quantisation: 'Q8_0' },
      { name: 'qwen3:8b', files: [blob], sizeBytes, architecture: 'qwen2' },
    ]);
    const bad = models.filter(({ problem }) => problem !== undefined).map(({ name }) => name);
    expect(bad).toEqual(['broken:latest', 'climbing:latest', 'gone:latest', 'strange:latest', 'tuned:latest']);
    expect(models.flatMap(({ files }) => files).filter((path) => !path.startsWith(folder))).toEqual([]);
  });

  it('reads the folders of LM Studio and llama.cpp, old and new', async () => {
    put('infra-ai/ocelot-v1/ocelot-v1-instruct-q4_0.gguf');
    put('infra-ai/ocelot-v1/mmproj-ocelot-v1-f16.gguf');
    expect(await find('lm-studio')).toMatchObject([{ name: 'infra-ai/ocelot-v1:Q4_0' }]);
    folder = join(root, 'llama');
    put('ggml-org_gemma-3-4b-it-GGUF_gemma-3-4b-it-Q4_K_M.gguf');
    put('models--ggml-org--gpt-oss-20b-GGUF/snapshots/r/gpt-oss-20b-mxfp4.gguf');
    put('something.gguf.downloadInProgress');
    expect((await find('llama.cpp')).map(({ name }) => name).sort()).toEqual([
      'ggml-org/gpt-oss-20b-GGUF:MXFP4',
      'ggml-org_gemma-3-4b-it-GGUF_gemma-3-4b-it-Q4_K_M',
    ]);
  });

  it('takes split models as one, and says which part is missing', async () => {
    for (const part of ['00001', '00002']) put(`whole-Q8_0-${part}-of-00002.gguf`);
    put('half-00001-of-00002.gguf');
    const [half, whole] = await find('own');
    expect(whole).toMatchObject({ name: 'whole-Q8_0', sizeBytes: 2 * sizeBytes, quantisation: 'Q8_0' });
    expect(whole?.files.map((path) => path.slice(-19))).toEqual([
      '-00001-of-00002.gguf'.slice(-19),
      '-00002-of-00002.gguf'.slice(-19),
    ]);
    expect(half?.problem).toContain('half-00002-of-00002.gguf');
  });

  it('names what is broken, and passes over what is no model', async () => {
    put('cut.gguf', text('GGUF'));
    put('empty.gguf', text(''));
    const projector = { ...tinyModel.metadata, 'general.architecture': { text: 'clip' } };
    put('vision.gguf', (path) => writeFileSync(path, ggufBytes({ ...tinyModel, metadata: projector })));
    const stated = { ...tinyModel.metadata, 'general.file_type': { u32: 15 } };
    put('plain.gguf', (path) => writeFileSync(path, ggufBytes({ ...tinyModel, metadata: stated })));
    put('gone.gguf', (path) => symlinkSync(join(folder, 'nowhere'), path));
    const models = await find('own');
    expect(models.map(({ name }) => name)).toEqual(['cut', 'empty', 'plain']);
    expect(models.map(({ problem }) => problem !== undefined)).toEqual([true, true, false]);
    expect(models[2]?.quantisation).toBe('Q4_K_M');
  });

  it('walks through links but not in circles, and past what it may not read', async () => {
    put('a/model.gguf');
    symlinkSync(folder, join(folder, 'a/round'));
    symlinkSync(join(folder, 'a'), join(folder, 'b'));
    put('closed/hidden.gguf');
    chmodSync(join(folder, 'closed'), 0o000);
    const names = (await find('own')).map(({ name }) => name);
    chmodSync(join(folder, 'closed'), 0o700);
    // Root may read everything.
    expect(names.filter((name) => name !== 'hidden')).toEqual(['model']);
  });

  it('lists a file once that lies in two places', async () => {
    put('p/m/x-Q8_0.gguf');
    const places = (['lm-studio', 'own'] as const).map((origin) => ({ origin, folder }));
    expect(await findModelsOnDisk(places, never)).toMatchObject([{ origin: 'lm-studio' }]);
  });

  it('reads again what has changed, and nothing else, if it may remember', async () => {
    const path = put('model-Q8_0.gguf');
    const memory: FilesMemory = new Map();
    const places = [{ origin: 'own' as const, folder }];
    const [first] = await findModelsOnDisk(places, never, { memory });
    const [second] = await findModelsOnDisk(places, never, { memory });
    expect(memory.size).toBe(1);
    expect(second).toEqual(first);
    rmSync(path);
    writeFileSync(path, ggufBytes(tinyModel));
    expect(await findModelsOnDisk(places, never, { memory })).toMatchObject([{ architecture: 'llama' }]);
  });

  it('changes nothing, and is content with a place that is not there', async () => {
    put('model.gguf');
    const before = readdirSync(folder, { recursive: true });
    await find('own');
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
    folder = join(folder, 'nothing');
    const notes: string[] = [];
    for (const origin of ['own', 'ollama', 'huggingface'] as const) expect(await find(origin, notes)).toEqual([]);
    expect(notes).toEqual([]);
  });

  it('ends when told to', async () => {
    put('model.gguf');
    const gone = AbortSignal.abort();
    await expect(findModelsOnDisk([{ origin: 'own', folder }], gone)).rejects.toThrow();
  });
});

describe('walkFolder', () => {
  it('ends at its depth, and says so', async () => {
    const deep = Array.from({ length: walkLimits.depth + 1 }, () => 'd').join('/');
    put(`${deep}/far.gguf`);
    put('near.gguf');
    const { files, isComplete } = await walkFolder(folder, () => true, never);
    expect(files.map(({ below }) => below)).toEqual(['near.gguf']);
    expect(isComplete).toBe(false);
  });
});

describe('modelPlaces', () => {
  const folders = (environment: Record<string, string>, platform: NodeJS.Platform = 'linux') =>
    modelPlaces({ environment, home: '/h', platform }, '/data/models').map(
      ({ origin, folder: at }) => `${origin} ${at}`,
    );

  it('are where the programs say', () => {
    expect(folders({})).toEqual([
      'own /data/models',
      'huggingface /h/.cache/huggingface/hub',
      'modelscope /h/.cache/modelscope',
      'ollama /h/.ollama/models',
      'ollama /usr/share/ollama/.ollama/models',
      'lm-studio /h/.lmstudio/models',
      'lm-studio /h/.cache/lm-studio/models',
      'llama.cpp /h/.cache/llama.cpp',
    ]);
    expect(folders({}, 'darwin')).toContain('llama.cpp /h/Library/Caches/llama.cpp');
  });

  it.each([
    [{ HF_HUB_CACHE: '/x', HF_HOME: '/y' }, 'huggingface /x'],
    [{ HF_HOME: '/y' }, 'huggingface /y/hub'],
    [{ XDG_CACHE_HOME: '/c' }, 'huggingface /c/huggingface/hub'],
    [{ XDG_CACHE_HOME: '/c' }, 'llama.cpp /c/llama.cpp'],
    [{ MODELSCOPE_CACHE: '/m' }, 'modelscope /m'],
    [{ OLLAMA_MODELS: '/o' }, 'ollama /o'],
    [{ LLAMA_CACHE: '/l' }, 'llama.cpp /l'],
  ])('follow the environment: %j', (environment: Record<string, string>, expected) => {
    expect(folders(environment)).toContain(expected);
  });
});
