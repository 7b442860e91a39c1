/** Limits of keys and deployments, over a real store. */

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../base/clock.ts';
import { isAppError, UnavailableError } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import type { ChatEvent } from '../chat/event.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { ApiKey, ApiKeyId, KeyLimits } from '../fleet/api-key.ts';
import type { Caller } from '../fleet/caller.ts';
import { completeSpec, type Deployment, type DeploymentId } from '../fleet/deployment.ts';
import type { User, UserId } from '../fleet/user.ts';
import { insertApiKey } from '../store/api-keys.ts';
import { openStore, type Store } from '../store/database.ts';
import { keyUsage } from '../store/key-usage.ts';
import { insertUser } from '../store/users.ts';
import { type Admission, createAdmission, type Ticket } from './admission.ts';
import { durationOf } from './admission-gauge.ts';
import { metered } from './admission-metered.ts';
import { findDeployments } from './admission-model.ts';

const owner: User = {
  id: 'usr_1' as UserId,
  name: 'ann',
  role: 'user',
  origin: 'local',
  isDisabled: false,
  createdAt: 0,
  revision: 1,
};
const keyId = 'key_1' as ApiKeyId;
const local: Caller = { kind: 'local' };
/** 12 bytes of text and a message: 3 + 4 tokens. */
const request: ChatRequest = {
  model: 'nano',
  messages: [{ role: 'user', content: 'twelve bytes', path: 'messages[0]' }],
  tools: [],
  toolChoice: { type: 'auto' },
  parallelCalls: true,
  sampling: { maxTokens: 93 },
  stop: [],
  templateVariables: {},
  warnings: [],
};
const noon = Date.UTC(2026, 10, 30, 12) / 1000;

let nowMs = 0;
const clock: Clock = {
  nowMs: () => nowMs,
  unixMs: () => noon * 1000 + nowMs,
  unixSeconds: () => noon + Math.floor(nowMs / 1000),
};
let store: Store;
let admission: Admission;

beforeEach(async () => {
  nowMs = 0;
  store = await openStore({ path: ':memory:', clock, log: silentLog, backupsFolder: '/nowhere' });
  await insertUser(store.db, { user: owner });
  await insertApiKey(store.db, { key: keyWith({}), keyHash: 'hash' });
  admission = await createAdmission({ db: store.db, clock, log: silentLog });
});

afterEach(async () => {
  await admission.close();
  await store.close();
});

describe('a key', () => {
  it('without limits is never refused and told nothing', () => {
    const ticket = admission.admit(byKey({}), [deploymentWith()], request);
    expect(ticket.headers).toEqual({});
    for (let i = 0; i < 1_000; i++) admission.admit(byKey({}), [deploymentWith()], request).release();
  });

  it('has so many requests a minute, and is told how many are left', () => {
    const caller = byKey({ requestsPerMinute: 3 });
    const headers = [1, 2, 3].map(() => admission.admit(caller, [deploymentWith()], request).headers);
    expect(headers.map((one) => one['x-ratelimit-remaining-requests'])).toEqual(['2', '1', '0']);
    expect(headers[2]).toEqual({
      'x-ratelimit-limit-requests': '3',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '1m1s',
    });
    expect(refusal(caller)).toEqual(['rate_limited', 61]);
    expect(admission.headers(caller, deploymentWith())).toEqual(headers[2]);
    nowMs = 61_000;
    expect(refusal(caller)).toBe('in');
  });

  it('has so many requests at once', () => {
    const caller = byKey({ concurrency: 2 });
    const [first] = [1, 2].map(() => admission.admit(caller, [deploymentWith()], request));
    expect(refusal(caller)).toEqual(['rate_limited', 1]);
    first?.release();
    expect(refusal(caller)).toBe('in');
    first?.release();
    admission.admit(caller, [deploymentWith()], request);
    expect(refusal(caller)).toEqual(['rate_limited', 1]);
  });

  it('sets aside what a request may cost, and gives back what it did not', () => {
    const caller = byKey({ tokensPerMinute: 250 });
    const tickets = [1, 2].map(() => admission.admit(caller, [deploymentWith()], request));
    expect(tickets[1]?.headers['x-ratelimit-remaining-tokens']).toBe('50');
    expect(refusal(caller)).toEqual(['rate_limited', 61]);
    settle(tickets[0], 7, 3);
    settle(tickets[1], 7, 93);
    expect(admission.headers(caller, deploymentWith())['x-ratelimit-remaining-tokens']).toBe('140');
    expect(refusal(caller)).toBe('in');
  });

  it('is told at once when a request never fits', () => {
    expect(refusal(byKey({ tokensPerMinute: 99 }))).toEqual(['rate_limited', undefined]);
    expect(refusal(byKey({ tokensPerMinute: 100 }))).toBe('in');
  });

  it('has tokens a day, which come back the next day', async () => {
    const caller = byKey({ tokensPerDay: 150 });
    settle(admission.admit(caller, [deploymentWith()], request), 7, 50);
    expect(refusal(caller)).toEqual(['quota_exceeded', 12 * 3600]);
    nowMs = 12 * 3_600_000;
    expect(refusal(caller)).toBe('in');
  });

  it('has tokens a month and in all', () => {
    settle(admission.admit(byKey({}), [deploymentWith()], request), 7, 93);
    expect(refusal(byKey({ tokensPerMonth: 199 }))).toEqual(['quota_exceeded', 12 * 3600]);
    nowMs = 13 * 3_600_000;
    expect(refusal(byKey({ tokensPerMonth: 199 }))).toBe('in');
    expect(refusal(byKey({ tokensPerLifetime: 199 }))).toEqual(['quota_exceeded', undefined]);
  });

  it('counts what is under way against its day', () => {
    const caller = byKey({ tokensPerDay: 199 });
    const ticket = admission.admit(caller, [deploymentWith()], request);
    expect(refusal(caller)).toEqual(['quota_exceeded', 12 * 3600]);
    ticket.release();
    expect(refusal(caller)).toBe('in');
  });

  it('is counted in the store, and goes on from there after a start', async () => {
    settle(admission.admit(byKey({}), [deploymentWith()], request), 7, 50);
    await admission.close();
    expect(await keyUsage(store.db, keyId)).toEqual(
      ['2026-11', '2026-11-30', 'lifetime'].map((period) => ({ keyId, period, requests: 1, tokens: 57 })),
    );
    admission = await createAdmission({ db: store.db, clock, log: silentLog });
    expect(refusal(byKey({ tokensPerLifetime: 156 }))).toEqual(['quota_exceeded', undefined]);
    expect(refusal(byKey({ tokensPerLifetime: 157 }))).toBe('in');
  });

  it('does not pay for a request that the deployment refuses', () => {
    const busy = deploymentWith({ concurrency: 1 });
    const caller = byKey({ requestsPerMinute: 2, tokensPerDay: 200 });
    admission.admit(local, [busy], request);
    expect(refusal(caller, busy)).toEqual(['rate_limited', 1]);
    expect(admission.headers(caller, busy)['x-ratelimit-remaining-requests']).toBe('2');
    const tickets = [1, 2].map(() => admission.admit(caller, [deploymentWith({}, 'dep_2')], request));
    expect(tickets).toHaveLength(2);
  });
});

describe('a deployment', () => {
  it('has limits for all callers together', () => {
    const deployment = deploymentWith({ requestsPerMinute: 2 });
    admission.admit(local, [deployment], request);
    expect(admission.admit(byKey({}), [deployment], request).headers['x-ratelimit-remaining-requests']).toBe('0');
    expect(refusal(local, deployment)).toEqual(['rate_limited', 61]);
    expect(refusal(local, deploymentWith({ requestsPerMinute: 2 }, 'dep_2'))).toBe('in');
  });
});

describe('deployments behind one name', () => {
  const [first, second] = [deploymentWith({ concurrency: 1 }), deploymentWith({ requestsPerMinute: 1 }, 'dep_2')];
  const behind = [first, second];

  it('are taken in turn as far as their limits allow, and refuse together, with the shorter wait', () => {
    const tickets = [1, 2].map(() => admission.admit(local, behind, request));
    expect([refusal(local, first), refusal(local, second)]).toEqual([
      ['rate_limited', 1],
      ['rate_limited', 61],
    ]);
    expect(() => admission.admit(local, behind, request)).toThrow(
      expect.objectContaining({ detail: { retryAfter: 1 } }),
    );
    expect(() => admission.admit(local, [second, first], request)).toThrow(/allows 1 requests at once/);
    tickets[0]?.release();
    expect(refusal(local, first)).toBe('in');
    expect(refusal(local, second)).toEqual(['rate_limited', 61]);
  });

  it('count a request where it is asked, and its key once', () => {
    const key = byKey({ requestsPerMinute: 2, concurrency: 1 });
    const ticket = admission.admit(key, behind, request);
    ticket.move(first);
    ticket.move(second);
    expect(refusal(local, first)).toBe('in');
    expect(refusal(local, second)).toEqual(['rate_limited', 61]);
    expect(admission.headers(key, first)['x-ratelimit-remaining-requests']).toBe('1');
    expect(refusal(key, first)).toEqual(['rate_limited', 1]);
    ticket.release();
    ticket.move(first);
    expect([refusal(local, first), refusal(key, first), refusal(key, first)]).toEqual([
      'in',
      'in',
      ['rate_limited', 61],
    ]);
  });

  it('keep a request that the next one refuses', () => {
    const busy = admission.admit(local, [first], request);
    const ticket = admission.admit(local, [second], request);
    expect(() => ticket.move(first)).toThrow(/allows 1 requests at once/);
    busy.release();
    ticket.release();
    expect(refusal(local, first)).toBe('in');
  });
});

describe('any run of requests', () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ type: fc.constant('ask' as const), maxTokens: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ type: fc.constant('end' as const), which: fc.nat(20), spent: fc.double({ min: 0, max: 1 }) }),
      fc.record({ type: fc.constant('wait' as const), ms: fc.nat(30_000) }),
    ),
    { maxLength: 80 },
  );

  it('stays within every limit, and leaves nothing behind', async () => {
    const limits = { requestsPerMinute: 12, tokensPerMinute: 300, concurrency: 4, tokensPerLifetime: 900 };
    const property = fc.asyncProperty(steps, async (sequence) => {
      nowMs = 0;
      const fresh = await createAdmission({ db: store.db, clock, log: silentLog });
      const running: { ticket: Ticket; most: number; atMs: number }[] = [];
      const spent: { atMs: number; tokens: number }[] = [];
      const asked: number[] = [];
      for (const step of sequence) {
        if (step.type === 'wait') nowMs += step.ms;
        if (step.type === 'ask') {
          const asking = { ...request, sampling: { maxTokens: step.maxTokens } };
          const ticket = tryToAdmit(fresh, asking, limits);
          if (ticket !== undefined) {
            running.push({ ticket, most: 7 + step.maxTokens, atMs: nowMs });
            asked.push(nowMs);
          }
        }
        if (step.type === 'end') {
          const [ended] = running.splice(step.which % Math.max(1, running.length), 1);
          if (ended === undefined) continue;
          const tokens = Math.floor(ended.most * step.spent);
          settle(ended.ticket, 0, tokens);
          spent.push({ atMs: ended.atMs, tokens });
        }
        expect(running.length).toBeLessThanOrEqual(limits.concurrency);
        const all = [...spent, ...running.map(({ atMs, most }) => ({ atMs, tokens: most }))];
        expect(sum(all.map(({ tokens }) => tokens))).toBeLessThanOrEqual(limits.tokensPerLifetime);
        const minute = all.filter(({ atMs }) => atMs > nowMs - 60_000);
        expect(sum(minute.map(({ tokens }) => tokens))).toBeLessThanOrEqual(limits.tokensPerMinute);
        expect(asked.filter((atMs) => atMs > nowMs - 60_000).length).toBeLessThanOrEqual(limits.requestsPerMinute);
      }
      for (const { ticket } of running) ticket.release();
      nowMs += 61_000;
      const roomy = { ...limits, tokensPerMinute: 400, tokensPerLifetime: 1_000_000 };
      const four = [1, 2, 3, 4].map(() => tryToAdmit(fresh, request, roomy));
      expect(four).not.toContain(undefined);
      await fresh.close();
      await store.db.deleteFrom('keyUsage').execute();
    });
    await fc.assert(property, { seed: 53, numRuns: 100 });
  });
});

describe('counters', () => {
  it('wait in memory while the store is away', async () => {
    settle(admission.admit(byKey({}), [deploymentWith()], request), 7, 50);
    await store.db.schema.alterTable('keyUsage').renameTo('gone').execute();
    await admission.close();
    expect(refusal(byKey({ tokensPerDay: 156 }))).toEqual(['quota_exceeded', 12 * 3600]);
    await store.db.schema.alterTable('gone').renameTo('keyUsage').execute();
    await admission.close();
    expect((await keyUsage(store.db, keyId)).map(({ tokens }) => tokens)).toEqual([57, 57, 57]);
  });
});

describe('metered', () => {
  const text = (value: string): ChatEvent => ({ type: 'text-delta', choice: 0, text: value });
  const left = () => Number(admission.headers(caller, deploymentWith())['x-ratelimit-remaining-tokens']);
  const caller = byKey({ tokensPerMinute: 1_000 });

  it('takes the cost from the usage', async () => {
    const usage: ChatEvent = { type: 'usage', usage: { promptTokens: 10, completionTokens: 20, cachedTokens: 0 } };
    const events = metered(eventsOf([text('a'), usage]), admission.admit(caller, [deploymentWith()], request));
    expect(left()).toBe(900);
    expect(await readAll(events)).toEqual([text('a'), usage]);
    expect(left()).toBe(970);
  });

  it('counts what was sent when the reader leaves', async () => {
    const events = metered(
      eventsOf([text('a'), text('b'.repeat(40)), text('c')]),
      admission.admit(caller, [deploymentWith()], request),
    );
    await events.next();
    await events.next();
    await events.return(undefined);
    expect(left()).toBe(1_000 - 7 - 11);
  });

  it('costs nothing if it never began', async () => {
    const error: ChatEvent = { type: 'error', error: new UnavailableError('model_failed', 'no') };
    await readAll(metered(eventsOf([error]), admission.admit(caller, [deploymentWith()], request)));
    expect(left()).toBe(1_000);
  });
});

describe('models of a key', () => {
  const served = [deploymentWith(), { ...deploymentWith({}, 'dep_2'), name: 'secret', aliases: ['hidden'] }];
  const roster = {
    behind: (name: string) => served.filter((one) => one.name === name || one.aliases.includes(name)),
    deployments: () => served,
    routes: () => [],
  };
  const message = (caller: Caller, name: string) => {
    try {
      return findDeployments(roster, caller, { model: name, affinity: '' })[0].id;
    } catch (thrown) {
      return isAppError(thrown) ? thrown.message : 'broken';
    }
  };

  it('are found by name and alias', () => {
    expect(message(local, 'hidden')).toBe('dep_2');
    expect(message(local, 'none')).toBe("The model 'none' does not exist here. Served: 'nano', 'secret', 'hidden'.");
  });

  it('are none for a key that only manages', () => {
    const caller: Caller = { kind: 'key', key: { ...keyWith({}), scopes: ['management'] }, owner };
    expect(message(caller, 'nano')).toMatch(/lacks the scope 'inference'/);
    expect(message(caller, 'absent')).toBe(message(caller, 'nano'));
  });

  it('hide the others, in the same words', () => {
    const caller: Caller = { kind: 'key', key: { ...keyWith({}), allowedModels: ['nano'] }, owner };
    expect(message(caller, 'nano')).toBe('dep_1');
    expect(message(caller, 'secret')).toBe("The model 'secret' does not exist here. Served: 'nano'.");
    expect(message(caller, 'absent')).toBe("The model 'absent' does not exist here. Served: 'nano'.");
  });
});

it('writes durations as OpenAI does', () => {
  const times = [0, 6, 999.2, 1_000, 7_660, 59_994, 59_999, 60_000, 360_000];
  expect(times.map(durationOf)).toEqual(['0ms', '6ms', '1000ms', '1s', '7.66s', '1m0s', '1m0s', '1m0s', '6m0s']);
});

function keyWith(limits: KeyLimits): ApiKey {
  const facts = { id: keyId, ownerId: owner.id, name: 'k', hint: 'abcd', createdAt: 0, revision: 1 };
  return { ...facts, scopes: ['inference'], limits };
}

function byKey(limits: KeyLimits): Caller {
  return { kind: 'key', key: keyWith(limits), owner };
}

function deploymentWith(limits: Deployment['limits'] = {}, id = 'dep_1'): Deployment {
  const spec = completeSpec({ source: { kind: 'bundled' }, name: 'nano', limits });
  const times = { createdAt: 0, updatedAt: 0, revision: 1, instanceRevision: 1 };
  return { ...spec, ...times, id: id as DeploymentId, declaredBy: 'store', isStopped: false };
}

function refusal(caller: Caller, deployment = deploymentWith()) {
  try {
    admission.admit(caller, [deployment], request).release();
    return 'in';
  } catch (thrown) {
    return isAppError(thrown) ? [thrown.code, thrown.detail.retryAfter] : thrown;
  }
}

function tryToAdmit(to: Admission, asking: ChatRequest, limits: KeyLimits): Ticket | undefined {
  try {
    return to.admit(byKey(limits), [deploymentWith()], asking);
  } catch (thrown) {
    expect(isAppError(thrown) && thrown.kind).toBe('limit');
    return undefined;
  }
}

function settle(ticket: Ticket | undefined, promptTokens: number, completionTokens: number): void {
  ticket?.settle({ promptTokens, completionTokens });
  ticket?.release();
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

async function* eventsOf(events: readonly ChatEvent[]): AsyncGenerator<ChatEvent> {
  yield* events;
}

async function readAll(events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const all: ChatEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}
