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
  type Proxy,
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
    json_schema: { name: 'numbers', schema: { type: 'array', items: { enum: [1, 2] }, minItems: 900, maxItems: 900 } },
  },
};

const ask = (url: string, body: object, signal: AbortSignal): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer secret' },
    body: JSON.stringify(body),
    signal,
  });

const isUnderWay = async (): Promise<boolean> => {
  const [engine = 0] = enginesOf(server);
  // Ticks of processor time: an engine that is at work uses them.
  const before = ticksOf(engine);
  await sleep(100);
  return ticksOf(engine) > before;
};

const ticksOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
};

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
])('through %s (skipped where it is not installed)', (_name, isThere, start) => {
  let proxy: Proxy;
  beforeEach(async () => {
    if (isThere) proxy = await start(server.url, await freePort());
  });
  afterEach(() => proxy?.close());

  it.runIf(isThere)('the first token comes while the engine still makes the others', async () => {
    const leaving = new AbortController();
    const answer = await ask(proxy.url, longAnswer, leaving.signal);
    expect(answer.status).toBe(200);
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.includes('"content":"')) break;
    }
    expect(await isUnderWay()).toBe(true);
    expect(text).not.toContain('[DONE]');
    leaving.abort();
  });

  it.runIf(isThere)(
    'a stream lives through a silence that is longer than the proxy waits',
    { timeout: 90_000 },
    async () => {
      const [engine = 0] = enginesOf(server);
      process.kill(engine, 'SIGSTOP');
      try {
        const messages = [{ role: 'user', content: 'What is the weather in Paris?' }];
        const asking = ask(
          proxy.url,
          { model: 'aimindserve-nano', stream: true, messages },
          AbortSignal.timeout(60_000),
        );
        const answer = await asking;
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
