/** Where the hubs are: their own addresses, or the mirrors that the environment names. */

import { ConfigError } from '../../base/errors.ts';
import type { HubKind } from './hub.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The address of each hub, without a slash at its end.
 * The variables are those of the hubs' own tools: `HF_ENDPOINT` (huggingface_hub/constants.py) and `MODELSCOPE_ENDPOINT`,
 * whose older name `MODELSCOPE_DOMAIN` holds a bare host (modelscope_hub/config.py).
 */
export function hubEndpoints(environment: Environment): Readonly<Record<HubKind, string>> {
  return {
    huggingface: endpointOf(environment, ['HF_ENDPOINT']) ?? 'https://huggingface.co',
    modelscope: endpointOf(environment, ['MODELSCOPE_ENDPOINT', 'MODELSCOPE_DOMAIN']) ?? 'https://modelscope.cn',
  };
}

function endpointOf(environment: Environment, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = environment[name]?.trim();
    if (value !== undefined && value !== '') return parseEndpoint(name, value);
  }
  return undefined;
}

function parseEndpoint(name: string, value: string): string {
  const text = value.includes('://') ? value : `https://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
  const isPlain =
    url !== undefined && isHttp && url.username === '' && url.password === '' && url.search + url.hash === '';
  if (!isPlain || /\s/.test(value))
    throw new ConfigError(
      'invalid_config',
      `${name} must be the address of a hub, e.g. https://hub.example.com, without user, password or query.`,
    );
  return url.href.replace(/\/+$/, '');
}
