/** Reads `aimindserve.yaml`: the same settings by the same names. */

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ConfigError } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import { nearest } from '../base/nearest.ts';
import { type Given, knownSpellings } from './arguments.ts';
import { findSetting, type SettingName } from './settings-table.ts';

/** The settings in a file; a file that is absent holds none, unless `required`. */
export function readSettingsFile(path: string, required: boolean): ReadonlyMap<SettingName, Given> {
  const text = readText(path, required);
  return text === undefined ? new Map() : parseSettings(text, path);
}

function parseSettings(text: string, path: string): ReadonlyMap<SettingName, Given> {
  const document = parseYaml(text, path);
  if (document === null || document === undefined) return new Map();
  if (!isObject(document))
    throw new ConfigError('invalid_config', `${path} must hold settings, one 'name: value' a line.`);
  const given = new Map<SettingName, Given>();
  for (const [key, value] of Object.entries(document)) {
    const name = findSetting(key.replaceAll('_', '-'));
    if (name === undefined) throw unknownKey(key, path);
    if (value !== null) given.set(name, { values: toTexts(value, key, path), source: `'${key}' in ${path}` });
  }
  return given;
}

function readText(path: string, required: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const absent = isObject(cause) && cause['code'] === 'ENOENT';
    if (absent && !required) return undefined;
    const reason = absent ? 'does not exist' : `cannot be read (${String(isObject(cause) ? cause['code'] : cause)})`;
    throw new ConfigError('invalid_config', `The settings file ${path} ${reason}.`, { cause });
  }
}

function parseYaml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError('invalid_config', `${path} is not YAML: ${message.trim()}`, { cause });
  }
}

function toTexts(value: unknown, key: string, path: string): string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  return items.map((item) => {
    if (typeof item === 'string') return item;
    if (typeof item === 'number' || typeof item === 'boolean') return String(item);
    throw new ConfigError('invalid_config', `'${key}' in ${path} must be a text, a number or a list of texts.`);
  });
}

function unknownKey(key: string, path: string): ConfigError {
  const close = nearest(key.replaceAll('_', '-'), knownSpellings());
  const advice = close === undefined ? '' : ` Did you mean '${close}'?`;
  return new ConfigError('invalid_config', `'${key}' in ${path} is not a setting.${advice}`);
}
