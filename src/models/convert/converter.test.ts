import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { findKin } from '../catalog/catalog.ts';
import { loadCatalog } from '../catalog/load-catalog.ts';
import { readModel } from '../read-model.ts';
import { type ConversionListener, createConverter } from './converter.ts';

const fixtures = fileURLToPath(new URL('../../../test/convert/fixtures/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'aimindserve-converter-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every look at it is a second later, so that progress is due at once. */
function steps(): { nowMs(): number; unixMs(): number; unixSeconds(): number } {
  let ms = 0;
  const tick = (): number => {
    ms += 1_000;
    return ms;
  };
  return { nowMs: tick, unixMs: tick, unixSeconds: tick };
}

function open(freeDisk = 2 ** 40) {
  const home = mkdtempSync(join(folder, 'out-'));
  const converter = createConverter({
    folder: home,
    clock: steps(),
    freeMemory: () => 2 ** 40,
    readyGguf: (name) => findKin(catalog, name)?.name,
    freeDisk: async () => freeDisk,
  });
  const said: string[] = [];
  const shares: number[] = [];
  const listener: ConversionListener = {
    onPlan: (words) => said.push(words),
    onProgress: ({ bytesDone, bytesTotal = 0 }) => shares.push(bytesDone / bytesTotal),
  };
  return { home, converter, said, shares, listener };
}

function source(family: string): string {
  const home = mkdtempSync(join(folder, `${family}-`));
  cpSync(join(fixtures, family), home, { recursive: true });
  return home;
}

const catalog = loadCatalog();
const never = new AbortController().signal;
const filesIn = (home: string) =>
  readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(gguf|part)/.test(name));

describe('converter', () => {
  it.each(['llama3', 'qwen2', 'qwen3'])(
    'makes a file of %s that is read as a model, and finds it again',
    async (family) => {
      const { converter, home, said, shares, listener } = open();
      const from = source(family);
      expect(converter.find(from)).toBeUndefined();
      const path = await converter.take(from, listener, never);
      expect(converter.find(from)).toBe(path);
      expect(await converter.take(from, listener, never)).toBe(path);
      expect(said).toHaveLength(1);
      expect(said[0]).toMatch(/^converting \w+ForCausalLM to GGUF B?F16, once \(.* on the disk, .* of memory to serve/);
      expect(shares.length).toBeGreaterThan(10);
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(filesIn(home)).toHaveLength(1);
      const model = readModel(path);
      expect(model).toMatchObject({
        name: basename(from),
        trainedContext: 512,
        architecture: family === 'llama3' ? 'llama' : family,
      });
      expect(model.specialTokens.length).toBeGreaterThan(2);
    },
  );

  it('converts once for two who ask at once', async () => {
    const { converter, said, listener } = open();
    const from = source('qwen2');
    const [one, two] = await Promise.all([
      converter.take(from, listener, never),
      converter.take(from, listener, never),
    ]);
    expect(one).toBe(two);
    expect(said.map((words) => words.split(' ')[0])).toEqual(['waiting', 'converting']);
  });

  it('converts anew when a file changed, and drops what was before', async () => {
    const { converter, home, listener } = open();
    const from = source('qwen2');
    const before = await converter.take(from, listener, never);
    utimesSync(join(from, 'model.safetensors'), 1, 1);
    expect(converter.find(from)).toBeUndefined();
    const after = await converter.take(from, listener, never);
    expect(after).not.toBe(before);
    expect(existsSync(before)).toBe(false);
    expect(filesIn(home)).toHaveLength(1);
  });

  it('notices a file that was changed and given its old time', async () => {
    const { converter, listener } = open();
    const from = source('qwen2');
    const before = await converter.take(from, listener, never);
    const path = join(from, 'model.safetensors');
    const { atime, mtime } = statSync(path);
    const weights = readFileSync(path);
    weights.writeUInt8(weights.readUInt8(weights.length - 1) ^ 1, weights.length - 1);
    writeFileSync(path, weights);
    utimesSync(path, atime, mtime);
    expect(converter.find(from)).toBeUndefined();
    const after = await converter.take(from, listener, never);
    expect(readFileSync(after)).not.toEqual(Buffer.alloc(0));
    expect(after).not.toBe(before);
  });

  it('sweeps away what a killed server left, and nothing else', async () => {
    const { converter, home, listener } = open();
    const whole = await converter.take(source('qwen2'), listener, never);
    mkdirSync(join(home, 'place', 'state'), { recursive: true });
    writeFileSync(join(home, 'place', 'state', 'x.gguf.part'), 'half');
    await converter.sweep();
    expect(filesIn(home).map((name) => join(home, name))).toEqual([whole]);
  });

  it('leaves nothing behind when it is ended, and the other who waits goes on', async () => {
    const { converter, home, said, listener } = open();
    const from = source('llama3');
    const ended = new AbortController();
    const first = converter.take(from, { ...listener, onProgress: () => ended.abort() }, ended.signal);
    const second = converter.take(from, listener, never);
    await expect(first).rejects.toThrow('aborted');
    const path = await second;
    expect(filesIn(home)).toHaveLength(1);
    expect(readModel(path).sizeBytes).toBeGreaterThan(10_000);
    expect(said.filter((words) => words.startsWith('converting'))).toHaveLength(2);
    const alone = source('llama3');
    const gone = new AbortController();
    await expect(converter.take(alone, { ...listener, onProgress: () => gone.abort() }, gone.signal)).rejects.toThrow(
      'aborted',
    );
    expect(filesIn(home)).toHaveLength(1);
  });

  it('says how much disk it needs before it writes', async () => {
    const { converter, home, listener } = open(1_000_000);
    await expect(converter.take(source('qwen2'), listener, never)).rejects.toMatchObject({
      code: 'disk_full',
      message: expect.stringMatching(/268\.\d MB more are needed .* 1\.0 MB are free/),
    });
    expect(filesIn(home)).toEqual([]);
  });

  it('refuses weights that change under its hands', async () => {
    const { converter, home, listener } = open();
    const from = source('qwen2');
    const meddle = () => writeFileSync(join(from, 'generation_config.json'), '{"top_k": 1}');
    await expect(converter.take(from, { ...listener, onProgress: meddle }, never)).rejects.toThrow('changed while');
    expect(filesIn(home)).toEqual([]);
  });

  it('says in a whole sentence why it cannot, and what to take', async () => {
    const { converter, listener } = open();
    const from = source('qwen2');
    const config: unknown = JSON.parse(readFileSync(join(from, 'config.json'), 'utf8'));
    writeFileSync(
      join(from, 'config.json'),
      JSON.stringify(Object.assign(config ?? {}, { architectures: ['PhiForCausalLM'] })),
    );
    await expect(converter.take(from, listener, never)).rejects.toMatchObject({
      code: 'model_unusable',
      message: expect.stringMatching(/cannot be converted to GGUF: its architecture is "PhiForCausalLM".*vLLM.*-GGUF/s),
    });
    expect(() => converter.plan(from)).toThrow('PhiForCausalLM');
    expect(converter.plan(source('qwen2'))).toMatchObject({ type: 'BF16' });
  });

  it('names the engine that runs what it cannot convert, and a ready GGUF where the catalogue has one', async () => {
    const { converter } = open();
    const from = join(mkdtempSync(join(folder, 'named-')), 'Qwen3-8B-AWQ');
    cpSync(join(fixtures, 'qwen3'), from, { recursive: true });
    const write = (values: object) => {
      const config: unknown = JSON.parse(readFileSync(join(fixtures, 'qwen3', 'config.json'), 'utf8'));
      writeFileSync(join(from, 'config.json'), JSON.stringify(Object.assign(config ?? {}, values)));
    };
    write({ quantization_config: { quant_method: 'awq' } });
    await expect(converter.check(from)).rejects.toThrow(/quantised already \(awq\).*vLLM opens.*--model qwen3-8b\.$/s);
    write({ auto_map: { AutoModel: 'evil.Model' } });
    await expect(converter.check(from)).rejects.toThrow(
      /never run\.\nTake the ready GGUF of the catalogue: --model qwen3-8b\.$/s,
    );
    write({});
    rmSync(join(from, 'model.safetensors.index.json'));
    for (const name of readdirSync(from)) if (name.endsWith('.safetensors')) rmSync(join(from, name));
    await expect(converter.check(from), 'the weights need not be there').resolves.toBeUndefined();
  });

  it('lets others be served while it reads and writes', async () => {
    const { converter, listener } = open();
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await converter.take(source('llama3'), listener, never);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });
});
