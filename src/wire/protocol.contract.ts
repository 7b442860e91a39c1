/** What every wire protocol must keep, whatever its vendor's words. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError, type ErrorCode, errorTable, isAppError, RequestError } from '../base/errors.ts';
import type { Json, JsonObject } from '../base/json.ts';
import type { ChatEvent } from '../chat/event.ts';
import { foldEvents } from '../chat/fold.ts';
import type { Protocol, Reply } from './protocol.ts';

/** An answer as a client of the protocol understands it. */
export interface ReadAnswer {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: ReadonlyArray<{ readonly id: string; readonly name: string; readonly arguments: string }>;
  readonly finish: string;
  readonly usage: Json;
  readonly report: Json;
}

/** One protocol and a client for it. */
export interface ProtocolCase {
  readonly protocol: Protocol;
  /** A body that uses every field that is read. */
  readonly fullBody: JsonObject;
  /** Reads a whole stream; throws on anything a strict client would stumble over. */
  readStream(text: string): ReadAnswer;
  readBody(body: JsonObject): ReadAnswer;
}

const seed = 20_240_611;
const runs = { seed, numRuns: 300 };

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });
const item = fc.oneof(
  fc.record({ kind: fc.constant('text' as const), text }),
  fc.record({ kind: fc.constant('reasoning' as const), text }),
  fc.record({
    kind: fc.constant('call' as const),
    name: text,
    deltas: fc.array(fc.oneof(text, fc.constant('')), { maxLength: 4 }),
    outcome: fc.constantFrom('ok' as const, 'cut' as const, 'broken' as const),
  }),
);
type Item = typeof item extends fc.Arbitrary<infer T> ? T : never;

function toEvents(items: readonly Item[]): ChatEvent[] {
  const events: ChatEvent[] = [{ type: 'start', choice: 0, id: 'chatcmpl-0' }];
  let index = 0;
  for (const said of items) {
    if (said.kind === 'call') {
      events.push({ type: 'call-start', choice: 0, index, id: `call-${index}`, name: said.name });
      for (const json of said.deltas) events.push({ type: 'call-delta', choice: 0, index, json });
      events.push({ type: 'call-end', choice: 0, index, outcome: said.outcome });
      index++;
    } else events.push({ type: `${said.kind}-delta`, choice: 0, text: said.text });
  }
  events.push({ type: 'finish', choice: 0, reason: index > 0 ? 'tool_calls' : 'stop' });
  events.push({ type: 'usage', usage: { promptTokens: 5, completionTokens: 6, cachedTokens: 1 } });
  events.push({ type: 'report', report: { format: 'hermes', path: 'native', deployment: 'm', queueMs: 3 } });
  return events;
}

const anyReply = fc.record({
  stream: fc.constant(true),
  model: text,
  created: fc.constant(1),
  includeUsage: fc.constant(true),
  envelope: fc.boolean(),
  report: fc.boolean(),
});

function stream(protocol: Protocol, events: readonly ChatEvent[], reply: Reply): string {
  const encoder = protocol.frames(reply);
  const frames = events.map((event) => encoder.encode(event)).join('');
  return events.at(-1)?.type === 'error' ? frames : frames + encoder.end();
}

/** Runs the suite over one protocol. */
export function protocolContract(name: string, given: ProtocolCase): void {
  const { protocol } = given;
  describe(`${name} keeps the protocol contract`, () => {
    it('says the same streamed and whole', async () => {
      const property = fc.asyncProperty(fc.array(item, { maxLength: 6 }), anyReply, async (items, reply) => {
        const events = toEvents(items);
        const body = protocol.body(await foldEvents(events), reply);
        const whole = given.readBody(JSON.parse(JSON.stringify(body)));
        expect(given.readStream(stream(protocol, events, reply))).toEqual(whole);
      });
      await fc.assert(property, runs);
    });

    it('writes frames that no line reader can break', () => {
      const property = fc.property(fc.array(item, { maxLength: 4 }), anyReply, (items, reply) => {
        const written = stream(protocol, toEvents(items), reply);
        for (const frame of written.split('\n\n').slice(0, -1))
          expect(frame).not.toMatch(/[\n\r\v\f\x1c-\x1e\u0085\u2028\u2029]/);
      });
      fc.assert(property, runs);
    });

    it('ends a stream with the failure, after any event', () => {
      const error = new RequestError('invalid_value', 'it broke');
      const items: Item[] = [
        { kind: 'text', text: 'a' },
        { kind: 'call', name: 'f', deltas: ['{}'], outcome: 'ok' },
      ];
      const reply = { ...anyReplyValue, report: true };
      const events = toEvents(items);
      for (let length = 0; length <= events.length; length++) {
        const written = stream(protocol, [...events.slice(0, length), { type: 'error', error }], reply);
        const last = written.split('\n\n').at(-2)?.split('data: ').at(-1) ?? '';
        expect(JSON.parse(last)).toEqual(protocol.failure(error));
      }
    });

    it('dresses every error, and tells no client what is for operators', () => {
      for (const code of Object.keys(errorTable) as ErrorCode[]) {
        const error = new AppError(code, 'what happened', { internal: 'stack of secrets' });
        const written = JSON.stringify(protocol.failure(error));
        expect(written).not.toContain('secrets');
        if (error.kind === 'bug' || error.kind === 'config') expect(written).not.toContain('what happened');
        else expect(written).toContain(code);
      }
    });

    it('decodes or refuses anything, and never breaks', () => {
      const places = placesOf(given.fullBody);
      const property = fc.property(fc.constantFrom(...places), fc.jsonValue({ maxDepth: 3 }), (place, value) => {
        // The generator's own type allows what JSON.parse yields, which is what is meant.
        expectDecodesOrRefuses(protocol, replaced(given.fullBody, place, value as Json));
      });
      fc.assert(property, { seed, numRuns: 3_000 });
      fc.assert(
        fc.property(fc.jsonValue(), (value) => expectDecodesOrRefuses(protocol, value)),
        runs,
      );
    });

    it('reads a full body without a warning', () => {
      expect(protocol.decode(given.fullBody, { created: 1, report: false }).request.warnings).toEqual([]);
    });
  });
}

const anyReplyValue: Reply = {
  stream: true,
  model: 'm',
  created: 1,
  includeUsage: true,
  envelope: false,
  report: false,
};

function expectDecodesOrRefuses(protocol: Protocol, body: unknown): void {
  try {
    const { request } = protocol.decode(body, { created: 1, report: false });
    expect(request.messages.length + (request.raw?.length ?? 0)).toBeGreaterThan(0);
  } catch (thrown) {
    if (!isAppError(thrown) || thrown.kind !== 'request') throw thrown;
    expect(thrown.status).toBeGreaterThanOrEqual(400);
  }
}

type Place = ReadonlyArray<string | number>;

function placesOf(value: Json, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [at];
  const entries: Array<[string | number, Json]> = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [at, ...entries.flatMap(([key, child]) => placesOf(child, [...at, key]))];
}

function replaced(value: Json, [key, ...rest]: Place, by: Json): Json {
  if (key === undefined) return by;
  if (Array.isArray(value))
    return value.map((child: Json, index) => (index === key ? replaced(child, rest, by) : child));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [name, name === key ? replaced(child, rest, by) : child]),
  );
}
