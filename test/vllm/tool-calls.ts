/** What a deployment made with the seed's parameters must do: tool calls on our path and on vLLM's own, by random weights. */

import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Complete, createComplete } from '../../src/answering/complete.ts';
import { profileModel } from '../../src/answering/model-profile.ts';
import { randomHex, systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { type FoldedAnswer, foldEvents } from '../../src/chat/fold.ts';
import type { ChatRequest } from '../../src/chat/request.ts';
import type { JsonSchema, Tool, ToolChoice } from '../../src/chat/tool.ts';
import type { Deployment } from '../../src/fleet/deployment.ts';
import { validate } from '../../src/schema/validate.ts';
import { scriptedRoster } from '../fixtures/scripted-engine.ts';
import { type RunningVllm, vllmDeployment } from './start-vllm.ts';

const tool = (name: string, properties: Record<string, JsonSchema>, required = Object.keys(properties)): Tool => ({
  name,
  description: `Does ${name}.`,
  path: 'tools[0].function.parameters',
  parameters: { type: 'object', properties, required, additionalProperties: false },
});

const bounded: readonly Tool[] = [
  tool('get_weather', {
    city: { type: 'string', maxLength: 24 },
    days: { type: 'integer', minimum: 1, maximum: 14 },
    unit: { enum: ['celsius', 'fahrenheit'] },
  }),
  tool('book_table', {
    guests: {
      type: 'array',
      minItems: 1,
      maxItems: 3,
      items: {
        type: 'object',
        properties: { name: { type: 'string', minLength: 1, maxLength: 12 }, vegan: { type: 'boolean' } },
        required: ['name'],
        additionalProperties: false,
      },
    },
    at: { type: 'string', pattern: '^[0-2][0-9]:[0-5][0-9]$' },
  }),
  tool('ping', {}),
];

const unbounded: readonly Tool[] = [tool('write_file', { path: { type: 'string' }, content: { type: 'string' } })];

/** Runs the tests on a vLLM that stays up. */
export function describeToolCalls(open: () => Promise<RunningVllm>): void {
  let vllm: RunningVllm;
  beforeAll(async () => {
    vllm = await open();
  }, 420_000);

  function completeWith(changes: Partial<Deployment> = {}): Complete {
    const { client, spec, wishes } = vllm;
    const { toolParser } = wishes;
    const profile = profileModel(spec, toolParser === undefined ? {} : { toolParser });
    return createComplete({
      roster: scriptedRoster(client, spec, { ...vllmDeployment, ...changes }),
      profile: () => profile,
      clock: systemClock,
      randomHex,
      log: silentLog,
      maxRequests: 100,
    });
  }

  async function untilIdle(): Promise<void> {
    for (let tries = 0; ; tries++) {
      const { busySlots, queued } = await vllm.client.stats();
      if (busySlots + queued === 0) return;
      expect(tries, 'requests were leaked').toBeLessThan(100);
      await sleep(50);
    }
  }

  describe('tool calls on our path', () => {
    it('are valid 200 times of 200 where strings are bounded', async () => {
      const complete = completeWith();
      const choices: readonly ToolChoice[] = [
        { type: 'required' },
        { type: 'tool', name: 'get_weather' },
        { type: 'tool', name: 'book_table' },
        { type: 'required', allowed: ['ping', 'get_weather'] },
      ];
      const startedMs = performance.now();
      const answers = await inLanes(200, 8, async (seed) => {
        const toolChoice = choices[seed % choices.length] ?? { type: 'required' };
        const parallelCalls = seed % 10 === 0;
        // A part of it goes into reasoning, which these weights end by luck only.
        const maxTokens = parallelCalls ? 1_500 : 800;
        return fold(complete, { toolChoice, parallelCalls, sampling: { seed, maxTokens, temperature: 1 } });
      });
      const seconds = (performance.now() - startedMs) / 1000;
      const tokens = answers.reduce((sum, { usage }) => sum + (usage?.completionTokens ?? 0), 0);
      console.log(
        `200 answers, ${tokens} tokens in ${seconds.toFixed(1)} s: ${(tokens / seconds).toFixed(0)} tokens/s`,
      );
      expect(answers.filter((answer) => !isValid(answer, bounded))).toEqual([]);
      await untilIdle();
    }, 400_000);

    it('are valid or honestly cut where strings are not', async () => {
      const complete = completeWith();
      const answers = await inLanes(40, 8, (seed) =>
        fold(complete, { tools: unbounded, toolChoice: { type: 'required' }, sampling: { seed, maxTokens: 120 } }),
      );
      for (const answer of answers) {
        const [choice] = answer.choices;
        const outcomes = choice?.calls.map(({ outcome }) => outcome).join(' ');
        if (choice?.finish === 'length') expect(outcomes).toMatch(/^(ok ?)*(cut)?$/);
        else expect(isValid(answer, unbounded), JSON.stringify(answer)).toBe(true);
      }
      expect(answers.some(({ choices }) => choices[0]?.finish === 'length')).toBe(true);
    });

    it('are text or valid calls where the model decides', async () => {
      const complete = completeWith();
      const answers = await inLanes(24, 8, (seed) =>
        fold(complete, { toolChoice: { type: 'auto' }, sampling: { seed, maxTokens: 150 } }),
      );
      for (const { choices, error } of answers) {
        expect(error).toBeUndefined();
        for (const { outcome } of choices[0]?.calls ?? []) expect(outcome).not.toBe('broken');
      }
    });

    it('are the same streamed and whole for the same seed', async () => {
      const complete = completeWith();
      const wish = { toolChoice: { type: 'required' }, sampling: { seed: 77, maxTokens: 1_500 } } as const;
      const [first, second] = [await fold(complete, wish), await fold(complete, wish)];
      expect(first.choices[0]?.calls.map(({ name, arguments: json }) => [name, json])).toEqual(
        second.choices[0]?.calls.map(({ name, arguments: json }) => [name, json]),
      );
      expect(first.usage?.completionTokens).toBe(second.usage?.completionTokens);
    });

    it('leave no request behind when clients do', async () => {
      const complete = completeWith();
      await inLanes(24, 8, async (seed) => {
        const leaving = new AbortController();
        let events = 0;
        const asked = request({ tools: unbounded, toolChoice: { type: 'required' }, sampling: { seed } });
        for await (const _ of complete(asked, leaving.signal)) if (++events > seed) leaving.abort();
      });
      await untilIdle();
    });
  });

  describe("tool calls on vLLM's own path", () => {
    it('pass the guarantee: valid, cut, or an error that says so', async () => {
      const complete = completeWith({ toolCalls: 'engine' });
      const tools = bounded.map((each) => ({ ...each, strict: true }));
      const answers = await inLanes(16, 8, (seed) =>
        fold(complete, {
          tools,
          toolChoice: { type: 'tool', name: 'get_weather' },
          sampling: { seed, maxTokens: 400 },
        }),
      );
      const made = answers.filter(({ error }) => error === undefined);
      for (const answer of made) {
        const isCut = answer.choices[0]?.finish === 'length';
        expect(isCut || isValid(answer, bounded), JSON.stringify(answer)).toBe(true);
      }
      for (const { error } of answers) if (error !== undefined) expect(error.code).toBe('invalid_tool_call');
      console.log(`vLLM's own path: ${made.length} of ${answers.length} answers with valid calls`);
      expect(made.length).toBeGreaterThan(0);
      expect(made.every(({ report }) => report?.path !== 'native')).toBe(true);
      await untilIdle();
    });
  });
}

function request(changes: Partial<ChatRequest>): ChatRequest {
  return {
    model: 'scripted',
    messages: [{ role: 'user', content: 'Weather in Oslo? <|im_end|> Book a table.', path: 'messages[0]' }],
    tools: bounded,
    toolChoice: { type: 'auto' },
    parallelCalls: true,
    sampling: {},
    stop: [],
    templateVariables: {},
    warnings: [],
    ...changes,
  };
}

function fold(complete: Complete, changes: Partial<ChatRequest>): Promise<FoldedAnswer> {
  return foldEvents(complete(request(changes), new AbortController().signal));
}

/** Does it make calls, each finished and true to its tool's schema? */
function isValid({ choices, error }: FoldedAnswer, tools: readonly Tool[]): boolean {
  const calls = choices[0]?.calls ?? [];
  const isTrue = calls.every(({ name, arguments: json, outcome }) => {
    const called = tools.find((each) => each.name === name);
    return called !== undefined && outcome === 'ok' && validate(called.parameters, JSON.parse(json)).length === 0;
  });
  return error === undefined && calls.length > 0 && choices[0]?.finish === 'tool_calls' && isTrue;
}

/** Works for each number, so many at a time. */
async function inLanes<T>(count: number, lanes: number, work: (seed: number) => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let seed = next++; seed < count; seed = next++) done[seed] = await work(seed);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return done;
}
