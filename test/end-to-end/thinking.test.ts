/** Thinking is ended before a demanded call: by the real engine, whole and streamed, one answer and several. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, stream } from './ask.ts';
import { type ServeProcess, startServer } from './running-server.ts';

/** A model that is made to think, and has never learnt to stop. */
const template = `{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor %}{% if tools %}{{ tools | tojson }}{% endif %}{% if add_generation_prompt %}<|im_start|>assistant
<think>
{% endif %}`;

const folder = mkdtempSync(join(tmpdir(), 'aimindserve-thinking-'));
let server: ServeProcess;
beforeAll(async () => {
  const file = join(folder, 'thinking.jinja');
  writeFileSync(file, template);
  const words = ['--served-model-name', 'nano', '--chat-template', file, '--tool-format', 'hermes', '--parallel', '2'];
  server = await startServer(words);
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const parameters = { type: 'object', properties: { mood: { enum: ['good', 'bad'] } }, required: ['mood'] };
const body = {
  model: 'nano',
  messages: [{ role: 'user', content: 'How are you?' }],
  tools: [{ type: 'function', function: { name: 'tell', parameters } }],
  tool_choice: 'required',
  parallel_tool_calls: false,
  max_tokens: 160,
  temperature: 1,
  top_k: 0,
  top_p: 1,
  seed: 5,
};
const report = { 'X-Aimindserve-Report': '1' };

describe('thinking before a demanded call', () => {
  it('takes half of the answer at most, and the call is there', async () => {
    const { status, body: answer } = await post(server.url, body, report);
    expect(status).toBe(200);
    const [{ message, finish_reason: reason }] = answer.choices;
    expect(reason).toBe('tool_calls');
    expect(message.reasoning_content).not.toBe('');
    expect(['good', 'bad']).toContain(JSON.parse(message.tool_calls[0].function.arguments).mood);
    expect(answer.aimindserve.warnings.map(({ code }: { code: string }) => code)).toContain('reasoning_cut');
    expect(answer.usage.completion_tokens).toBeGreaterThan(80);
    expect(answer.usage.completion_tokens).toBeLessThanOrEqual(160);
  });

  it('is the same streamed', async () => {
    const { body: whole } = await post(server.url, body);
    let reasoning = '';
    let json = '';
    for await (const { choices } of stream(server.url, body)) {
      const delta = choices[0]?.delta ?? {};
      reasoning += delta.reasoning_content ?? '';
      for (const call of delta.tool_calls ?? []) json += call.function?.arguments ?? '';
    }
    const [{ message }] = whole.choices;
    expect(reasoning).toBe(message.reasoning_content);
    expect(json).toBe(message.tool_calls[0].function.arguments);
  });

  it('takes as long as the request says, in each of several answers', async () => {
    const wish = { ...body, n: 3, chat_template_kwargs: { thinking_budget: 10 } };
    const { body: answer } = await post(server.url, wish, report);
    expect(answer.choices).toHaveLength(3);
    for (const { finish_reason: reason } of answer.choices) expect(reason).toBe('tool_calls');
    expect(answer.usage.completion_tokens).toBeLessThan(3 * 80);
  });
});
