/** That an engine under our own formats and grammars calls tools as promised, told by tests that all of them pass. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createComplete } from '../../src/answering/complete.ts';
import { profileModel } from '../../src/answering/model-profile.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { type FoldedAnswer, foldEvents } from '../../src/chat/fold.ts';
import type { ChatRequest } from '../../src/chat/request.ts';
import type { EngineClient } from '../../src/engines/engine.ts';
import type { ModelSpec } from '../../src/fleet/model-spec.ts';
import { ask, user, weather } from '../fixtures/answering-world.ts';
import { scriptedRoster } from '../fixtures/scripted-engine.ts';

/** An engine whose model calls tools. */
export interface OpenCaller {
  readonly client: EngineClient;
  readonly spec: ModelSpec;
  close(): Promise<void>;
}

const cities = { type: 'object', properties: { city: { enum: ['Oslo', 'Rome'] } }, required: ['city'] } as const;

/** Runs the suite on one engine. */
export function describeToolCalls(name: string, open: () => Promise<OpenCaller>): void {
  describe(`${name}: tool calls`, () => {
    let opened: OpenCaller;
    let complete: ReturnType<typeof createComplete>;
    let serial = 0;
    beforeAll(async () => {
      opened = await open();
      const { client, spec } = opened;
      const profile = profileModel(spec, {});
      complete = createComplete({
        roster: scriptedRoster(client, spec),
        profile: () => profile,
        clock: systemClock,
        randomHex: () => String(serial++),
        log: silentLog,
        maxRequests: 16,
      });
    }, 300_000);
    afterAll(() => opened?.close());

    const answer = (changes: Partial<ChatRequest> = {}): Promise<FoldedAnswer> =>
      foldEvents(complete(ask({ sampling: { maxTokens: 200 }, ...changes }), new AbortController().signal));

    it('makes the call that is demanded, its arguments enforced', async () => {
      for (const toolChoice of [{ type: 'required' }, { type: 'tool', name: 'get_weather' }] as const)
        for (const seed of [1, 2, 3, 4, 5]) {
          const tools = [{ ...weather, parameters: cities }];
          const { choices, error } = await answer({
            tools,
            toolChoice,
            sampling: { maxTokens: 200, temperature: 2, seed },
          });
          expect(error).toBeUndefined();
          expect(choices[0]?.finish).toBe('tool_calls');
          for (const call of choices[0]?.calls ?? []) {
            expect(call).toMatchObject({ name: 'get_weather', outcome: 'ok', kept: { enforced: true } });
            expect(JSON.parse(call.arguments)).toEqual({ city: expect.stringMatching(/^(Oslo|Rome)$/) });
          }
        }
    });

    it('makes none where none are wanted', async () => {
      const { choices } = await answer({ toolChoice: { type: 'none' } });
      expect(choices[0]?.calls).toEqual([]);
    });

    it('answers the usual question with the usual call', async () => {
      const { choices } = await answer({
        messages: [user('What is the weather in Oslo?')],
        sampling: { maxTokens: 200, temperature: 0 },
      });
      expect(choices[0]?.calls[0]).toMatchObject({ name: 'get_weather', outcome: 'ok' });
      expect(JSON.parse(choices[0]?.calls[0]?.arguments ?? '')).toMatchObject({ city: 'Oslo' });
    });
  });
}
