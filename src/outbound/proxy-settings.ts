/** Which proxy a URL goes through: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, as other programs read them. */

import { BlockList, isIP } from 'node:net';
import { ConfigError } from '../base/errors.ts';

/** Environment variables as the process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy for a URL; undefined = none. */
export type ProxyFor = (url: URL) => URL | undefined;

type Exception = (url: URL) => boolean;

/** Reads the variables (lower case first); throws ConfigError on a proxy that is no URL. */
export function readProxySettings(environment: Environment): ProxyFor {
  const all = readProxy(environment, 'ALL_PROXY');
  const proxies = new Map([
    ['http:', readProxy(environment, 'HTTP_PROXY') ?? all],
    ['https:', readProxy(environment, 'HTTPS_PROXY') ?? all],
  ]);
  const exceptions = (readVariable(environment, 'NO_PROXY') ?? '')
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map(toException);
  return (url) => (exceptions.some((isException) => isException(url)) ? undefined : proxies.get(url.protocol));
}

function readVariable(environment: Environment, name: string): string | undefined {
  const value = environment[name.toLowerCase()] ?? environment[name];
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

/** The value is never shown: it may hold a password. */
function readProxy(environment: Environment, name: string): URL | undefined {
  const value = readVariable(environment, name);
  if (value === undefined) return undefined;
  const written = value.includes('://') ? value : `http://${value}`;
  try {
    const url = new URL(written);
    decodeURIComponent(url.username + url.password);
    return url;
  } catch {
    // Without a cause: the parser's error repeats what it was given.
    throw new ConfigError('invalid_config', `${name} is not the address of a proxy.`);
  }
}

/** `*`, an address range (`10.0.0.0/8`), or a host with all names below it (`.example.org`, `example.org:8080`). */
function toException(entry: string): Exception {
  if (entry === '*') return () => true;
  const range = /^(.+)\/(\d{1,3})$/.exec(entry);
  if (range !== null) return rangeException(range[1] ?? '', Number(range[2]));
  const isAddress = isIP(entry) !== 0;
  const port = isAddress ? undefined : /:(\d+)$/.exec(entry)?.[1];
  const name = bareHost(port === undefined ? entry : entry.slice(0, -port.length - 1)).replace(/^\*?\./, '');
  return (url) => {
    const host = bareHost(url.hostname);
    return (host === name || host.endsWith(`.${name}`)) && (port === undefined || port === portOf(url));
  };
}

function rangeException(network: string, prefix: number): Exception {
  const version = isIP(network);
  if (version === 0 || prefix > (version === 4 ? 32 : 128)) return () => false;
  const range = new BlockList();
  range.addSubnet(network, prefix, version === 4 ? 'ipv4' : 'ipv6');
  return (url) => {
    const host = bareHost(url.hostname);
    const hostVersion = isIP(host);
    return hostVersion !== 0 && range.check(host, hostVersion === 4 ? 'ipv4' : 'ipv6');
  };
}

function bareHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function portOf(url: URL): string {
  if (url.port !== '') return url.port;
  return url.protocol === 'https:' ? '443' : '80';
}
