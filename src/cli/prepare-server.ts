/** From the words of a command line to the configuration of a server. */

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { randomHex } from '../base/clock.ts';
import { ConfigError, isAppError } from '../base/errors.ts';
import { completeSpec, type DeploymentSpec } from '../fleet/deployment.ts';
import { type ModelSource, nameOfSource } from '../fleet/model-source.ts';
import type { ServerConfig } from '../server/server-config.ts';
import { sourceOf } from '../server/source-of.ts';
import { isLoopback } from './loopback.ts';
import { readSettings, type SettingSources, type Settings } from './settings.ts';

/** Where the command runs and where it speaks. */
export interface Surroundings {
  readonly environment: SettingSources['environment'];
  readonly folder: string;
  /** Writes lines to the standard output. */
  say(lines: string): void;
  /** Writes lines to the standard error. */
  warn(lines: string): void;
}

/** A configuration and what the person should know of how it came about. */
export interface PreparedServer {
  readonly config: ServerConfig;
  readonly notes: readonly string[];
  /** The key that was made because the address is open to others. */
  readonly madeKey?: string;
}

/** Finds the tool format that another server's parser stands for. */
type FormatOfParser = NonNullable<SettingSources['formatOfParser']>;

/** The catalogue of formats is read only if somebody names a parser: every start would wait for it. */
export async function formatFinder(words: readonly string[]): Promise<FormatOfParser> {
  if (!words.some((word) => /tool[-_]call[-_]parser/.test(word))) return () => undefined;
  const { findFormat } = await import('../formats/formats.ts');
  return (parser) => findFormat(parser)?.name;
}

/** Understands the settings and fills in what follows from them. */
export function prepareServer(
  words: readonly string[],
  surroundings: Surroundings,
  formatOfParser: FormatOfParser = () => undefined,
): PreparedServer {
  const { environment, folder } = surroundings;
  const settings = readSettings({ words, environment, folder, formatOfParser });
  const madeKey = settings.apiKeys.length > 0 || isLoopback(settings.host) ? undefined : `sk-${randomHex(24)}`;
  if (settings.noModel && settings.model !== undefined)
    throw new ConfigError('invalid_config', '--no-model and --model say the opposite; leave one out.');
  const model = settings.noModel ? undefined : toDeployment(settings, folder);
  return {
    config: {
      host: settings.host,
      port: settings.port,
      apiKeys: madeKey === undefined ? settings.apiKeys : [madeKey],
      isLoopback: isLoopback(settings.host),
      ...(model !== undefined && { model }),
      isModelNamed: settings.model !== undefined || settings.names.length > 0,
      dataFolder: settings.dataFolder === undefined ? dataFolderOf(environment) : resolve(folder, settings.dataFolder),
      isDataFolderNamed: settings.dataFolder !== undefined || (environment['AIMINDSERVE_DATA_DIR'] ?? '') !== '',
      drainMs: settings.drainSeconds * 1000,
      logLevel: settings.logLevel,
      environment,
      ...(settings.vllmCommand !== undefined && { vllmCommand: settings.vllmCommand }),
      ...(settings.llamaServer !== undefined && { llamaServer: resolve(folder, settings.llamaServer) }),
      ...settings.outside,
    },
    notes: settings.notes,
    ...(madeKey === undefined ? {} : { madeKey }),
  };
}

function toDeployment(settings: Settings, folder: string): DeploymentSpec {
  const { model, names, contextSize, threads, gpuLayers, toolFormat, chatTemplate, guarantee } = settings;
  const source: ModelSource = model === undefined ? { kind: 'bundled' } : toSource(model, folder, settings.hub);
  const fallback = source.kind === 'local' ? nameOf(resolve(folder, source.path)) : nameOfSource(source);
  const [name = fallback, ...aliases] = names;
  return {
    ...completeSpec({ source, name, aliases, parallel: settings.parallel, gpu: settings.gpu }),
    ...(contextSize === undefined ? {} : { contextSize }),
    ...(threads === undefined ? {} : { threads }),
    backend: settings.backend,
    backendParameters: [...settings.backendParameters],
    ...(gpuLayers === undefined ? {} : { gpuLayers }),
    ...(toolFormat === undefined ? {} : { toolFormat: toFormat(toolFormat, folder) }),
    ...(guarantee === undefined ? {} : { guarantee }),
    ...(chatTemplate === undefined ? {} : { chatTemplate: toTemplate(chatTemplate, folder) }),
  };
}

/** What names no model is a wrong setting. */
function toSource(model: string, folder: string, hub: Settings['hub']): ModelSource {
  try {
    const source = sourceOf(model, folder);
    return source.kind === 'hub' && source.hub === 'auto' ? { ...source, hub } : source;
  } catch (thrown) {
    if (!isAppError(thrown)) throw thrown;
    throw new ConfigError('invalid_config', `--model: ${thrown.message}`, { cause: thrown });
  }
}

/** The name a model is served under when nobody gave one: its file's, without ending and part number. */
function nameOf(modelPath: string): string {
  return (
    basename(modelPath)
      .replace(/\.gguf$/i, '')
      .replace(/-\d{5}-of-\d{5}$/, '') || 'model'
  );
}

/** A JSON file is a format of its own; anything else is the name of one. */
function toFormat(nameOrFile: string, folder: string): string {
  return nameOrFile.toLowerCase().endsWith('.json') ? resolve(folder, nameOrFile) : nameOrFile;
}

/** Text with template syntax is the template; anything else is the path of one. */
function toTemplate(fileOrText: string, folder: string): string {
  if (/\{[{%#]/.test(fileOrText)) return fileOrText;
  try {
    return readFileSync(resolve(folder, fileOrText), 'utf8');
  } catch (cause) {
    throw new ConfigError('invalid_config', `--chat-template: the file ${fileOrText} cannot be read.`, { cause });
  }
}

/** Where everything that outlives the process is kept. */
export function dataFolderOf(environment: Surroundings['environment']): string {
  const own = environment['AIMINDSERVE_DATA_DIR'];
  return own !== undefined && own !== '' ? resolve(own) : join(homedir(), '.aimindserve');
}
