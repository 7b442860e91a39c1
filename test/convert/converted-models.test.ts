import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { embeddedEngine } from '../../src/engines/embedded/embedded.ts';
import type { EngineClient } from '../../src/engines/engine.ts';
import { unconstrained } from '../../src/grammar/constraint.ts';
import { createConverter } from '../../src/models/convert/converter.ts';
import { planConversion } from '../../src/models/convert/plan-conversion.ts';
import { readModel } from '../../src/models/read-model.ts';

interface Expected {
  readonly special: readonly number[];
  readonly texts: ReadonlyArray<{ readonly text: string; readonly ids: readonly number[] }>;
  readonly logits: ReadonlyArray<{
    readonly prompt: string;
    readonly ids: readonly number[];
    /** The likeliest tokens' bytes (none for an id without token), with the logarithms of their probabilities. */
    readonly top: ReadonlyArray<readonly [string, number]>;
  }>;
}

const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'aimindserve-convert-'));
const children: ChildProcess[] = [];
let sockets = 0;

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.stdin?.end();
    await once(child, 'exit');
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function serve(family: string, freeBytes: number): Promise<EngineClient> {
  const converter = createConverter({
    folder: join(folder, `models-${freeBytes}`),
    clock: systemClock,
    freeMemory: () => freeBytes,
    readyGguf: () => undefined,
    freeDisk: async () => 2 ** 40,
  });
  const listener = { onPlan: () => {}, onProgress: () => {} };
  const path = await converter.take(join(fixtures, family), listener, new AbortController().signal);
  const address = { socketPath: join(folder, `${++sockets}.sock`), token: 'secret' };
  const slot = {
    parallel: 1,
    gpu: 'off',
    contextSize: 512,
    threads: 1,
    environment: {},
    notes: [],
    passed: [],
    devices: [],
  } as const;
  const plan = embeddedEngine.plan(readModel(path), { ...slot, address });
  const environment = { ...process.env, ...plan.environment };
  const child = spawn(plan.command, [...plan.arguments], { stdio: ['pipe', 'ignore', 'ignore'], env: environment });
  child.stdin?.on('error', () => {});
  child.stdin?.write(plan.input);
  children.push(child);
  return embeddedEngine.connect(address, AbortSignal.timeout(30_000));
}

/** What is likeliest to follow, by its bytes in hexadecimal. */
async function likeliest(
  client: EngineClient,
  { ids, special }: Pick<Expected, 'special'> & { readonly ids: readonly number[] },
): Promise<Map<string, number>> {
  const request = {
    tokens: Int32Array.from(ids),
    constraint: unconstrained,
    // An end of the turn is told without what was likely; the bias does not show in the numbers.
    sampling: { temperature: 0, maxTokens: 1, topLogprobs: 20, logitBias: new Map(special.map((id) => [id, -100])) },
    signal: new AbortController().signal,
  };
  for await (const { logprobs } of client.generate(request))
    for (const { top } of logprobs ?? [])
      return new Map(top.map((one) => [Buffer.from(one.bytes).toString('hex'), one.logprob]));
  return new Map();
}

function readExpected(family: string): Expected {
  return JSON.parse(readFileSync(join(fixtures, family, 'expected.json'), 'utf8'));
}

/** How far logarithms of probabilities may be off: the processor multiplies in the precision of the weights. */
const tolerance = { F16: 0.02, BF16: 0.12, Q8_0: 0.6 };
const plenty = 2 ** 40;

/** A byte less of memory than the checkpoint's own precision needs. */
function tight(family: string): number {
  const { memoryBytes } = planConversion(join(fixtures, family), { memoryBytes: plenty, diskBytes: plenty });
  return memoryBytes - 1;
}

describe.each(['llama3', 'qwen2', 'qwen3'])('a converted %s model', (family) => {
  const { texts, logits, special } = readExpected(family);

  it('has the token ids of the reference for every text', async () => {
    const client = await serve(family, plenty);
    const [begin] = family === 'llama3' ? await client.tokenize([{ text: '', trusted: true }]) : [];
    for (const { text, ids } of texts) {
      const own = [...(await client.tokenize([{ text, trusted: true }]))];
      const whole = begin === undefined || ids[0] === begin ? ids : [begin, ...ids];
      expect({ text, ids: own }).toEqual({ text, ids: whole });
    }
  });

  it.each(['wide', 'q8_0'] as const)('finds what the reference finds likely (%s)', async (precision) => {
    const client = await serve(family, precision === 'wide' ? plenty : tight(family));
    for (const { prompt, ids, top } of logits) {
      const own = [...(await client.tokenize([{ text: prompt, trusted: true }]))];
      expect(own).toEqual(ids);
      const found = await likeliest(client, { ids, special });
      // The last of the twenty may change places with the next, with eight bits a weight those before them too.
      for (const [bytes, logprob] of top
        .slice(0, precision === 'wide' ? 15 : 3)
        .filter(([written]) => written !== '')) {
        const off = Math.abs((found.get(bytes) ?? Number.NaN) - logprob);
        expect(off).toBeLessThan(tolerance[precision === 'q8_0' ? 'Q8_0' : family === 'qwen2' ? 'BF16' : 'F16']);
      }
    }
  });
});
