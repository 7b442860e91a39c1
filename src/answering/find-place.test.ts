/** Which replica answers when others fail, and what the client sees of it. */

import { describe, expect, it } from 'vitest';
import { ask, completeWith } from '../../test/fixtures/answering-world.ts';
import { aDeployment } from '../../test/fixtures/deployment.ts';
import { type Script, scriptedClient, scriptedSpec } from '../../test/fixtures/scripted-engine.ts';
import { type AppError, EngineError, LimitError, RequestError, UnavailableError } from '../base/errors.ts';
import { foldEvents } from '../chat/fold.ts';
import type { EngineClient } from '../engines/engine.ts';
import type { Candidate, Outcome, Roster } from '../engines/roster.ts';
import type { Deployment, DeploymentId } from '../fleet/deployment.ts';
import type { InstanceId } from '../fleet/instance.ts';

const well: Script = { chunks: ['fine'] };
const crashing: Script = { chunks: [], end: 'crash' };

/** An engine that refuses every request. */
const refusing = (error: AppError): EngineClient => ({
  ...scriptedClient([], true).client,
  generate: () => {
    throw error;
  },
});

const engineOf = (script: Script | AppError): EngineClient =>
  'chunks' in script ? scriptedClient([script], true).client : refusing(script);

/** A roster that gives out replicas in order, as often as they are asked for, and counts what comes back. */
function replicas(...scripts: readonly (Script | AppError)[]) {
  const deployment = aDeployment({ name: 'scripted' });
  const spec = scriptedSpec('');
  const all = scripts.map((script, index) => ({ instance: `ins_${index}` as InstanceId, client: engineOf(script) }));
  const outcomes: (string | undefined)[] = [];
  const wishes: (string | undefined)[] = [];
  let out = 0;
  const roster: Roster = {
    find: () => deployment,
    behind: () => [deployment],
    deployments: () => [deployment],
    routes: () => [],
    async acquire(_, _signal, { except, tell, affinity } = {}): Promise<Candidate> {
      wishes.push(affinity);
      tell?.({ type: 'progress', stage: 'queued', position: 1 });
      await Promise.resolve();
      const next = all.find(({ instance }) => !except?.has(instance));
      if (next === undefined) throw new UnavailableError('model_loading', 'There is no other.');
      out++;
      const release = (outcome?: Outcome): void => {
        out--;
        outcomes.push(outcome === 'answered' ? outcome : outcome?.code);
      };
      return { ...next, deployment, spec, release };
    },
  };
  return { roster, outcomes, wishes, out: () => out };
}

const patience = new AbortController().signal;
const crashed = new EngineError('engine_crashed', 'It broke.');

describe('a request whose replica fails before it has said anything', () => {
  it.each<[string, readonly (Script | AppError)[], readonly string[]]>([
    ['at once', [crashed, well], ['engine_crashed', 'answered']],
    ['by closing early', [crashing, well], ['engine_protocol', 'answered']],
    ['twice', [crashed, crashing, well], ['engine_crashed', 'engine_protocol', 'answered']],
  ])('%s is answered by another, and its tokens count once', async (_, scripts, expected) => {
    const { roster, outcomes, out } = replicas(...scripts);
    const { error, choices, usage } = await foldEvents(completeWith(roster)(ask({ tools: [] }), patience));
    expect(error).toBeUndefined();
    expect([choices[0]?.text, usage?.completionTokens]).toEqual(['fine', 1]);
    expect([outcomes, out()]).toEqual([expected, 0]);
  });

  it.each<[string, readonly (Script | AppError)[], string, number]>([
    ['no other replica is left', [crashed], 'engine_crashed', 1],
    ['three replicas fail', [crashed, crashed, crashed, well], 'engine_crashed', 3],
    ['the request itself is wrong', [new RequestError('invalid_value', 'No.'), well], 'invalid_value', 1],
    ['it has to wait anyway', [new LimitError('rate_limited', 'Later.'), well], 'rate_limited', 1],
    [
      'the grammar is too costly everywhere',
      [new EngineError('grammar_too_costly', 'No.'), well],
      'grammar_too_costly',
      1,
    ],
  ])('is told of it where %s', async (_, scripts, code, tries) => {
    const { roster, outcomes, out } = replicas(...scripts);
    const { error } = await foldEvents(completeWith(roster)(ask({ tools: [] }), patience));
    expect(error?.code).toBe(code);
    expect([outcomes.length, out()]).toEqual([tries, 0]);
  });

  it('is never asked again once a part of the answer is out', async () => {
    const { roster, outcomes } = replicas({ chunks: ['Hel'], end: 'crash' }, well);
    const { error } = await foldEvents(completeWith(roster)(ask({ tools: [] }), patience));
    expect(error?.code).toBe('engine_protocol');
    expect(outcomes).toEqual(['engine_protocol']);
  });
});

describe('a search for a place', () => {
  it('tells of the wait before the answer begins', async () => {
    const types: string[] = [];
    for await (const event of completeWith(replicas(well).roster)(ask({ tools: [] }), patience))
      types.push(event.type === 'progress' ? event.stage : event.type);
    expect(types).toEqual(['queued', 'prefill', 'start', 'text-delta', 'finish', 'usage', 'report']);
  });

  it('knows a conversation by how it began, whatever came later', async () => {
    const { roster, wishes } = replicas(well, well, well);
    const opening = { role: 'user', content: 'Hello', path: 'messages[0]' } as const;
    const later = { role: 'assistant', content: 'Hi.', calls: [], path: 'messages[1]' } as const;
    const asks = [
      ask({ messages: [opening] }),
      ask({ messages: [opening, later, { ...opening, content: 'And?' }] }),
      ask({ messages: [opening], caller: 'somebody else' }),
      ask({ messages: [{ ...opening, content: 'Good day' }] }),
    ];
    for (const request of asks) await foldEvents(completeWith(roster)(request, patience));
    const [first, grown, others, another] = wishes;
    expect(grown).toBe(first);
    expect(new Set([first, others, another]).size).toBe(3);
  });

  it('gives a place back that comes after its client has left', async () => {
    const leaving = new AbortController();
    const { roster, outcomes, out } = replicas(well);
    const events = completeWith(roster)(ask(), leaving.signal)[Symbol.asyncIterator]();
    await events.next();
    leaving.abort();
    await events.return?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect([outcomes, out()]).toEqual([[undefined], 0]);
  });
});

/** What becomes of those who ask a deployment: its replicas answer, or there is no place, for this reason. */
type Behind = readonly (Script | AppError)[] | AppError;

/** Deployments behind one name. */
function behindOneName(...deployments: readonly Behind[]) {
  const tried: string[] = [];
  const rosters = deployments.map((one) => ('kind' in one ? one : replicas(...one).roster));
  const all = deployments.map((_, index) => aDeployment({ id: `dep_${index}` as DeploymentId, name: `d${index}` }));
  const roster: Roster = {
    find: () => all[0],
    behind: () => all,
    deployments: () => all,
    routes: () => [],
    async acquire(deployment, signal, wish) {
      const own = rosters[all.indexOf(deployment)];
      if (own === undefined || 'kind' in own) throw own;
      const candidate = await own.acquire(deployment, signal, wish);
      tried.push(deployment.name);
      return { ...candidate, deployment };
    },
  };
  return { roster, tried };
}

const stopped = new UnavailableError('model_stopped', 'It is stopped.');
const full = (retryAfter: number) => new LimitError('rate_limited', 'Its line is full.', { retryAfter });

describe('a name with several deployments behind it', () => {
  it.each<[string, readonly Behind[], readonly string[]]>([
    ['first one where it can', [[well], [well]], ['d0']],
    ['next one where that is not there', [stopped, [well]], ['d1']],
    ['next one where the line of that is full', [full(9), [well]], ['d1']],
    ['next one where its engine has enough', [[full(9), well], [well]], ['d0', 'd1']],
    ['only one that is neither full nor stopped', [full(9), stopped, full(9), [well]], ['d3']],
    ['next one where all replicas of that fail', [[crashed, crashed], [well]], ['d0', 'd0', 'd1']],
    ['next one after three replicas of it', [[crashed, crashed, crashed, well], [well]], ['d0', 'd0', 'd0', 'd1']],
  ])('is answered by the %s, and the report says so', async (_, deployments, expected) => {
    const { roster, tried } = behindOneName(...deployments);
    const { error, report } = await foldEvents(completeWith(roster)(ask({ tools: [] }), patience));
    expect(error).toBeUndefined();
    expect([tried, report?.deployment]).toEqual([expected, expected.at(-1)]);
  });

  it.each<[string, readonly Behind[], string, number]>([
    ['why the first is not there, where none is', [stopped, stopped], 'model_stopped', 0],
    ['how the last engine failed, where others are not there', [[crashed], stopped], 'engine_crashed', 1],
    ['how the last engine failed, where others are full', [full(9), [crashed]], 'engine_crashed', 1],
    ['of a full line, where others are not there: to wait is the answer', [stopped, full(9)], 'rate_limited', 0],
    [
      'of the failure after four engines: it may be the request',
      [[crashed, crashed, crashed], [crashed], [well]],
      'engine_crashed',
      4,
    ],
  ])('tells %s', async (_, deployments, code, tries) => {
    const { roster, tried } = behindOneName(...deployments);
    const { error } = await foldEvents(completeWith(roster)(ask({ tools: [] }), patience));
    expect([error?.code, tried.length]).toEqual([code, tries]);
  });

  it('tells the shortest of the waits where all are full', async () => {
    const { roster } = behindOneName(full(9), full(4), new LimitError('rate_limited', 'Never.'), full(6));
    const { error } = await foldEvents(completeWith(roster)(ask({ tools: [] }), patience));
    expect([error?.code, error?.detail.retryAfter]).toEqual(['rate_limited', 4]);
  });

  it('is counted where it is asked, and passes by where that is refused', async () => {
    const { roster, tried } = behindOneName([well], [crashed], [well]);
    const moves: string[] = [];
    const move = ({ name }: Deployment): void => {
      moves.push(name);
      if (name === 'd0') throw full(1);
    };
    const { report } = await foldEvents(completeWith(roster)(ask({ tools: [] }), patience, { ticket: { move } }));
    expect([moves, tried, report?.deployment]).toEqual([['d0', 'd1', 'd1', 'd2'], ['d1', 'd2'], 'd2']);
  });
});
