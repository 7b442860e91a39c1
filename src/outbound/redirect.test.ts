import { expect, test } from 'vitest';
import { startLoopback } from './fixtures/loopback-server.ts';
import { openOutbound, textOf } from './fixtures/open-outbound.ts';
import { type Hop, nextHop } from './redirect.ts';

const secret = {
  authorization: 'Bearer x',
  cookie: 'a=b',
  'x-api-key': 'k',
  range: 'bytes=1-',
  'content-type': 'text/plain',
};

function hop(url: string, more: Partial<Hop> = {}): Hop {
  return { url: new URL(url), method: 'GET', headers: secret, ...more };
}

function lead(from: Hop, status: number, location: string | undefined, listed = false): Hop | undefined {
  return nextHop(from, { status, location }, () => listed);
}

test.each([200, 204, 300, 304, 305, 404, 500])('status %d is an answer', (status) => {
  expect(lead(hop('https://a.example/'), status, 'https://b.example/')).toBeUndefined();
});

test('a redirect without Location is an answer', () => {
  expect(lead(hop('https://a.example/'), 302, undefined)).toBeUndefined();
});

test('everything travels within one origin', () => {
  const next = lead(hop('https://a.example/x/y?q=1'), 302, '../z');
  expect(next).toEqual(hop('https://a.example/z'));
});

test.each([
  ['another host', 'https://a.example/', 'https://b.example/'],
  ['a host below', 'https://a.example/', 'https://cdn.a.example/'],
  ['another port', 'https://a.example/', 'https://a.example:8443/'],
  ['a dot at the end', 'https://a.example/', 'https://a.example./'],
  ['encryption', 'http://a.example/', 'https://a.example/'],
  ['a scheme-relative address', 'https://a.example/', '//b.example/'],
])('%s learns only what is wanted', (_name, from, to) => {
  expect(lead(hop(from), 307, to)?.headers).toEqual({ range: 'bytes=1-' });
});

test('losing the encryption is refused, unless the host is listed; credentials stay behind', () => {
  expect(() => lead(hop('https://a.example/'), 302, 'http://a.example/')).toThrow('unencrypted');
  expect(lead(hop('https://a.example/'), 302, 'http://a.example/', true)?.headers).toEqual({ range: 'bytes=1-' });
});

test.each([
  'file:///etc/passwd',
  'javascript:alert(1)',
  'https://user:pass@b.example/',
  'http://[',
  'gopher://a.example/',
])('a redirect to %s is refused', (location) => {
  expect(() => lead(hop('http://a.example/'), 302, location)).toThrow('not followed');
});

test('a POST becomes a GET at 301 to 303, and keeps its body at 307 and 308 for the same origin only', () => {
  const post = hop('https://a.example/', { method: 'POST', body: 'text' });
  const got = lead(post, 303, '/done');
  expect(got?.method).toBe('GET');
  expect(got?.body).toBeUndefined();
  expect(got?.headers['content-type']).toBeUndefined();
  expect(lead(post, 308, '/moved')).toEqual(hop('https://a.example/moved', { method: 'POST', body: 'text' }));
  expect(() => lead(post, 307, 'https://b.example/')).toThrow('must not get the body');
  expect(lead(hop('https://a.example/', { method: 'HEAD' }), 302, '/moved')?.method).toBe('HEAD');
});

test('credentials do not come back when the way leads home', async () => {
  const home = await startLoopback((request, response) => {
    if (request.url === '/end') response.end(String(request.headers.authorization));
    else response.writeHead(302, { location: `${away.origin}/` }).end();
  });
  const away = await startLoopback((_request, response) => {
    response.writeHead(302, { location: `${home.origin}/end` }).end();
  });
  const answer = await openOutbound().request(home.origin, { headers: { Authorization: 'Bearer x' } });
  expect(answer.url).toBe(`${home.origin}/end`);
  expect(await textOf(answer)).toBe('undefined');
  expect(home.seen[0]?.headers.authorization).toBe('Bearer x');
});

test('five redirects are followed, not six; none if none is wanted', async () => {
  const { origin, seen } = await startLoopback((request, response) => {
    const left = Number(request.url?.slice(1));
    if (left === 0) response.end('here');
    else response.writeHead(302, { location: `/${left - 1}` }).end('elsewhere');
  });
  const outbound = openOutbound();
  expect(await textOf(await outbound.request(`${origin}/5`))).toBe('here');
  await expect(outbound.request(`${origin}/6`)).rejects.toThrow('more than 5 redirects');
  expect(seen).toHaveLength(12);
  const answer = await outbound.request(`${origin}/3`, { maxRedirects: 0 });
  expect(answer.status).toBe(302);
  answer.cancel();
});

test('every hop is guarded', async () => {
  const { origin } = await startLoopback((request, response) => {
    const location = request.url === '/cloud' ? 'http://169.254.169.254/latest/meta-data' : 'http://10.1.2.3/';
    response.writeHead(302, { location }).end();
  });
  const outbound = openOutbound();
  await expect(outbound.request(`${origin}/cloud`)).rejects.toMatchObject({ code: 'address_refused' });
  await expect(outbound.request(`${origin}/inside`)).rejects.toMatchObject({ code: 'address_refused' });
});
