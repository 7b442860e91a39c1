import { describe, expect, it } from 'vitest';
import { answer, ask, hermes, user } from '../../test/fixtures/answering-world.ts';

const loose = { constrained: false };
const bad = hermes('{"days": 1}');
const good = hermes('{"city": "Oslo"}');

describe('asking again', () => {
  it('gives the second attempt what is left of the token limit, and none if nothing is', async () => {
    const scripts = [{ chunks: ['a', 'b', bad] }, { chunks: [good] }];
    const { seen, choices } = await answer(scripts, ask({ sampling: { maxTokens: 50 } }), loose);
    expect(seen.requests.map(({ sampling }) => sampling.maxTokens)).toEqual([50, 47]);
    expect(choices[0]?.calls).toHaveLength(1);
    const spent = await answer(scripts, ask({ sampling: { maxTokens: 3 } }), loose);
    expect(spent.seen.requests).toHaveLength(1);
    expect(spent.warnings).toMatchObject([{ code: 'call_left_out' }]);
  });

  it('shows nothing of the second attempt but the call', async () => {
    const scripts = [{ chunks: ['Let me see. ', bad] }, { chunks: ['<think>hm</think>Sorry! ', good, ' Done.'] }];
    const { choices } = await answer(scripts, ask(), loose);
    expect(choices).toMatchObject([{ text: 'Let me see. ', reasoning: '', finish: 'tool_calls' }]);
    expect(choices[0]?.calls).toMatchObject([{ arguments: '{"city": "Oslo"}' }]);
  });

  it('leaves the call out where the second prompt does not fit', async () => {
    const request = ask({ messages: [user('x'.repeat(3480))] });
    const { seen, choices, warnings, error } = await answer([{ chunks: ['Hm. ', bad] }], request, loose);
    expect(error).toBeUndefined();
    expect(seen.requests).toHaveLength(1);
    expect(choices).toMatchObject([{ text: 'Hm. ', calls: [], finish: 'stop' }]);
    expect(warnings).toMatchObject([{ code: 'call_left_out' }]);
  });

  it('keeps the good calls and asks for each of the others once, no more than twice in all', async () => {
    const broken = [bad, hermes('{"days": 2}'), hermes('{"days": 3}')];
    const scripts = [{ chunks: [good, ...broken] }, { chunks: [hermes('{"city": "Rome"}')] }, { chunks: ['No.'] }];
    const { choices, warnings, seen, usage } = await answer(scripts, ask(), loose);
    expect(choices[0]?.calls.map((call) => call.arguments)).toEqual(['{"city": "Oslo"}', '{"city": "Rome"}']);
    expect(seen.requests).toHaveLength(3);
    expect(warnings.map(({ code }) => code)).toEqual(['call_left_out']);
    expect(usage?.promptTokens).toBe(30);
  });

  it('asks for the call that was demanded and did not come', async () => {
    for (const toolChoice of [{ type: 'required' }, { type: 'tool', name: 'get_weather' }] as const) {
      const scripts = [{ chunks: ['It is sunny.'] }, { chunks: [good] }];
      const { choices, seen } = await answer(scripts, ask({ toolChoice }), loose);
      expect(choices[0]).toMatchObject({ text: 'It is sunny.', finish: 'tool_calls', calls: [{ outcome: 'ok' }] });
      expect(seen.prompts[1]).toMatch(/It is sunny\..*No tool was called/s);
    }
  });

  it('never makes a call up: what does not come is an error', async () => {
    const scripts = [{ chunks: ['No.'] }, { chunks: ['Never.'] }];
    const { error, choices } = await answer(scripts, ask({ toolChoice: { type: 'required' } }), loose);
    expect(error).toMatchObject({ code: 'invalid_tool_call', status: 502 });
    expect(choices[0]?.calls ?? []).toEqual([]);
  });

  it('is not done where the token limit ended the answer', async () => {
    const script = { chunks: ['Well, '], end: 'length' } as const;
    const { choices, error } = await answer([script], ask({ toolChoice: { type: 'required' } }), loose);
    expect(error).toBeUndefined();
    expect(choices[0]).toMatchObject({ finish: 'length', calls: [] });
  });
});

describe('the level of the guarantee', () => {
  it('is the deployment’s where the request does not say', async () => {
    const scripts = [{ chunks: [bad] }];
    const reported = await answer(scripts, ask(), { ...loose, deployment: { guarantee: 'report' } });
    expect(reported.choices[0]).toMatchObject({ finish: 'tool_calls', calls: [{ outcome: 'broken' }] });
    expect(reported.warnings).toMatchObject([{ code: 'invalid_tool_call' }]);
    const off = await answer(scripts, ask({ guarantee: 'off' }), { ...loose, deployment: { guarantee: 'report' } });
    expect(off.choices[0]?.calls).toMatchObject([{ arguments: '{"days": 1}', outcome: 'ok' }]);
    expect(off.warnings).toEqual([]);
  });

  it('says under report that a demanded call is missing', async () => {
    const request = ask({ toolChoice: { type: 'required' }, guarantee: 'report' });
    const { warnings, choices, seen } = await answer([{ chunks: ['No.'] }], request, loose);
    expect(warnings).toMatchObject([{ code: 'call_missing' }]);
    expect(choices[0]?.text).toBe('No.');
    expect(seen.requests).toHaveLength(1);
  });
});

it('holds a call that is mended and coerced, equal for every chunking, its numbers as they were written', async () => {
  const written = hermes(`{'city': 'Oslo', "days": "3", "id": 12345678901234567890, }`);
  for (const chunks of [[written], [...written]]) {
    const { choices } = await answer([{ chunks }], ask(), loose);
    expect(choices[0]?.calls).toMatchObject([{ arguments: '{"city":"Oslo","days":3,"id":12345678901234567890}' }]);
    expect(choices[0]?.calls[0]?.kept?.mended).toContain('string-to-integer at days');
  }
});

it('warns of text that looks like another format', async () => {
  const foreign = '[TOOL_CALLS]get_weather[ARGS]{"city": "Oslo"}';
  for (const chunks of [[foreign], [...foreign]]) {
    const { warnings, choices } = await answer([{ chunks: ['Hm. ', ...chunks] }], ask(), loose);
    expect(choices[0]?.text).toBe(`Hm. ${foreign}`);
    expect(warnings).toMatchObject([{ code: 'foreign_tool_format' }]);
    expect(warnings[0]?.message).toMatch(/mistral.*hermes/);
  }
  const { warnings } = await answer([{ chunks: ['a < b, <b>bold</b>, [1, 2], Action: none'] }], ask(), loose);
  expect(warnings).toEqual([]);
});
