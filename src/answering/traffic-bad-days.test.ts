/** Thirty-two requests over two replicas, one of which misbehaves: each ends clearly, and nothing is left behind. */

import { getEventListeners, setMaxListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ask, completeWith } from '../../test/fixtures/answering-world.ts';
import { aDeployment } from '../../test/fixtures/deployment.ts';
import { scriptedClient } from '../../test/fixtures/scripted-engine.ts';
import { EngineError } from '../base/errors.ts';
import { foldEvents } from '../chat/fold.ts';
import type { Piece } from '../chat/piece.ts';
import type { EngineClient, GenerateRequest } from '../engines/engine.ts';
import type { Deployment } from '../fleet/deployment.ts';
import { allReady, stagedId, startFleet, until } from '../operating/fixtures/staged-fleet.ts';

const count = 32;
const end: Piece = {
  text: '',
  tokens: 0,
  end: 'stop',
  usage: { promptTokens: 1, completionTokens: 1, cachedTokens: 0 },
};
const word: Piece = { text: 'fine', tokens: 1 };
const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const forever = () => new Promise<never>(() => {});

type Generate = (request: GenerateRequest) => AsyncIterable<Piece>;

/** Counts what an engine has under way. */
function counted(generate: Generate) {
  const state = { busy: 0, asked: 0 };
  const client: EngineClient = {
    ...scriptedClient([], true).client,
    async *generate(request) {
      state.asked++;
      state.busy++;
      const onAbort = (): void => void state.busy--;
      request.signal.addEventListener('abort', onAbort, { once: true });
      yield* generate(request);
    },
  };
  return { client, state };
}

async function* well(): AsyncGenerator<Piece> {
  yield word;
  await rest(1);
  yield end;
}

/** Two replicas, the first as told, the second well. */
async function twoReplicas(generate: Generate, timeouts: Deployment['timeouts']) {
  const bad = counted(generate);
  const good = counted(well);
  const deployment = aDeployment({
    name: 'scripted',
    replicas: 2,
    limits: { queue: 100 },
    ...(timeouts && { timeouts }),
  });
  const clientOf = (life: number) => (life === 0 ? bad.client : good.client);
  const { fleet, roster } = startFleet(deployment, [], { slots: 4, clientOf });
  await until(fleet, allReady(2));
  return {
    fleet,
    roster,
    bad,
    good,
    complete: completeWith(roster, { maxRequests: 1_000, nowMs: () => performance.now() }),
  };
}

const question = (index: number) =>
  ask({ tools: [], caller: `caller ${index % 5}`, messages: [{ role: 'user', content: `${index}`, path: '' }] });

interface BadDay {
  readonly generate: Generate;
  readonly timeouts?: Deployment['timeouts'];
  /** The codes of those that may fail; absent = all are answered. */
  readonly code?: string;
}

const badDays: Readonly<Record<string, BadDay>> = {
  'does not begin': {
    generate: () => ({ [Symbol.asyncIterator]: () => ({ next: forever }) }),
    timeouts: { firstToken: 0.05 },
  },
  'hangs in the middle': {
    async *generate() {
      yield word;
      await forever();
    },
    timeouts: { idle: 0.05 },
    code: 'engine_timeout',
  },
  'drips and never ends': {
    async *generate({ signal }) {
      while (!signal.aborted) {
        await rest(5);
        yield word;
      }
    },
    timeouts: { total: 0.1 },
    code: 'engine_timeout',
  },
  'refuses every request': {
    generate: () => {
      throw new EngineError('engine_protocol', 'status 500');
    },
  },
  'closes before it begins': { async *generate() {} },
  'ends without a finish': {
    async *generate() {
      yield word;
    },
    code: 'engine_protocol',
  },
};

describe.each(Object.entries(badDays))('a replica that %s', (_, { generate, timeouts, code }) => {
  it('fails only what it had begun, and holds no place, no listener and nobody in line', async () => {
    const { fleet, roster, bad, good, complete } = await twoReplicas(generate, timeouts);
    const client = new AbortController();
    setMaxListeners(count, client.signal);
    const answers = await Promise.all(
      Array.from({ length: count }, (_, index) => foldEvents(complete(question(index), client.signal))),
    );
    const codes = answers.flatMap(({ error }) => error?.code ?? []);
    expect(new Set(codes)).toEqual(new Set(code === undefined ? [] : [code]));
    const answered = answers.filter(({ error }) => error === undefined);
    expect(answered.map(({ choices }) => choices[0]?.text)).toEqual(answered.map(() => 'fine'));
    expect(bad.state.asked, 'it was asked').toBeGreaterThan(0);
    expect([bad.state.busy, good.state.busy], 'under way in the engines').toEqual([0, 0]);
    expect(
      fleet.keptOf(stagedId).map(({ running }) => running),
      'places taken',
    ).toEqual([0, 0]);
    expect([roster.waiting, getEventListeners(client.signal, 'abort').length], 'left behind').toEqual([0, 0]);
  });
});

describe('a replica that only says that it is well', () => {
  it('gets three requests of a hundred, and is shown as ailing', async () => {
    const { fleet, bad, complete } = await twoReplicas(() => {
      throw new EngineError('engine_protocol', 'no');
    }, undefined);
    for (let index = 0; index < 100; index++)
      expect((await foldEvents(complete(question(index), new AbortController().signal))).error).toBeUndefined();
    expect(bad.state.asked).toBe(3);
    expect(fleet.keptOf(stagedId)[0]?.instance).toMatchObject({
      state: 'ailing',
      reason: expect.stringMatching(/no$/),
    });
  });
});

describe('clients that leave', () => {
  it('while they wait and while they are answered free everything, a thousand times', async () => {
    const { fleet, roster, bad, good, complete } = await twoReplicas(async function* ({ signal }) {
      yield word;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    }, undefined);
    for (let round = 0; round < 10; round++) {
      const clients = Array.from({ length: 100 }, () => new AbortController());
      const gone = clients.map(async ({ signal }, index) => {
        for await (const _ of complete(question(index), signal));
      });
      await rest(2);
      for (const client of clients) client.abort();
      await Promise.all(gone);
      for (const { signal } of clients) expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    }
    expect([bad.state.busy, good.state.busy], 'under way in the engines').toEqual([0, 0]);
    expect(fleet.keptOf(stagedId).map(({ running }) => running)).toEqual([0, 0]);
    expect(roster.waiting).toBe(0);
  });
});
