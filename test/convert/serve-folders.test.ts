/** Folders of safetensors through the whole program, on a machine that has no Python: converted, served, and asked for calls. */

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gather, get, post, saidIn, stream } from '../end-to-end/ask.ts';
import { startServer } from '../end-to-end/running-server.ts';

const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));
const templates = fileURLToPath(new URL('../templates/fixtures/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'aimindserve-folders-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Everything that this machine can run, but for Python. */
function linkPrograms(): string {
  const programs = join(folder, 'bin');
  mkdirSync(programs);
  for (const place of (process.env['PATH'] ?? '').split(delimiter).filter(existsSync))
    for (const name of readdirSync(place)) {
      const link = join(programs, name);
      if (!/^(python|pip|uv|conda)/.test(name) && !existsSync(link)) symlinkSync(join(place, name), link);
    }
  return programs;
}

/** A small random model with a context and a template for tools; `changes` = what else its config.json says. */
function makeModel(
  name: string,
  fixture: string,
  { template, changes }: { template: string; changes: object },
): string {
  const home = join(folder, name);
  cpSync(join(fixtures, fixture), home, { recursive: true });
  const config: object = JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'));
  writeFileSync(join(home, 'config.json'), JSON.stringify({ ...config, max_position_embeddings: 4096, ...changes }));
  writeFileSync(join(home, 'chat_template.jinja'), readFileSync(join(templates, template)));
  return home;
}

const tool = {
  type: 'function',
  function: {
    name: 'get_weather',
    parameters: {
      type: 'object',
      properties: { city: { enum: ['Oslo', 'Lima'] }, days: { type: 'integer', minimum: 1, maximum: 9 } },
      required: ['city', 'days'],
      additionalProperties: false,
    },
  },
};
const question = { messages: [{ role: 'user', content: 'weather?' }], tools: [tool], tool_choice: 'required' };

const qwen25 = { use_sliding_window: false, sliding_window: 4096, max_window_layers: 70, rope_theta: 1_000_000 };

describe.each<[string, string, { template: string; changes: object }]>([
  ['Llama-3-Tiny', 'llama3', { template: 'llama-3-json.jinja', changes: {} }],
  ['Qwen2-Tiny', 'qwen2', { template: 'hermes.jinja', changes: {} }],
  ['Qwen2.5-Tiny', 'qwen2', { template: 'hermes.jinja', changes: qwen25 }],
  ['Qwen3-Tiny', 'qwen3', { template: 'hermes.jinja', changes: {} }],
])('the folder of %s', (name, fixture, making) => {
  let programs = '';
  beforeAll(() => {
    programs = existsSync(join(folder, 'bin')) ? join(folder, 'bin') : linkPrograms();
  });

  it('is converted once, and calls tools as it is told, streamed and whole', async () => {
    const home = makeModel(name, fixture, making);
    const words = ['--model', home, '--ctx-size', '2048', '--parallel', '2', '--threads', '1'];
    const data = mkdtempSync(join(folder, 'data-'));
    const environment = { PATH: programs, AIMINDSERVE_DATA_DIR: data };
    const server = await startServer(words, { environment });
    try {
      const served = await get(server.url, '/v1/models');
      const model: string = served.body.data[0].id;
      const asked = { ...question, model, temperature: 0 };
      const whole = await post(server.url, asked);
      expect(whole.status).toBe(200);
      for (const { calls, finish } of [saidIn(whole.body), await gather(stream(server.url, asked))]) {
        expect(finish).toBe('tool_calls');
        expect(calls.map(({ name: called }) => called)).toEqual(calls.map(() => 'get_weather'));
        const { city, days, ...rest } = JSON.parse(calls[0]?.arguments ?? '');
        expect(['Oslo', 'Lima']).toContain(city);
        expect([1, 2, 3, 4, 5, 6, 7, 8, 9]).toContain(days);
        expect(rest).toEqual({});
      }
    } finally {
      await server.stop();
    }
    const converted = readdirSync(join(data, 'models', 'converted'), { recursive: true, encoding: 'utf8' });
    expect(converted.filter((path) => path.endsWith('.gguf'))).toHaveLength(1);
    expect(converted.filter((path) => path.includes('.part'))).toEqual([]);
  });
});
