/** From the flags of `deploy` to what the server is asked for. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '../../base/errors.ts';
import { parseSpan } from './figures.ts';
import type { Options } from './options.ts';
import { readSource } from './read-source.ts';
import type { Remote } from './remote-command.ts';

/** The body of `POST /deployments`; what was not said is left to the server. */
export async function readWish({ options, words, word, surroundings }: Remote): Promise<Record<string, unknown>> {
  const [, ...parameters] = words;
  const [first] = parameters;
  if (first !== undefined && !first.startsWith('-'))
    throw new ConfigError(
      'invalid_config',
      `'${first}' is one word too many; parameters of the engine stand after --.`,
    );
  const model = options.text('remote-model');
  const source =
    model === undefined
      ? await readSource(word(0), surroundings.folder)
      : { kind: 'remote' as const, url: word(0), model };
  const fields = { ...readTexts(options), ...readNumbers(options), ...readLists(options, parameters) };
  const keepAlive = options.text('keep-alive');
  const template = options.text('chat-template');
  const format = options.text('tool-format');
  return {
    source,
    ...fields,
    ...(format !== undefined && { toolFormat: toFormat(format, surroundings.folder) }),
    ...(keepAlive !== undefined && { keepAliveSeconds: parseSpan(keepAlive, '--keep-alive') }),
    ...(template !== undefined && { chatTemplate: readTemplate(resolve(surroundings.folder, template)) }),
  };
}

/** A JSON file is a format of its own, and the server runs in another folder; anything else is the name of one. */
function toFormat(nameOrFile: string, folder: string): string {
  return nameOrFile.toLowerCase().endsWith('.json') ? resolve(folder, nameOrFile) : nameOrFile;
}

const textFlags = [
  ['name', 'name'],
  ['gpu', 'gpu'],
  ['backend', 'backend'],
  ['system-prompt', 'systemPrompt'],
  ['guarantee', 'guarantee'],
  ['restart', 'restart'],
  ['description', 'description'],
] as const;

function readTexts(options: Options): Record<string, string> {
  return Object.fromEntries(
    textFlags.flatMap(([flag, field]) => {
      const text = options.text(flag);
      return text === undefined ? [] : [[field, text] as const];
    }),
  );
}

const numberFlags = [
  ['replicas', 'replicas', 0],
  ['parallel', 'parallel', 1],
  ['threads', 'threads', 1],
  ['gpu-layers', 'gpuLayers', -1],
] as const;

function readNumbers(options: Options): Record<string, number> {
  const contextSize = options.tokens('ctx-size');
  const numbers = numberFlags.flatMap(([flag, field, min]) => {
    const value = options.integer(flag, min);
    return value === undefined ? [] : [[field, value] as const];
  });
  return { ...Object.fromEntries(numbers), ...(contextSize !== undefined && { contextSize }) };
}

function readLists(options: Options, parameters: readonly string[]): Record<string, unknown> {
  const aliases = options.words('alias');
  const categories = options.words('category');
  const devices = options.words('device');
  const labels = options.pairs('label');
  const environment = options.pairs('env');
  const sampling = options
    .pairs('sampling')
    .map(([key, value]) => [key, toNumber(value, `--sampling ${key}`)] as const);
  const backendParameters = [...options.list('backend-parameter'), ...parameters];
  const placement = {
    ...(devices.length > 0 && { devices }),
    ...(labels.length > 0 && { labels: Object.fromEntries(labels) }),
  };
  return {
    ...(aliases.length > 0 && { aliases }),
    ...(categories.length > 0 && { categories }),
    ...(Object.keys(placement).length > 0 && { placement }),
    ...(environment.length > 0 && { environment: Object.fromEntries(environment) }),
    ...(sampling.length > 0 && { sampling: Object.fromEntries(sampling) }),
    ...(backendParameters.length > 0 && { backendParameters }),
  };
}

function toNumber(text: string, source: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new ConfigError('invalid_config', `${source}: '${text}' is not a number.`);
  return value;
}

function readTemplate(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError('invalid_config', `--chat-template: ${path} cannot be read.`, { cause });
  }
}
