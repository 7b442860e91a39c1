/** The deployment over HTTP, as clients see it: the same tool calls on our path and on vLLM's own, whole and streamed. */

import { beforeAll, describe, expect, it } from 'vitest';
import { gather, type Reply, type Said, saidIn, stream } from '../end-to-end/ask.ts';
import { type RunningVllm, vllmDeployment } from './start-vllm.ts';

const tools = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      strict: true,
      parameters: {
        type: 'object',
        properties: { city: { type: 'string', maxLength: 16 }, unit: { enum: ['celsius', 'fahrenheit'] } },
        required: ['city', 'unit'],
        additionalProperties: false,
      },
    },
  },
];

/** Runs the tests on a server whose deployment stays up. */
export function describeDeployment(open: () => Promise<RunningVllm>): void {
  let vllm: RunningVllm;
  beforeAll(async () => {
    vllm = await open();
  }, 420_000);

  const body = (seed: number): object => ({
    model: vllmDeployment.name,
    messages: [{ role: 'user', content: 'What is the weather in Oslo?' }],
    tools,
    tool_choice: { type: 'function', function: { name: 'get_weather' } },
    max_tokens: 800,
    seed,
  });
  const whole = async (seed: number): Promise<Reply['body']> => {
    const headers = { 'x-aimindserve-report': '1' };
    const { status, text } = await vllm.administrator.send('POST', '/v1/chat/completions', body(seed), headers);
    expect(status, text).toBe(200);
    return JSON.parse(text);
  };
  const streamed = ({ administrator: { url, headers } }: RunningVllm, seed: number): Promise<Said> =>
    gather(stream(url, body(seed), undefined, headers));

  describe('the deployment', () => {
    it('shows what runs, and that it was probed', async () => {
      const { instances, verdict } = await vllm.administrator.api<Reply['body']>('GET', '/deployments/scripted');
      for (const word of vllmDeployment.backendParameters) expect(instances[0].command).toContain(word);
      expect(verdict).toMatchObject({ engine: expect.stringMatching(/^vllm /), format: 'hermes' });
    });

    it('answers with a valid call, the same whole and streamed', async () => {
      for (const seed of [1, 2, 3]) {
        const answer = await whole(seed);
        expect(answer.aimindserve).toMatchObject({ path: 'native', format: 'hermes' });
        const said = saidIn(answer);
        expect(isWeather(said)).toBe(true);
        const { content, ...rest } = await streamed(vllm, seed);
        // A stream that has told of reasoning first cannot say any more that there is no text.
        expect({ ...rest, content: content || null }).toEqual(said);
      }
    });

    it("answers on vLLM's own path once it is told to, without a new start", async () => {
      const { administrator } = vllm;
      await administrator.api('PATCH', '/deployments/scripted', { toolCalls: 'engine' });
      const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(whole));
      for (const { aimindserve } of answers) expect(aimindserve).toMatchObject({ path: 'engine' });
      const ended = answers.map(saidIn).filter(({ finish }) => finish !== 'length');
      expect(ended.length).toBeGreaterThan(0);
      expect(ended.filter((said) => !isWeather(said))).toEqual([]);
      await administrator.api('PATCH', '/deployments/scripted', { toolCalls: null });
      const { instances } = await administrator.api<Reply['body']>('GET', '/deployments/scripted');
      expect(instances).toMatchObject([{ run: 1, state: 'ready' }]);
    });
  });
}

/** One call, and true to its schema. */
function isWeather({ calls, finish, content }: Said): boolean {
  const [call] = calls;
  if (call === undefined || calls.length > 1 || finish !== 'tool_calls' || content !== null) return false;
  const { city, unit, ...rest } = JSON.parse(call.arguments);
  const isUnit = unit === 'celsius' || unit === 'fahrenheit';
  return call.name === 'get_weather' && isUnit && [...city].length <= 16 && Object.keys(rest).length === 0;
}
