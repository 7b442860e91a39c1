/** What a request shows to be let in: a key, or that it comes from this machine. */

import type { IncomingHttpHeaders } from 'node:http';
import { AuthError } from '../base/errors.ts';

/** The key a request shows, by whichever header; empty = none. */
export function keyOf(headers: IncomingHttpHeaders): string {
  const bearer = /^bearer\s+(.*)$/i.exec(headers.authorization ?? '')?.[1];
  return (bearer ?? first(headers['x-api-key']) ?? first(headers['api-key']) ?? '').trim();
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** A name or address, and a port: nothing that would make a URL of it say something else. */
const hostText = /^[\w.:[\]-]+$/;
/** What proxies add. */
const proxyHeader = /^(?:forwarded|via|x-real-ip|x-forwarded-.*)$/;

/**
 * Without a key, web pages must not reach the server: neither directly (`Origin`), nor by a name that was rebound
 * to this machine (`Host`), nor through a proxy that makes strangers look local.
 */
export function checkLocal(headers: IncomingHttpHeaders, listeningHost: string): void {
  const { host, origin } = headers;
  if (host !== undefined && !(hostText.test(host) && isLocal(`http://${host}`, listeningHost)))
    throw foreign('Host', host);
  if (origin !== undefined && !isLocal(origin, listeningHost)) throw foreign('Origin', origin);
  for (const name of Object.keys(headers)) if (proxyHeader.test(name)) throw foreign(name, 'a proxy');
}

function foreign(header: string, value: string): AuthError {
  const message = `Without an API key, requests must come from this machine; '${header}' says ${value.slice(0, 100)}. Start the server with --api-key to allow others.`;
  return new AuthError('foreign_origin', message);
}

function isLocal(address: string, listeningHost: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  const name = hostname.replace(/\.$/, '');
  if (name === 'localhost' || name.endsWith('.localhost') || name === '[::1]') return true;
  return /^127(\.\d{1,3}){3}$/.test(name) || name === listeningHost.toLowerCase() || name === `[${listeningHost}]`;
}
