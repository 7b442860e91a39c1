/** Streams through proxies: token by token where a proxy would hold them back, alive through long silence. */

import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { enginesOf, repository, type ServeProcess, startServer } from '../end-to-end/running-server.ts';
import {
  complaintsOfNginx,
  hasCaddy,
  hasNginx,
  type RunningProxy,
  startCaddy,
  startHoldingProxy,
  startNginx,
} from './proxies.ts';

let server: ServeProcess;
beforeAll(async () => {
  // Behind a proxy nobody is keyless.
  server = await startServer(['--trusted-proxy', '127.0.0.1', '--api-key', 'secret']);
});
afterAll(() => server?.stop());

/** An answer of some thousand tokens. */
const longAnswer = {
  ...{ model: 'aimindserve-nano', stream: true, max_tokens: 3_000 },
  messages: [{ role: 'user', content: 'Count.' }],
  response_format: {
    type: 'json_schema',
    json_schema: { name: 'numbers', schema: { type: 'array', items: { enum: [1, 2] }, minItems: 400, maxItems: 400 } },
  },
};

const ask = (url: string, body: object, signal: AbortSignal): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer secret' },
    body: JSON.stringify(body),
    signal,
  });

/** What comes within a moment; undefined = nothing. */
const soon = (part: Promise<string>): Promise<string | undefined> => Promise.race([part, sleep(500, undefined)]);

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe.each([
  ['a proxy that holds back what it may', true, startHoldingProxy],
  ['nginx', hasNginx, startNginx],
  ['Caddy', hasCaddy, startCaddy],
])('through %s (skipped where it is not installed)', (_name, isThere, startProxy) => {
  let proxy: RunningProxy;
  beforeEach(async () => {
    if (isThere) proxy = await startProxy(server.url, await freePort());
  });
  afterEach(() => proxy?.close());

  it.runIf(isThere)('the first token comes while the engine still makes the others', async () => {
    const [engine = 0] = enginesOf(server);
    const answer = await ask(proxy.url, longAnswer, AbortSignal.timeout(50_000));
    expect(answer.status).toBe(200);
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    const read = async (): Promise<string> => (await reader?.read())?.value ?? '';
    let text = '';
    while (!text.includes('"content":"') && text.length < 1e6) text += await read();
    // From here on nothing is made, and all that was made arrives.
    process.kill(engine, 'SIGSTOP');
    let next = read();
    try {
      for (let part = await soon(next); part !== undefined; part = await soon(next)) {
        text += part;
        if (part === '') break;
        next = read();
      }
      expect(text).not.toContain('[DONE]');
    } finally {
      process.kill(engine, 'SIGCONT');
    }
    for (let part = await next; part !== ''; part = await read()) text += part;
    expect(text).toContain('data: [DONE]');
  });

  it.runIf(isThere)(
    'a stream lives through a silence that is longer than the proxy waits',
    { timeout: 90_000 },
    async () => {
      const [engine = 0] = enginesOf(server);
      process.kill(engine, 'SIGSTOP');
      try {
        const messages = [{ role: 'user', content: 'What is the weather in Paris?' }];
        const question = { model: 'aimindserve-nano', stream: true, messages };
        const answer = await ask(proxy.url, question, AbortSignal.timeout(60_000));
        await sleep(20_000);
        process.kill(engine, 'SIGCONT');
        const text = await answer.text();
        expect(text).toMatch(/^: /m);
        expect(text).toContain('data: [DONE]');
      } finally {
        process.kill(engine, 'SIGCONT');
      }
    },
  );
});

describe('deploy/nginx.conf', () => {
  it.runIf(hasNginx)('is taken by nginx (skipped where it is not installed)', () => {
    const ours = readFileSync(join(repository, 'deploy', 'nginx.conf'), 'utf8');
    // There is no certificate here.
    expect(complaintsOfNginx(ours.replace('443 ssl http2', '127.0.0.1:8443').replaceAll(/^ *ssl_.*$/gm, ''))).toBe('');
  });
});
