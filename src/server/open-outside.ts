/** The server's way outside: one client, and what administrators set of hubs and hosts while it runs. */

import { homedir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import type { PlatformSettings } from '../http/management/platform-settings.ts';
import { type CurrentSettings, createStoredSettings } from '../http/management/stored-settings.ts';
import { hubEndpoints } from '../models/hub/hub-endpoints.ts';
import { modelPlaces } from '../models/on-disk/model-places.ts';
import { createAddressGuard, resolveBySystem } from '../outbound/address-guard.ts';
import { createOutbound } from '../outbound/http-client.ts';
import type { Outbound } from '../outbound/outbound.ts';
import type { Foundation } from './open-foundation.ts';
import type { ServerConfig } from './server-config.ts';

/** What is needed to fetch from outside. */
export interface Outside {
  readonly outbound: Outbound;
  /** Has an administrator listed this host? */
  readonly isListed: (url: URL) => boolean;
  readonly settings: PlatformSettings;
  readonly endpoints: () => ReturnType<typeof hubEndpoints>;
  readonly token: (hub: 'huggingface' | 'modelscope') => string | undefined;
}

/** The way outside, as administrators set it while the server runs. */
export async function openOutside(
  config: ServerConfig,
  { store, keys, dataFolder, log }: Foundation,
): Promise<Outside> {
  const { environment, caFile, signIn } = config;
  const fixed = hubEndpoints(environment);
  let current: CurrentSettings = { settings: { allowedHosts: [], pathRoots: [] }, tokens: {} };
  const settings = await createStoredSettings({
    db: store.db,
    secretKey: keys.secrets,
    clock: systemClock,
    ownRoots: rootsOf(config, dataFolder),
    onChange: (next) => {
      current = next;
    },
  });
  const endpoints = () => ({
    huggingface: current.settings.huggingfaceEndpoint ?? fixed.huggingface,
    modelscope: current.settings.modelscopeEndpoint ?? fixed.modelscope,
  });
  const tokenVariables = { huggingface: 'HF_TOKEN', modelscope: 'MODELSCOPE_API_TOKEN' } as const;
  const { isListed } = createAddressGuard(() => current.settings.allowedHosts, resolveBySystem);
  return {
    settings,
    isListed,
    endpoints,
    token: (hub) => current.tokens[`${hub}-token`] ?? environment[tokenVariables[hub]],
    outbound: createOutbound({
      environment,
      log,
      // Whoever names a mirror means its address, private or not.
      allowedHosts: () => [
        ...current.settings.allowedHosts,
        ...[...Object.values(endpoints()), ...(signIn === undefined ? [] : [signIn.issuer])].map(hostOf),
      ],
      ...(caFile !== undefined && { caFile }),
    }),
  };
}

function hostOf(url: string): string {
  return new URL(url).host;
}

/** Where models lie, our own and those of other programs, the wheels of bundles, where the server was started, and what the start allowed. */
function rootsOf({ environment, pathRoots }: ServerConfig, dataFolder: string): readonly string[] {
  const machine = { environment, home: homedir(), platform: process.platform };
  const places = modelPlaces(machine, join(dataFolder, 'models')).map(({ folder }) => folder);
  // A service manager starts programs at the root, and that is no choice of a folder.
  const started = process.cwd() === '/' ? [] : [process.cwd()];
  return [...places, join(dataFolder, 'wheels'), ...started, ...pathRoots];
}
