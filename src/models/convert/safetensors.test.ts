import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSafetensors } from './safetensors.ts';
import { readWeights } from './weight-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'aimindserve-safetensors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

function file(header: string | object, data = 8, claimed?: number): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(claimed ?? text.length));
  return Buffer.concat([length, text, Buffer.alloc(data)]);
}

function read(bytes: Buffer) {
  const path = join(folder, `${++count}.safetensors`);
  writeFileSync(path, bytes);
  return readSafetensors(path);
}

const tensor = (begin: number, end: number, shape: unknown = [2], dtype: unknown = 'BF16') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe('readSafetensors', () => {
  it('reads names, types, shapes and places', () => {
    const header = { __metadata__: { format: 'pt' }, b: tensor(4, 8), a: tensor(0, 4, [1, 2]) };
    const start = 8 + JSON.stringify(header).length;
    expect(read(file(header)).map(({ name, dtype, shape, offset }) => ({ name, dtype, shape, offset }))).toEqual([
      { name: 'a', dtype: 'BF16', shape: [1, 2], offset: start },
      { name: 'b', dtype: 'BF16', shape: [2], offset: start + 4 },
    ]);
  });

  it('allows tensors without values', () => {
    expect(read(file({ a: tensor(0, 8, [4]), none: tensor(0, 0, [0, 3]) }))).toHaveLength(2);
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'truncated'],
    ['a header beyond the end', file({}, 0, 1000), 'truncated'],
    ['a huge header', file({}, 8, Number.MAX_SAFE_INTEGER), 'truncated'],
    ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), 'Git LFS'],
    ['a header that is no JSON', file('{"a":'), 'no JSON'],
    ['a header that is no UTF-8', file(Buffer.from([0x7b, 0xff, 0x7d]).toString('latin1')), 'no JSON'],
    ['a header that is a list', file('[]'), 'no JSON object'],
    ['deep nesting', file(`${'['.repeat(100_000)}`), 'no JSON'],
    ['overlaps', file({ a: tensor(0, 4), b: tensor(2, 6) }), 'overlap'],
    ['gaps', file({ a: tensor(0, 4), b: tensor(6, 10) }), 'gap'],
    [
      'a name that stands twice',
      file(
        '{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"a":{"dtype":"F16","shape":[2],"data_offsets":[4,8]}}',
      ),
      'gap',
    ],
    ['bytes too few', file({ a: tensor(0, 400, [200]) }), 'truncated'],
    ['bytes too many', file({ a: tensor(0, 4) }), 'belong to no tensor'],
    ['a place before the start', file({ a: tensor(-4, 0) }), 'no place'],
    ['a place that is a fraction', file({ a: tensor(0.5, 4.5) }), 'no place'],
    ['a size that is not its shape', file({ a: tensor(0, 8) }), 'not that of its shape'],
    ['an endless shape', file({ a: tensor(0, 8, [1e9, 1e9, 1e9]) }), 'not that of its shape'],
    ['a shape of text', file({ a: tensor(0, 8, ['4']) }), 'impossible shape'],
    ['too many dimensions', file({ a: tensor(0, 8, new Array(9).fill(1)) }), 'impossible shape'],
    ['an unknown type', file({ a: tensor(0, 8, [4], 'Q9') }), 'unknown type "Q9"'],
    ['a type that is none', file({ a: tensor(0, 8, [4], { x: 1 }) }), 'unknown type'],
    ['a tensor that is none', file({ a: null }), 'no description'],
  ])('refuses %s', (_, bytes, reason) => {
    expect(() => read(bytes)).toThrow(reason);
  });
});

describe('readWeights', () => {
  const place = (files: Readonly<Record<string, Buffer | string>>): string => {
    const home = mkdtempSync(join(folder, 'weights-'));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(home, name), content);
    return home;
  };
  const index = (map: unknown) => JSON.stringify({ weight_map: map });
  const one = (name: string) => file({ [name]: tensor(0, 8, [4]) });

  it('gathers shards', () => {
    const home = place({
      'model.safetensors.index.json': index({ a: 'x-1.safetensors', b: 'x-2.safetensors' }),
      'x-1.safetensors': one('a'),
      'x-2.safetensors': one('b'),
    });
    expect([...readWeights(home).keys()]).toEqual(['a', 'b']);
  });

  it('follows links, of which the cache of the hub consists', () => {
    const home = place({});
    symlinkSync(join(place({ blob: one('a') }), 'blob'), join(home, 'model.safetensors'));
    expect([...readWeights(home).keys()]).toEqual(['a']);
  });

  it.each(['../x.safetensors', '/etc/passwd', 'a/b.safetensors', '..', '.safetensors', 'a\\b.safetensors'])(
    'refuses an index that leads to %s',
    (name) => {
      expect(() => readWeights(place({ 'model.safetensors.index.json': index({ a: name }) }))).toThrow('leads out');
    },
  );

  it('refuses shards that contradict the index or each other', () => {
    const name = 'model.safetensors.index.json';
    const missing = place({ [name]: index({ a: 'x.safetensors' }) });
    expect(() => readWeights(missing)).toThrow('x.safetensors is missing');
    const lacking = place({ [name]: index({ a: 'x.safetensors', b: 'x.safetensors' }), 'x.safetensors': one('a') });
    expect(() => readWeights(lacking)).toThrow("lacks the tensor 'b'");
    const files = { 'x.safetensors': one('a'), 'y.safetensors': one('a') };
    expect(() => readWeights(place({ [name]: index({ a: 'x.safetensors', b: 'y.safetensors' }), ...files }))).toThrow(
      'twice',
    );
    expect(() => readWeights(place(files))).toThrow('2 files of weights');
    expect(() => readWeights(place({ [name]: '{"weight_map":[]}' }))).toThrow('no map of weights');
    expect(() => readWeights(place({ [name]: index({ a: 1 }) }))).toThrow('no map of weights');
  });
});
