/** The settings of how others reach the server and how it reaches them: TLS, proxies, sign-in at a provider. */

import { resolve } from 'node:path';
import { ConfigError } from '../base/errors.ts';
import type { OutsideConfig, SignInConfig } from '../server/server-config.ts';
import type { Given } from './arguments.ts';
import { toList, toText } from './setting-values.ts';
import type { SettingName } from './settings-table.ts';

/** Finds what was given for a setting, wherever it was given. */
type Find = (name: SettingName) => Given | undefined;

/** Understands them; paths are relative to `folder`. Throws ConfigError. */
export function readOutside(find: Find, folder: string): OutsideConfig {
  const text = (name: SettingName) => read(find, name, toText);
  const file = (name: SettingName) => read(find, name, (given) => resolve(folder, toText(given)));
  const caFile = file('ca-file');
  const catalogFile = file('model-catalog-file');
  const publicUrl = text('public-url');
  const tls = readTls(file('tls-cert'), file('tls-key'));
  const signIn = readSignIn(find);
  return {
    pathRoots: (read(find, 'path-root', toList) ?? []).map((path) => resolve(folder, path)),
    corsOrigins: read(find, 'cors-origin', toList) ?? [],
    trustedProxies: read(find, 'trusted-proxy', toList) ?? [],
    ...(caFile !== undefined && { caFile }),
    ...(catalogFile !== undefined && { catalogFile }),
    ...(publicUrl !== undefined && { publicUrl: checkUrl('public-url', publicUrl) }),
    ...(tls !== undefined && { tls }),
    ...(signIn !== undefined && { signIn }),
  };
}

function read<T>(find: Find, name: SettingName, convert: (given: Given) => T): T | undefined {
  const given = find(name);
  return given === undefined ? undefined : convert(given);
}

function readTls(certFile: string | undefined, keyFile: string | undefined): OutsideConfig['tls'] {
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile };
  if (certFile === undefined && keyFile === undefined) return undefined;
  throw new ConfigError('invalid_config', '--tls-cert and --tls-key belong together; one is missing.');
}

function readSignIn(find: Find): SignInConfig | undefined {
  const text = (name: SettingName) => read(find, name, toText);
  const issuer = text('oidc-issuer');
  const clientId = text('oidc-client-id');
  if (issuer === undefined && clientId === undefined) return undefined;
  if (issuer === undefined || clientId === undefined)
    throw new ConfigError('invalid_config', '--oidc-issuer and --oidc-client-id belong together; one is missing.');
  const clientSecret = text('oidc-client-secret');
  return {
    issuer: checkUrl('oidc-issuer', issuer),
    clientId,
    label: text('oidc-label') ?? 'Single sign-on',
    groupsClaim: text('oidc-groups-claim') ?? 'groups',
    adminGroups: read(find, 'oidc-admin-group', toList) ?? [],
    userGroups: read(find, 'oidc-user-group', toList) ?? [],
    ...(clientSecret !== undefined && { clientSecret }),
  };
}

function checkUrl(name: SettingName, text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '');
  throw new ConfigError('invalid_config', `--${name}: '${text}' is not an http:// or https:// address.`);
}
