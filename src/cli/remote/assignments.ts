/** `KEY=VALUE` words as a change of a deployment: JSON Merge Patch with each value in its field's own type. */

import { ConfigError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import { nearest } from '../../base/nearest.ts';
import { deploymentSpecSchema } from '../../fleet/deployment.ts';
import { toTokens } from '../setting-values.ts';
import { parseSpan } from './figures.ts';
import { toPair } from './options.ts';
import { readSource } from './read-source.ts';

type Patch = Record<string, unknown>;

/** Other spellings, those of the flags of deploy. */
const spellings: ReadonlyMap<string, string> = new Map([
  ['alias', 'aliases'],
  ['ctx-size', 'contextSize'],
  ['env', 'environment'],
  ['keep-alive', 'keepAliveSeconds'],
  ['backend-parameter', 'backendParameters'],
  ['tool-format', 'toolFormat'],
  ['system-prompt', 'systemPrompt'],
  ['chat-template', 'chatTemplate'],
  ['gpu-layers', 'gpuLayers'],
  ['device', 'placement.devices'],
  ['label', 'placement.labels'],
  ['category', 'categories'],
]);

/** The patch of some assignments; a path names a field of a field, `sampling.temperature=0.2`. */
export async function readAssignments(words: readonly string[], folder: string): Promise<Patch> {
  const patch: Patch = {};
  for (const word of words) {
    const [key, text] = toPair(word, 'A change');
    const [head = '', ...rest] = key.split('.');
    const path = [...(spellings.get(head) ?? head).split('.'), ...(rest.length === 0 ? [] : [rest.join('.')])];
    const schema = schemaOf(path, key);
    const value = path[0] === 'source' && text !== '' ? await readSource(text, folder) : readValue(schema, key, text);
    place(patch, path, value);
  }
  return patch;
}

function place(patch: Patch, path: readonly string[], value: unknown): void {
  const [first = '', ...rest] = path;
  if (rest.length === 0) {
    patch[first] = value;
    return;
  }
  const before = patch[first];
  const inner: Patch = isObject(before) ? before : {};
  patch[first] = inner;
  place(inner, rest, value);
}

/** The JSON schema of a field; throws with the nearest name that there is. */
function schemaOf(path: readonly string[], key: string): Patch {
  let schema: unknown = deploymentSpecSchema;
  for (const name of path) {
    const fields = isObject(schema) && isObject(schema['properties']) ? schema['properties'] : undefined;
    if (fields === undefined) {
      // An object with keys of any name: environment, labels.
      schema = isObject(schema) && schema['type'] === 'object' ? {} : undefined;
    } else if (Object.hasOwn(fields, name)) schema = fields[name];
    else throw unknownField(key, name, Object.keys(fields));
  }
  if (!isObject(schema)) throw new ConfigError('invalid_config', `'${key}' goes deeper than its field does.`);
  return schema;
}

function unknownField(key: string, name: string, known: readonly string[]): ConfigError {
  const close = nearest(name, known);
  const advice = close === undefined ? `There are ${known.join(', ')}.` : `Did you mean ${close}?`;
  return new ConfigError('invalid_config', `'${key}' is not a field of a deployment. ${advice}`);
}

function readValue(schema: Patch, key: string, text: string): unknown {
  if (text === '') return null;
  switch (schema['type']) {
    case 'integer':
      return readInteger(key, text);
    case 'number':
      return readNumber(key, text);
    case 'array':
      return text.startsWith('[') ? readJson(key, text) : text.split(',').map((item) => item.trim());
    case 'object':
      return readJson(key, text);
    default:
      return text;
  }
}

function readInteger(key: string, text: string): number {
  if (/^keep-?alive/i.test(key)) return parseSpan(text, key);
  const tokens = /^(contextSize|ctx-size)$/.test(key) ? toTokens({ values: [text], source: key }) : undefined;
  return tokens ?? readNumber(key, text);
}

function readNumber(key: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new ConfigError('invalid_config', `${key}: '${text}' is not a number.`);
  return value;
}

function readJson(key: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const advice = `${key}: '${text}' is not JSON. Say its fields one by one, as in environment.NAME=VALUE.`;
    throw new ConfigError('invalid_config', advice, { cause });
  }
}
