/** Gathers the settings: flag before environment before file before default. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '../base/errors.ts';
import type { Deployment, GpuChoice } from '../fleet/deployment.ts';
import type { OutsideConfig } from '../server/server-config.ts';
import { type Given, parseArguments, type ServeArguments } from './arguments.ts';
import { readOutside } from './outside-settings.ts';
import { toBoolean, toInteger, toList, toOneOf, toText, toTokens, toWords } from './setting-values.ts';
import { readSettingsFile } from './settings-file.ts';
import { type SettingName, settingNames, settingsTable, variableOf } from './settings-table.ts';

/** How much is logged. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Everything that can be set, validated; absent = decided at start. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly model?: string;
  readonly names: readonly string[];
  readonly apiKeys: readonly string[];
  readonly contextSize?: number;
  readonly parallel: number;
  readonly threads?: number;
  readonly gpu: GpuChoice;
  readonly gpuLayers?: number;
  /** A file's path or the text itself. */
  readonly chatTemplate?: string;
  readonly toolFormat?: string;
  readonly guarantee?: NonNullable<Deployment['guarantee']>;
  readonly backend: 'auto' | 'embedded' | 'llama-box' | 'vllm';
  /** Flags of the engine's own, word by word. */
  readonly backendParameters: readonly string[];
  readonly vllmCommand?: readonly string[];
  /** A path, relative to the folder of the command. */
  readonly llamaServer?: string;
  readonly hub: 'auto' | 'huggingface' | 'modelscope';
  /** Declare no model. */
  readonly noModel: boolean;
  readonly dataFolder?: string;
  readonly outside: OutsideConfig;
  readonly drainSeconds: number;
  readonly logLevel: LogLevel;
  /** What the person should know of how the settings were understood. */
  readonly notes: readonly string[];
}

/** Where settings come from. */
export interface SettingSources {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The folder the command was given in: home of `aimindserve.yaml` and of relative paths. */
  readonly folder: string;
  /** The name of the tool format that another server's parser stands for; absent = none is known. */
  readonly formatOfParser?: (parser: string) => string | undefined;
}

/** Reads and validates all settings; throws ConfigError. */
export function readSettings(sources: SettingSources): Settings {
  const line = parseArguments(sources.words);
  const file = readSettingsFile(
    resolve(sources.folder, line.configFile ?? 'aimindserve.yaml'),
    line.configFile !== undefined,
  );
  const find = (name: SettingName): Given | undefined =>
    line.given.get(name) ??
    fromEnvironment(name, sources.environment) ??
    fromSecretFile(name, sources.environment) ??
    file.get(name);
  const read = <T>(name: SettingName, convert: (given: Given) => T): T | undefined => {
    const given = find(name);
    return given === undefined ? undefined : convert(given);
  };
  const backend =
    read('backend', (given) => toOneOf<Settings['backend']>(given, ['auto', 'embedded', 'llama-box', 'vllm'])) ??
    'auto';
  const hinted = hintedFormat(line, find('model') !== undefined, sources);
  return {
    host: read('host', toText) ?? '127.0.0.1',
    port: read('port', (given) => toInteger(given, 0, 65_535)) ?? 31_512,
    names: read('served-model-name', toList) ?? [],
    apiKeys: read('api-key', toList) ?? [],
    parallel: read('parallel', (given) => toInteger(given, 1, 1_024)) ?? 8,
    gpu: read('gpu', (given) => toOneOf(given, ['auto', 'off', 'cuda', 'vulkan', 'metal'])) ?? 'auto',
    outside: readOutside(find, sources.folder),
    backend,
    backendParameters: backend === 'vllm' ? line.foreign : [],
    hub: read('hub', toHub) ?? 'auto',
    noModel: read('no-model', toBoolean) ?? false,
    drainSeconds: read('drain-timeout', (given) => toInteger(given, 0, 86_400)) ?? 10,
    logLevel: read('log-level', toLogLevel) ?? 'info',
    ...present('model', read('model', toText)),
    ...present('dataFolder', read('data-dir', toText)),
    ...present('contextSize', read('ctx-size', toTokens)),
    ...present(
      'threads',
      read('threads', (given) => toInteger(given, 1, 1_024)),
    ),
    ...present(
      'gpuLayers',
      read('gpu-layers', (given) => toInteger(given, -1, 10_000)),
    ),
    ...present('vllmCommand', read('vllm-command', toWords)),
    ...present('llamaServer', read('llama-server', toText)),
    ...present('chatTemplate', read('chat-template', toText)),
    ...present('toolFormat', read('tool-format', toText) ?? hinted),
    ...present(
      'guarantee',
      read('guarantee', (given) => toOneOf<NonNullable<Settings['guarantee']>>(given, ['enforce', 'report', 'off'])),
    ),
    notes: backend === 'vllm' ? [] : notesOn(line, hinted),
  };
}

function present<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  // The computed key is K by construction, which the compiler cannot see.
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}

function fromEnvironment(name: SettingName, environment: SettingSources['environment']): Given | undefined {
  const value = environment[variableOf(name)];
  if (value === undefined || value === '') return undefined;
  const values = settingsTable[name].takes === 'words' ? value.split(/\s+/) : [value];
  return { values, source: variableOf(name) };
}

/** Secrets may be kept in files of their own: `AIMINDSERVE_API_KEY_FILE` names one. */
const secretSettings: ReadonlySet<SettingName> = new Set(['api-key', 'oidc-client-secret']);

function fromSecretFile(name: SettingName, environment: SettingSources['environment']): Given | undefined {
  const variable = `${variableOf(name)}_FILE`;
  const path = environment[variable];
  if (!secretSettings.has(name) || path === undefined || path === '') return undefined;
  try {
    return { values: [readFileSync(path, 'utf8').trim()], source: variable };
  } catch (cause) {
    throw new ConfigError('invalid_config', `${variable}: the file ${path} cannot be read.`, { cause });
  }
}

const hubNames = {
  auto: 'auto',
  hf: 'huggingface',
  huggingface: 'huggingface',
  ms: 'modelscope',
  modelscope: 'modelscope',
} as const;

function toHub(given: Given): Settings['hub'] {
  return hubNames[toOneOf(given, ['auto', 'hf', 'huggingface', 'ms', 'modelscope'])];
}

/** Our names where they are fewer than uvicorn's. */
const logLevelNames: Readonly<Record<string, string>> = { warning: 'warn', critical: 'error', trace: 'debug' };

function toLogLevel(given: Given): LogLevel {
  const text = toText(given).toLowerCase();
  return toOneOf({ ...given, values: [logLevelNames[text] ?? text] }, ['debug', 'info', 'warn', 'error']);
}

/** The bundled model knows its own format; a parser flag meant for other weights must not spoil it. */
function hintedFormat(line: ServeArguments, ownModel: boolean, { formatOfParser }: SettingSources): string | undefined {
  const parser = line.toolCallParser;
  return parser === undefined || !ownModel ? undefined : formatOfParser?.(parser);
}

function notesOn(line: ServeArguments, hinted: string | undefined): string[] {
  const notes: string[] = [];
  const idle = [...line.withoutEffect];
  if (line.toolCallParser !== undefined && hinted === undefined) idle.push('--tool-call-parser');
  if (idle.length > 0) notes.push(`No effect on this engine: ${[...new Set(idle)].join(', ')}.`);
  if (idle.includes('--tool-call-parser')) notes.push("The tool format is detected from the model's chat template.");
  return notes;
}

/** The flags for the help, one paragraph each. */
export function describeSettings(): string {
  const left = (name: SettingName): string => `--${name} ${settingsTable[name].value}`.trimEnd();
  const width = Math.max(...settingNames.map((name) => left(name).length)) + 2;
  const rows = settingNames.map((name) => {
    const { aliases, help } = settingsTable[name];
    const also = aliases.length === 0 ? '' : ` (also ${aliases.map((alias) => `--${alias}`).join(', ')})`;
    return `  ${left(name).padEnd(width)}${help}${also}`;
  });
  return [
    ...rows,
    `  ${'--config FILE'.padEnd(width)}Settings file. Default: aimindserve.yaml here, if there is one.`,
  ].join('\n');
}
