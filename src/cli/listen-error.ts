/** Explains why an address cannot be listened on. */

import { ConfigError } from '../base/errors.ts';
import { isObject } from '../base/json.ts';

/** Says what to do when the operating system refuses the address; undefined for any other failure. */
export function explainListenError(
  cause: unknown,
  { host, port }: { readonly host: string; readonly port: number },
): ConfigError | undefined {
  const code = isObject(cause) ? cause['code'] : undefined;
  const explanations: Readonly<Record<string, string>> = {
    EADDRINUSE: `Port ${port} on ${host} is in use. Stop what listens there, or choose another port: --port ${port + 1} (0 = any free one).`,
    EACCES: `Port ${port} may not be opened by this user. Choose one above 1023: --port 31512.`,
    EADDRNOTAVAIL: `${host} is not an address of this machine. Use --host 127.0.0.1, or 0.0.0.0 for all addresses.`,
    ENOTFOUND: `--host ${host} cannot be resolved to an address.`,
  };
  const message = typeof code === 'string' ? explanations[code] : undefined;
  if (message === undefined) return undefined;
  return new ConfigError(code === 'EADDRINUSE' ? 'port_in_use' : 'invalid_config', message, { cause });
}
