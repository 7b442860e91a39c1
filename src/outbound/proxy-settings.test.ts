import { expect, test } from 'vitest';
import { type Environment, readProxySettings } from './proxy-settings.ts';

function proxyOf(environment: Environment, url: string): string | undefined {
  return readProxySettings(environment)(new URL(url))?.origin;
}

const both = { HTTP_PROXY: 'http://plain:1', HTTPS_PROXY: 'http://secure:2' };

test.each<[Environment, string, string | undefined]>([
  [{}, 'http://a.example/', undefined],
  [both, 'http://a.example/', 'http://plain:1'],
  [both, 'https://a.example/', 'http://secure:2'],
  [{ ...both, http_proxy: 'http://lower:3' }, 'http://a.example/', 'http://lower:3'],
  [{ HTTP_PROXY: 'http://plain:1' }, 'https://a.example/', undefined],
  [{ ALL_PROXY: 'http://all:4', HTTP_PROXY: 'http://plain:1' }, 'https://a.example/', 'http://all:4'],
  [{ ALL_PROXY: 'http://all:4', HTTP_PROXY: 'http://plain:1' }, 'http://a.example/', 'http://plain:1'],
  [{ all_proxy: 'https://all:4' }, 'http://a.example/', 'https://all:4'],
  [{ HTTP_PROXY: 'proxy.corp.example:3128' }, 'http://a.example/', 'http://proxy.corp.example:3128'],
  [{ HTTP_PROXY: '' }, 'http://a.example/', undefined],
  [{ HTTP_PROXY: 'http://plain:1', http_proxy: '' }, 'http://a.example/', undefined],
])('%j for %s is %s', (environment, url, expected) => {
  expect(proxyOf(environment, url)).toBe(expected);
});

test.each<[string, string, 'direct' | 'proxied']>([
  ['*', 'http://a.example/', 'direct'],
  ['a.example', 'http://a.example/', 'direct'],
  ['a.example', 'http://b.a.example/', 'direct'],
  ['.a.example', 'http://b.a.example/', 'direct'],
  ['.a.example', 'http://a.example/', 'direct'],
  ['*.a.example', 'http://b.a.example/', 'direct'],
  ['A.Example', 'http://a.example./', 'direct'],
  ['a.example', 'http://nota.example/', 'proxied'],
  ['b.example , a.example', 'http://a.example/', 'direct'],
  ['b.example a.example', 'http://a.example/', 'direct'],
  ['a.example:80', 'http://a.example/', 'direct'],
  ['a.example:8080', 'http://a.example:8080/', 'direct'],
  ['a.example:8080', 'http://a.example/', 'proxied'],
  ['127.0.0.1', 'http://127.0.0.1:9/', 'direct'],
  ['::1', 'http://[::1]:9/', 'direct'],
  ['[::1]', 'http://[::1]:9/', 'direct'],
  ['[::1]:9', 'http://[::1]:9/', 'direct'],
  ['[::1]:8', 'http://[::1]:9/', 'proxied'],
  ['10.0.0.0/8', 'http://10.1.2.3/', 'direct'],
  ['10.0.0.0/8', 'http://11.1.2.3/', 'proxied'],
  ['fd00::/8', 'http://[fd12::1]/', 'direct'],
  ['10.0.0.0/64', 'http://10.1.2.3/', 'proxied'],
  ['nonsense/8', 'http://10.1.2.3/', 'proxied'],
  ['', 'http://a.example/', 'proxied'],
  [',,', 'http://a.example/', 'proxied'],
])('NO_PROXY=%s lets %s be %s', (exceptions, url, expected) => {
  expect(proxyOf({ ...both, NO_PROXY: exceptions }, url) === undefined ? 'direct' : 'proxied').toBe(expected);
  expect(proxyOf({ ...both, no_proxy: exceptions, NO_PROXY: 'ignored.example' }, url) === undefined).toBe(
    expected === 'direct',
  );
});

test.each(['http://me:secret@[', 'http://me:100%@a.example'])('%s is refused without being shown', (proxy) => {
  expect(() => readProxySettings({ HTTPS_PROXY: proxy })).toThrow(/^HTTPS_PROXY is not the address of a proxy\.$/);
});
