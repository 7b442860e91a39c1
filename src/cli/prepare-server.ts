/** From the words of a command line to the configuration of a server. */

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { randomHex } from '../base/clock.ts';
import { ConfigError } from '../base/errors.ts';
import { bundledModelPath, type ServerConfig } from '../server.ts';
import { isLoopback } from './loopback.ts';
import { readSettings, type SettingSources, type Settings } from './settings.ts';
import { settleGpu } from './visible-gpu.ts';

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

/** Understands the settings and fills in what follows from them. */
export function prepareServer(words: readonly string[], surroundings: Surroundings): PreparedServer {
  const { environment, folder } = surroundings;
  const settings = readSettings({ words, environment, folder });
  const gpu = settleGpu(settings.gpu);
  const madeKey = settings.apiKeys.length > 0 || isLoopback(settings.host) ? undefined : `sk-${randomHex(24)}`;
  return {
    config: {
      host: settings.host,
      port: settings.port,
      apiKeys: madeKey === undefined ? settings.apiKeys : [madeKey],
      deployment: toDeployment(settings, folder),
      stateFolder: stateFolderOf(environment),
      logLevel: settings.logLevel,
    },
    notes: [...settings.notes, ...gpu.notes],
    ...(madeKey === undefined ? {} : { madeKey }),
  };
}

function toDeployment(settings: Settings, folder: string): ServerConfig['deployment'] {
  const { model, contextSize, threads, gpuLayers, toolFormat, chatTemplate, guarantee } = settings;
  const modelPath = model ?? bundledModelPath();
  return {
    names: settings.names.length > 0 ? settings.names : [nameOf(resolve(folder, modelPath))],
    modelPath,
    engine: 'embedded',
    parallel: settings.parallel,
    gpu: 'off',
    ...(contextSize === undefined ? {} : { contextSize }),
    ...(threads === undefined ? {} : { threads }),
    ...(gpuLayers === undefined ? {} : { gpuLayers }),
    ...(toolFormat === undefined ? {} : { toolFormat: toFormat(toolFormat, folder) }),
    ...(guarantee === undefined ? {} : { guarantee }),
    ...(chatTemplate === undefined ? {} : { chatTemplate: toTemplate(chatTemplate, folder) }),
  };
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

/** Where logs and sockets live. */
export function stateFolderOf(environment: Surroundings['environment']): string {
  const own = environment['AIMINDSERVE_DATA_DIR'];
  if (own !== undefined && own !== '') return resolve(own);
  const shared = environment['XDG_STATE_HOME'];
  return shared !== undefined && isAbsolute(shared)
    ? join(shared, 'aimindserve')
    : join(homedir(), '.local', 'state', 'aimindserve');
}
