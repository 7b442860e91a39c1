/** What bundles carry besides the program: models that were fetched, libraries of engines, wheels. */

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelFile } from '../../src/fleet/download.ts';
import type { ModelSource } from '../../src/fleet/model-source.ts';
import { readManifests, writeManifest } from '../../src/operating/installing/engine-manifest.ts';
import { withStore } from '../../src/server/data-tools.ts';
import { listModelFiles, saveModelFile } from '../../src/store/model-files.ts';
import { becomeAdministrator, isReady, watchUntil } from '../end-to-end/platform-caller.ts';
import { freshPlace } from '../end-to-end/platform-server.ts';
import { repository, runCommand } from '../end-to-end/running-server.ts';

const source: ModelSource = { kind: 'hub', hub: 'huggingface', repository: 'org/nano-GGUF', quantisation: 'Q8_0' };
const modelPath = 'models/huggingface/org/nano-GGUF/nano-q8_0.gguf';

let folder: string;
let bundle: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aimindserve-contents-'));
  bundle = join(folder, 'bundle.tar');
  await fillDataFolder(join(folder, 'here'));
  const wheels = join(folder, 'wheelhouse');
  mkdirSync(wheels);
  writeFileSync(join(wheels, 'engine-1.0-py3-none-any.whl'), 'wheel');
  const words = ['--data-dir', join(folder, 'here'), '--output', bundle, '--model', 'hf:org/nano-GGUF:Q8_0'];
  const { code, err } = await runCommand(['bundle', 'create', ...words, '--engine', 'llama', '--wheels', wheels]);
  expect(`${code} ${err}`).toMatch(/^0 /);
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As after a download and the installation of libraries. */
async function fillDataFolder(data: string): Promise<void> {
  const path = join(data, modelPath);
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(join(repository, 'models', 'nano', 'aimindserve-nano.gguf'), path);
  const facts = { id: 'mf_0123456789abcdef', workerId: 'local', sizeBytes: 1, origin: 'own', createdAt: 1 } as const;
  const file: ModelFile = { ...facts, files: [path], name: 'nano-q8_0', source, quantisation: 'Q8_0' };
  await withStore(data, ({ db }) => saveModelFile(db, file));
  const engine = join(data, 'engines', 'llama-libraries', '3.22.1-vulkan');
  mkdirSync(join(engine, 'runtime'), { recursive: true });
  writeFileSync(join(engine, 'libllama.so'), 'library');
  writeFileSync(join(engine, 'runtime', 'librt.so'), 'runtime');
  await writeManifest({
    ...{ id: 'eng_0123456789abcdef', name: 'llama-libraries', version: '3.22.1-vulkan', accelerator: 'vulkan' },
    ...{ folder: engine, command: [], libraries: ['libllama.so'], runtimeFolders: [join(engine, 'runtime')] },
    ...{ notes: [], sizeBytes: 14, installedAt: 1 },
  });
}

describe('a bundle with models and engines', () => {
  it('puts them where the other data directory has them, and nothing else', async () => {
    const data = join(folder, 'there');
    const { out, code } = await runCommand(['bundle', 'load', bundle, '--data-dir', data]);
    expect(out).toContain('4 files written, 0 were there already');
    expect(code).toBe(0);
    const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const paths = files.map(({ parentPath, name }) => join(parentPath, name).slice(data.length + 1));
    expect(paths.filter((path) => !/^(?:aimindserve\.db|secret-key)/.test(path)).sort()).toEqual([
      'engines/llama-libraries/3.22.1-vulkan/libllama.so',
      'engines/llama-libraries/3.22.1-vulkan/manifest.json',
      'engines/llama-libraries/3.22.1-vulkan/runtime/librt.so',
      modelPath,
      'wheels/engine-1.0-py3-none-any.whl',
    ]);
    const [model] = await withStore(data, ({ db }) => listModelFiles(db));
    expect(model).toMatchObject({ source, files: [join(data, modelPath)], name: 'nano-q8_0', origin: 'own' });
    const [engine] = await readManifests(join(data, 'engines'));
    const place = join(data, 'engines', 'llama-libraries', '3.22.1-vulkan');
    expect(engine).toMatchObject({ folder: place, runtimeFolders: [join(place, 'runtime')], accelerator: 'vulkan' });
  });

  it('lets a deployment that names the hub come up where the hub cannot be reached', async () => {
    const nowhere = 'http://127.0.0.1:9';
    const place = freshPlace({ HTTPS_PROXY: nowhere, HTTP_PROXY: nowhere, HF_ENDPOINT: nowhere });
    try {
      expect((await runCommand(['bundle', 'load', bundle, '--data-dir', place.dataFolder])).code).toBe(0);
      const server = await place.start(['--no-model']);
      const admin = await becomeAdministrator(server.url, place.dataFolder);
      await admin.api('POST', '/deployments', {
        name: 'from-the-hub',
        source,
        contextSize: 512,
        parallel: 1,
        threads: 1,
      });
      await watchUntil(admin, 'from-the-hub', isReady);
      await server.stop();
    } finally {
      place.clear();
    }
  });

  it('takes no installed vLLM along: its paths are those of this machine', async () => {
    const { code, err } = await runCommand([
      'bundle',
      'create',
      '--engine',
      'vllm',
      '--output',
      join(folder, 'no.tar'),
    ]);
    expect(err).toContain('Take its wheels');
    expect(code).toBe(1);
    expect(existsSync(join(folder, 'no.tar'))).toBe(false);
  });
});
