/** Pages of other sites, as browsers ask for them: preflight, then the request, over real sockets. */

import { afterEach, describe, expect, it } from 'vitest';
import { readCorsOrigins } from './cors.ts';
import { type ScriptedServer, startScripted } from './fixtures/scripted-server.ts';

const listed = 'https://app.example.com';
const servers: ScriptedServer[] = [];
async function start(keys: readonly string[], corsOrigins: readonly string[] = [listed]): Promise<ScriptedServer> {
  const server = await startScripted({ keys, options: { reach: { corsOrigins, trustedProxies: [] } } });
  servers.push(server);
  return server;
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.app.close(0)));
});

/** What a page wants to send. */
interface Wish {
  readonly origin: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The rules of the Fetch standard that matter here; the result is what the page gets to see. */
async function askAsPage({ url }: ScriptedServer, { origin, method = 'POST', headers = {} }: Wish): Promise<string> {
  const target = `${url}/v1/chat/completions`;
  const names = Object.keys(headers).join(',');
  const asking = { 'access-control-request-method': method, 'access-control-request-headers': names };
  const preflight = await fetch(target, { method: 'OPTIONS', headers: { origin, ...asking } });
  if (!preflight.ok || preflight.headers.get('access-control-allow-origin') !== origin) return 'blocked: origin';
  const allowed = listIn(preflight, 'access-control-allow-headers');
  const missing = Object.keys(headers).filter((name) => !allowed.includes(name));
  if (missing.length > 0) return `blocked: ${missing.join(' ')}`;
  if (!listIn(preflight, 'access-control-allow-methods').includes(method.toLowerCase())) return `blocked: ${method}`;
  const body = JSON.stringify({ model: 'org/nano', messages: [{ role: 'user', content: 'hi' }] });
  const response = await fetch(target, { method, headers: { ...headers, origin }, body });
  if (response.headers.get('access-control-allow-origin') !== origin) return 'blocked: answer';
  const exposed = listIn(response, 'access-control-expose-headers');
  return `${response.status} ${['x-request-id', 'retry-after', 'x-powered-by'].filter((name) => exposed.includes(name))}`;
}

function listIn({ headers }: Response, name: string): readonly string[] {
  return (headers.get(name) ?? '').split(',').map((word) => word.trim().toLowerCase());
}

describe('a page of a listed origin', () => {
  it('may ask with a key, and with what official clients send along', async () => {
    const server = await start(['good']);
    const headers = { authorization: 'Bearer good', 'content-type': 'application/json', 'x-stainless-lang': 'js' };
    const more = { 'openai-organization': 'o', 'x-aimindserve-report': '1', 'user-agent': 'x' };
    expect(await askAsPage(server, { origin: listed, headers: { ...headers, ...more } })).toBe(
      '200 x-request-id,retry-after',
    );
  });

  it('is told in readable words that its key is wrong', async () => {
    const server = await start(['good']);
    const headers = { authorization: 'Bearer bad' };
    expect(await askAsPage(server, { origin: listed, headers })).toBe('401 x-request-id,retry-after');
  });

  it('needs a key even where programs of this machine need none', async () => {
    const server = await start([]);
    expect(await askAsPage(server, { origin: listed })).toBe('403 x-request-id,retry-after');
    expect(server.asked).toEqual([]);
  });

  it('cannot bring cookies or headers that nobody reads', async () => {
    const server = await start(['good']);
    expect(await askAsPage(server, { origin: listed, headers: { 'x-evil': '1' } })).toBe('blocked: x-evil');
    const headers = { origin: listed, 'access-control-request-method': 'POST' };
    const preflight = await fetch(`${server.url}/v1/models`, { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull();
    expect(preflight.headers.get('vary')).toContain('Origin');
  });
});

describe('a page of any other origin', () => {
  const others = ['https://evil.example', 'null', 'https://app.example.com.evil.example', 'http://app.example.com'];
  for (const origin of others)
    it(`(${origin}) is left to its browser`, async () => {
      const headers = { authorization: 'Bearer good' };
      expect(await askAsPage(await start(['good']), { origin, headers })).toBe('blocked: origin');
    });

  it('is anybody while nothing is listed', async () => {
    const server = await start(['good'], []);
    expect(await askAsPage(server, { origin: listed })).toBe('blocked: origin');
    const headers = { authorization: 'Bearer good', origin: listed };
    const response = await fetch(`${server.url}/v1/models`, { headers });
    expect([response.status, response.headers.get('vary')]).toEqual([200, null]);
  });
});

it('tells caches that answers differ by origin, also where none was sent', async () => {
  const server = await start(['good']);
  expect((await fetch(`${server.url}/healthz`)).headers.get('vary')).toBe('Origin');
});

describe('origins as a person writes them', () => {
  it('are spelled as browsers do', () => {
    const written = [
      'HTTPS://App.Example.com/',
      'https://a.example:443',
      'http://localhost:5173',
      'vscode-webview://1a2b',
    ];
    const spelled = [listed, 'https://a.example', 'http://localhost:5173', 'vscode-webview://1a2b'];
    expect([...readCorsOrigins(written)]).toEqual(spelled);
  });

  it('are refused where no browser would send them', () => {
    const bad = ['*', 'null', '', 'app.example.com', 'https://a.example/app', 'https://u:p@a.example', 'https://'];
    for (const entry of bad) expect(() => readCorsOrigins([entry]), entry).toThrow('--cors-origin');
  });
});
