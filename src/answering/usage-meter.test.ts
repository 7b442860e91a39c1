/** The books of use, over a real store: what is counted, when it is written, and that nothing counts twice. */

import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../base/clock.ts';
import { EngineError, LimitError, RequestError, UnavailableError } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import type { ChatEvent } from '../chat/event.ts';
import type { ApiKey, ApiKeyId } from '../fleet/api-key.ts';
import type { Caller } from '../fleet/caller.ts';
import { quantileMs } from '../fleet/usage.ts';
import type { SessionId, User, UserId } from '../fleet/user.ts';
import { insertApiKey } from '../store/api-keys.ts';
import { findCapture, listCaptures } from '../store/captures.ts';
import { openStore, type Store } from '../store/database.ts';
import type { Db } from '../store/tables.ts';
import { sumUsage, type UsageGroup } from '../store/usage-sums.ts';
import { insertUser } from '../store/users.ts';
import { createMeter, type Meter, type MeterWorld, type Visit } from './usage-meter.ts';

const person = { name: 'ann', role: 'user', origin: 'local', isDisabled: false, createdAt: 0, revision: 1 } as const;
const owner: User = { ...person, id: 'usr_1' as UserId };
const key: ApiKey = {
  ...{ id: 'key_1' as ApiKeyId, ownerId: owner.id, name: 'k', scopes: ['inference' as const], limits: {} },
  ...{ hint: 'abcd', createdAt: 0, revision: 1 },
};
const byKey: Caller = { kind: 'key', key, owner };
const times = { createdAt: 0, expiresAt: 0, lastSeenAt: 0 };
const session = { id: 'ses_1' as SessionId, userId: owner.id, ...times, userAgent: '' };
/** Callers without a key, and whose use theirs is. */
const keylessCallers: ReadonlyArray<readonly [caller: Caller, keyId: string, userId: string]> = [
  [{ kind: 'local' }, 'local', ''],
  [{ kind: 'flag', keyHash: 'secret' }, 'flag', ''],
  [{ kind: 'session', user: owner, session }, '', 'usr_1'],
];
const noon = Date.UTC(2026, 10, 30, 12) / 1_000;
const ticket = { headers: {}, promptTokens: 40, move: () => {}, settle: () => {}, release: () => {} };

let nowMs = 0;
const clock: Clock = {
  nowMs: () => nowMs,
  unixMs: () => noon * 1_000 + nowMs,
  unixSeconds: () => noon + Math.floor(nowMs / 1_000),
};
let names = 0;
let store: Store;
let meter: Meter;
const open = (world: Partial<MeterWorld> = {}) =>
  createMeter({
    ...{ db: store.db, clock, log: silentLog, randomHex: () => String(names++).padStart(16, '0') },
    deploymentOf: (model) => (model === 'gpt' ? 'nano' : undefined),
    ...world,
  });
beforeEach(async () => {
  nowMs = 0;
  store = await openStore({ path: ':memory:', clock, log: silentLog, backupsFolder: '/nowhere' });
  await insertUser(store.db, { user: owner });
  await insertApiKey(store.db, { key, keyHash: 'h' });
  meter = await open();
  return async () => {
    await meter.close();
    await store.close();
  };
});

const start = { type: 'start', choice: 0, id: 'x' } as const;
const finish = { type: 'finish', choice: 0, reason: 'stop' } as const;
const text = (words: string): ChatEvent => ({ type: 'text-delta', choice: 0, text: words });
const usage = { type: 'usage', usage: { promptTokens: 100, completionTokens: 20, cachedTokens: 60 } } as const;
const report: ChatEvent = {
  type: 'report',
  report: { format: 'hermes', path: 'native', deployment: 'nano', queueMs: 500 },
};
const callEnd = (outcome: 'ok' | 'cut' | 'broken', mended: string[] = []): ChatEvent => ({
  ...{ type: 'call-end', choice: 0, index: 0, outcome },
  kept: { enforced: true, relaxed: [], mended },
});
const warning = (code: string, param?: string): ChatEvent => ({
  type: 'warning',
  warning: { code, message: 'so it is', ...(param !== undefined && { param }) },
});
const whole = [start, text('hi'), finish, usage, report];

/** Each event a second after the one before. */
async function* script(events: readonly ChatEvent[]): AsyncGenerator<ChatEvent> {
  for (const event of events) {
    nowMs += 1_000;
    yield event;
  }
}

interface Question extends Partial<Visit> {
  readonly events?: readonly ChatEvent[];
  /** How many events are read before the client leaves. */
  readonly reads?: number;
}

async function ask({ events = whole, reads = Infinity, ...over }: Question = {}): Promise<readonly ChatEvent[]> {
  const request = { model: 'gpt', warnings: [] };
  const visit = { caller: byKey, userAgent: 'curl/8.5.0', request, dialects: [], body: {}, ticket, ...over };
  const metering = meter.begin(visit);
  const seen: ChatEvent[] = [];
  if (reads === 0) return seen;
  for await (const event of metering.watch(script(events))) {
    metering.trace?.event(event);
    seen.push(event);
    if (seen.length >= reads) break;
  }
  return seen;
}

const sums = async (groups: readonly UsageGroup[] = [], db: Db = store.db) => {
  await meter.settle();
  const query = { from: 0, to: noon + 1e6, now: noon, interval: 'total', groups } as const;
  const { items } = await sumUsage(db, query, { page: 1, perPage: 50 });
  return items;
};

describe('an answer', () => {
  it('passes unchanged, and is on the books with tokens, calls and times', async () => {
    const events = [
      ...[start, text('hi'), callEnd('ok'), callEnd('ok', ['name']), callEnd('cut'), callEnd('broken')],
      ...[warning('call_left_out'), warning('call_cut'), finish, usage, report],
    ];
    expect(await ask({ events })).toEqual(events);
    const [sum] = await sums(['key', 'user', 'model']);
    expect(sum).toMatchObject({ keyId: 'key_1', userId: 'usr_1', model: 'nano' });
    expect(sum?.counts).toMatchObject({
      ...{ requests: 1, abandoned: 0, promptTokens: 100, completionTokens: 20, cachedTokens: 60 },
      ...{ callsValid: 1, callsMended: 1, callsCut: 2, callsFailed: 2 },
    });
    const [queue = 0, first = 0, total = 0] = (['queue', 'firstToken', 'total'] as const).map((measure) =>
      quantileMs(sum?.times[measure] ?? new Map(), 0.5),
    );
    for (const [told, exact] of [
      [queue, 500],
      [first, 2_000],
      [total, 11_000],
    ] as const)
      expect(Math.abs(told / exact - 1)).toBeLessThan(0.2);
  });

  it.each([
    [new EngineError('engine_crashed', 'x'), { failedByEngine: 1 }],
    [new LimitError('rate_limited', 'x'), { failedByLimit: 1 }],
    [new UnavailableError('model_loading', 'x'), { failedByUnavailable: 1 }],
  ])('that fails counts with who is to blame: %s', async (error, counted) => {
    await ask({ events: [{ type: 'error', error }] });
    const [sum] = await sums(['model']);
    expect(sum).toMatchObject({ model: 'nano', counts: { requests: 1, abandoned: 0, ...counted } });
  });

  it('whose client leaves costs its prompt and what was sent, as the budgets count it', async () => {
    await ask({ events: [start, text('a'), text('b'), text('c'), finish, usage], reads: 3 });
    const [sum] = await sums();
    expect(sum?.counts).toMatchObject({ requests: 1, abandoned: 1, promptTokens: 40, completionTokens: 2 });
  });

  it.each(keylessCallers)('of $kind has an owner of its own', async (caller, keyId, userId) => {
    await ask({ caller });
    expect(await sums(['key', 'user'])).toMatchObject([{ keyId, userId }]);
  });

  it('in whatever order its events come is counted once, and never breaks', async () => {
    const all: ChatEvent[] = [
      ...whole,
      callEnd('ok'),
      warning('call_cut'),
      { type: 'error', error: new EngineError('engine_timeout', 'x') },
    ];
    let asked = 0;
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(all), fc.nat(8), async (events, reads) => {
        await ask({ events, reads: reads + 1 });
        asked++;
        expect((await sums())[0]?.counts.requests).toBe(asked);
      }),
      { numRuns: 40, seed: 6 },
    );
  });
});

describe('a request that is refused', () => {
  it('is on the books; its model only where the caller may know that there is one', async () => {
    const visitor = { caller: byKey, userAgent: undefined };
    meter.refused(visitor, new LimitError('rate_limited', 'x'), 'gpt');
    meter.refused(visitor, new RequestError('model_not_found', 'x'), 'gpt');
    meter.refused(visitor, new RequestError('invalid_json', 'x'));
    expect(await sums(['model'])).toMatchObject([
      { model: '', counts: { requests: 2, failedByRequest: 2 } },
      { model: 'nano', counts: { requests: 1, failedByLimit: 1 } },
    ]);
  });
});

/** A database that fails when told to, before or after it has done what it was asked. */
function moody(db: Db, mood: { fails: 'no' | 'before' | 'after' | 'oddly' }): Db {
  const away = () => new UnavailableError('store_unavailable', 'away');
  return new Proxy(db, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== 'transaction') return typeof value === 'function' ? value.bind(target) : value;
      if (mood.fails === 'before') throw away();
      if (mood.fails === 'oddly') throw new RequestError('invalid_value', 'no store takes this');
      const inner = target.transaction();
      return () => ({
        execute: async (work: Parameters<typeof inner.execute>[0]) => {
          const result = await inner.execute(work);
          if (mood.fails === 'after') throw away();
          return result;
        },
      });
    },
  });
}

describe('while the database is away', () => {
  const mood: { fails: 'no' | 'before' | 'after' | 'oddly' } = { fails: 'no' };
  beforeEach(async () => {
    mood.fails = 'no';
    meter = await open({ db: moody(store.db, mood) });
  });

  it.each(['before', 'after'] as const)(
    'nothing is lost and nothing counts twice: it fails %s the work',
    async (when) => {
      mood.fails = when;
      await ask();
      await meter.settle();
      await ask();
      await meter.settle();
      mood.fails = 'no';
      await ask();
      expect((await sums())[0]?.counts).toMatchObject({ requests: 3, promptTokens: 300 });
      expect((await sums())[0]?.times.total.size).toBe(1);
    },
  );

  it('so many owners are told apart, and the rest are counted together', async () => {
    mood.fails = 'before';
    for (let index = 0; index < 6_000; index++) {
      const caller: Caller = { ...byKey, key: { ...key, id: `key_${index}` as ApiKeyId } };
      meter.refused({ caller, userAgent: 'curl/8' }, new LimitError('rate_limited', 'x'));
    }
    mood.fails = 'no';
    const all = await sums();
    expect(all[0]?.counts.requests).toBe(6_000);
    const query = { from: 0, to: noon + 9, now: noon, interval: 'total', groups: ['key'] } as const;
    const { items, total } = await sumUsage(store.db, query, { page: 1, perPage: 6_000 });
    expect(total).toBe(5_001);
    expect(items.find(({ keyId }) => keyId === 'other')?.counts.requests).toBe(1_000);
  });

  it('those who want it written wait for one another, and each for what was counted until they came', async () => {
    let writes = 0;
    const counting = new Proxy(store.db, {
      get(target, name) {
        if (name === 'transaction') writes++;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    meter = await open({ db: counting });
    const settled = Array.from({ length: 50 }, async () => {
      meter.refused({ caller: byKey, userAgent: '' }, new LimitError('rate_limited', 'x'));
      await meter.settle();
    });
    await Promise.all(settled);
    // One for the books and one for the clients, twice; the rest is the first day's tidying.
    expect(writes).toBeLessThan(8);
    expect((await sums())[0]?.counts.requests).toBe(50);
  });

  it('what no store will ever take does not stop the books', async () => {
    mood.fails = 'oddly';
    await ask();
    await meter.settle();
    mood.fails = 'no';
    await ask();
    expect((await sums())[0]?.counts.requests).toBe(1);
  });
});

describe('the ledger of clients', () => {
  it('knows who asked and what was adapted, and knows it after a restart', async () => {
    const request = { model: 'gpt', warnings: [{ code: 'ignored_field', message: 'm', param: 'user' }] };
    await ask({
      request,
      dialects: ['functions'],
      events: [start, warning('tool_renamed', 'tools'), ...whole.slice(1)],
    });
    await ask();
    await meter.close();
    meter = await open();
    expect(meter.clients).toMatchObject([{ name: 'curl 8.5.0', requests: 2 }]);
    expect(Object.fromEntries(meter.clients[0]?.deviations ?? [])).toEqual({
      ...{ functions: 1, 'ignored_field user': 1, tool_renamed: 1 },
    });
  });

  it('is bounded, whatever clients call themselves and send', async () => {
    const refuse = (userAgent: string) =>
      meter.refused({ caller: byKey, userAgent }, new RequestError('not_found', 'x'));
    for (let index = 0; index < 700; index++) {
      nowMs += 1_000;
      refuse(`client${index}/1`);
    }
    const warnings = Array.from({ length: 200 }, (_, index) => ({
      code: 'ignored_field',
      message: '',
      param: `f${index}`,
    }));
    await ask({ request: { model: 'gpt', warnings }, userAgent: 'odd/1' });
    await meter.close();
    meter = await open();
    expect(meter.clients).toHaveLength(500);
    expect(meter.clients[0]?.name).toBe('odd 1');
    expect(meter.clients[0]?.deviations.size).toBe(64);
    expect(meter.clients.at(-1)?.name).toBe('client201 1');
  });
});

describe('a capture', () => {
  const captured: ApiKey = { ...key, capture: {} };
  const caller: Caller = { ...byKey, key: captured };
  const body = { model: 'gpt', messages: [{ role: 'user', content: 'hello' }] };
  const listed = async () => {
    await meter.settle();
    return (await listCaptures(store.db, key.id, { page: 1, perPage: 50 })).items;
  };

  it('is made of keys that want it, and of no other', async () => {
    await ask({ body });
    await ask({ body, caller: { kind: 'local' } });
    expect(await listed()).toEqual([]);
    await ask({ body, caller });
    const [one] = await listed();
    expect(one).toMatchObject({
      model: 'gpt',
      outcome: 'stop',
      promptTokens: 100,
      completionTokens: 20,
      durationMs: 5_000,
    });
    const found = one && (await findCapture(store.db, one.id));
    expect(JSON.parse(found?.transcript ?? '')).toMatchObject({
      request: body,
      isCut: false,
      answer: { choices: [{ text: 'hi', calls: [], finish: 'stop' }] },
    });
  });

  it('is made of so many at once, and of others again once those are over', async () => {
    const metering = Array.from({ length: 70 }, () =>
      meter.begin({ caller, userAgent: '', request: { model: 'gpt', warnings: [] }, dialects: [], body, ticket }),
    );
    const traced = metering.filter(({ trace }) => trace !== undefined);
    expect(traced).toHaveLength(64);
    for (const { watch } of traced) for await (const _ of watch(script([]))) expect.fail('there are no events');
    await ask({ caller });
    expect(await listed()).toHaveLength(50);
  });
});
