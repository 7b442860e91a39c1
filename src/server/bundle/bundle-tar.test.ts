import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTar, type TarFile, writeTar } from './bundle-tar.ts';

const fileOf = (name: string, content: Uint8Array): TarFile => ({
  name,
  sizeBytes: content.length,
  async *content() {
    yield Buffer.from(content);
  },
});

const archiveOf = async (files: readonly TarFile[]): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of writeTar(files)) chunks.push(chunk);
  return Buffer.concat(chunks);
};

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const entriesOf = async (bytes: Buffer, pieceBytes = 1 << 16): Promise<Array<[string, string]>> => {
  const entries: Array<[string, string]> = [];
  for await (const { name, content } of readTar(inPieces(bytes, pieceBytes))) {
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk);
    entries.push([name, Buffer.concat(chunks).toString('hex')]);
  }
  return entries;
};

const someFiles = fc.array(
  fc.tuple(
    fc.stringMatching(/^[a-z0-9._-]{1,60}(\/[a-z0-9._-]{1,60}){0,2}$/),
    fc.uint8Array({ maxLength: 1_600, size: 'max' }),
  ),
  { maxLength: 6 },
);

describe('an archive', () => {
  it('gives back what was put in, in whatever pieces it comes', async () => {
    const property = fc.asyncProperty(someFiles, fc.integer({ min: 1, max: 2_000 }), async (files, pieceBytes) => {
      const archive = await archiveOf(files.map(([name, content]) => fileOf(name, content)));
      const expected = files.map(([name, content]) => [name, Buffer.from(content).toString('hex')]);
      expect(await entriesOf(archive, pieceBytes)).toEqual(expected);
    });
    await fc.assert(property, { numRuns: 100 });
  });

  it('is refused wherever it is cut', async () => {
    const archive = await archiveOf([fileOf('a', Buffer.alloc(700, 1)), fileOf('b', Buffer.alloc(3, 2))]);
    const end = archive.length - 1_024;
    const property = fc.asyncProperty(fc.integer({ min: 0, max: end }), async (length) => {
      await expect(entriesOf(archive.subarray(0, length))).rejects.toThrow('it ends too early');
    });
    await fc.assert(property, { numRuns: 100 });
  });

  it('never hangs or grows on noise', async () => {
    const property = fc.asyncProperty(
      fc.uint8Array({ minLength: 512, maxLength: 4_096, size: 'max' }),
      async (noise) => {
        fc.pre(noise.subarray(0, 512).some((byte) => byte !== 0));
        await expect(entriesOf(Buffer.from(noise))).rejects.toThrow('The bundle cannot be read');
      },
    );
    await fc.assert(property, { numRuns: 100 });
  });

  it('is read by tar, long names and modes included, and what tar writes is read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bundle-tar-'));
    try {
      const long = `${'folder/'.repeat(20)}${'x'.repeat(90)}`;
      const files = [
        fileOf(long, Buffer.from('long')),
        { ...fileOf('run.sh', Buffer.from('run')), isExecutable: true },
      ];
      writeFileSync(join(folder, 'ours.tar'), await archiveOf(files));
      expect(execFileSync('tar', ['tvf', join(folder, 'ours.tar')], { encoding: 'utf8' })).toContain('-rwxr-xr-x');
      execFileSync('tar', ['xf', join(folder, 'ours.tar'), '-C', folder]);
      expect(readFileSync(join(folder, long), 'utf8')).toBe('long');
      execFileSync('tar', ['cf', join(folder, 'its.tar'), '--format=ustar', '-C', folder, 'run.sh', 'folder']);
      const its = await entriesOf(readFileSync(join(folder, 'its.tar')));
      expect(its.map(([name]) => name)).toEqual(['run.sh', long]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('holds files larger than eight digits can say, as GNU tar writes them', async () => {
    const sizeBytes = 20 * 2 ** 30;
    const iterator = writeTar([{ ...fileOf('large', Buffer.alloc(0)), sizeBytes }]);
    const { value: header } = await iterator.next();
    const [entry] = [await readTar(inPieces(header ?? Buffer.alloc(0), 512)).next()];
    expect(entry.value?.sizeBytes).toBe(sizeBytes);
  });

  it.each([
    ['a symbolic link', '2'],
    ['a hard link', '1'],
    ['a device', '3'],
    ['an extended header', 'x'],
  ])('with %s is refused', async (_name, type) => {
    const archive = await archiveOf([fileOf('a', Buffer.alloc(0))]);
    const before = archive[156] ?? 0;
    archive.write(type, 156, 'latin1');
    const sum = Number.parseInt(archive.toString('latin1', 148, 154), 8) - before + type.charCodeAt(0);
    archive.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    await expect(entriesOf(archive)).rejects.toThrow("'a' in it is not a plain file");
  });

  it('is not made of a file that changes meanwhile', async () => {
    await expect(archiveOf([{ ...fileOf('a', Buffer.from('abc')), sizeBytes: 4 }])).rejects.toThrow('changed while');
  });
});
