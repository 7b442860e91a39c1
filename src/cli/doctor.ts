/** `aimindserve doctor`: what works on this machine, and the one command for what does not. */

import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError, isAppError } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import type { ServerConfig } from '../server/server-config.ts';
import { startServer } from '../server/start-server.ts';
import { sampleBody } from './banner.ts';
import { explainListenError } from './listen-error.ts';
import { formatFinder, prepareServer, type Surroundings } from './prepare-server.ts';
import { needsEngine, tellSeldom } from './start-progress.ts';
import { visibleGpu } from './visible-gpu.ts';

interface Finding {
  readonly works: boolean;
  readonly subject: string;
  readonly detail: string;
}

/** Checks and prints; the exit code is 0 if `serve` with the same flags would work, else 1. */
export async function doctor(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const findings: Finding[] = [];
  // As they are made: an engine may take minutes to load.
  const find = (...made: readonly Finding[]): void => {
    for (const { works, subject, detail } of made)
      surroundings.say(`${works ? 'ok  ' : 'FAIL'}  ${subject.padEnd(10)}${detail}`);
    findings.push(...made);
  };
  find(checkNode(), checkMachine());
  try {
    const { config } = prepareServer(words, surroundings, await formatFinder(words));
    find(checkStateFolder(config.dataFolder), await checkPort(config));
    find(...(await checkEngine(config, surroundings)));
  } catch (thrown) {
    find({ works: false, subject: 'Settings', detail: messageOf(thrown) });
  }
  const failed = findings.filter((finding) => !finding.works).length;
  surroundings.say(failed === 0 ? '\nAll well: aimindserve serve' : `\n${failed} of ${findings.length} checks failed.`);
  return failed === 0 ? 0 : 1;
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const works = major > 20 || (major === 20 && minor >= 19);
  const advice = works ? '' : ': 20.19 or newer is needed, see https://nodejs.org';
  return { works, subject: 'Node', detail: `${process.versions.node}${advice}` };
}

function checkMachine(): Finding {
  const { platform, arch } = process;
  const works = platform === 'linux' && arch === 'x64' && !existsSync('/lib/ld-musl-x86_64.so.1');
  const gpu = visibleGpu();
  const facts = [
    `${platform} ${arch}`,
    `${availableParallelism()} cores`,
    `${(totalmem() / 2 ** 30).toFixed(1)} GiB memory`,
    gpu === undefined ? 'no GPU seen' : `${gpu} (used with libraries for it: aimindserve engine install llama)`,
    ...(works ? [] : ['the engine comes for Linux on x64 with glibc; elsewhere nothing was tested']),
  ];
  return { works, subject: 'Machine', detail: facts.join(', ') };
}

function checkStateFolder(folder: string): Finding {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return { works: true, subject: 'Folder', detail: folder };
  } catch {
    const detail = `${folder} is not writable; choose another: AIMINDSERVE_DATA_DIR=/some/folder aimindserve doctor`;
    return { works: false, subject: 'Folder', detail };
  }
}

function checkPort({ host, port }: ServerConfig): Promise<Finding> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error) => {
      const detail = explainListenError(error, { host, port })?.message ?? error.message;
      resolve({ works: false, subject: 'Port', detail });
    });
    probe.listen(port, host, () => {
      probe.close(() => resolve({ works: true, subject: 'Port', detail: `${host}:${port} is free` }));
    });
  });
}

/** Starts the real thing on a free port: library, model and a tool call are proven together or not at all. */
async function checkEngine(config: ServerConfig, { warn }: Surroundings): Promise<Finding[]> {
  // In a data directory of its own: the real one may be in use, and must not change. Engines are only read from it.
  const dataFolder = mkdtempSync(join(tmpdir(), 'aimindserve-doctor-'));
  const engines = resolve(config.dataFolder, 'engines');
  if (existsSync(engines)) symlinkSync(engines, join(dataFolder, 'engines'));
  const own = { dataFolder, isDataFolderNamed: true, isModelNamed: true, isLoopback: true };
  const { tls: _tls, ...plain } = config;
  const progress = tellSeldom(warn);
  const onProgress = (words: string): void => {
    if (needsEngine(words)) throw new ConfigError('device_unavailable', words);
    progress.note(words);
  };
  try {
    const server = await startServer({ ...plain, ...own, host: '127.0.0.1', port: 0, apiKeys: [], onProgress });
    try {
      const { model, readyMs } = server.description;
      if (model === undefined) return [{ works: true, subject: 'Engine', detail: 'no model is declared' }];
      const { name, device, format, contextPerRequest } = model;
      const context = `${contextPerRequest} tokens per request, tool format ${format}`;
      return [
        { works: true, subject: 'Engine', detail: `${device}, ready after ${(readyMs / 1000).toFixed(1)} s` },
        { works: true, subject: 'Model', detail: `${name}, ${context}` },
        await checkToolCall(server.url, config.model?.name ?? name),
      ];
    } finally {
      await server.close();
    }
  } catch (thrown) {
    return [{ works: false, subject: 'Engine', detail: messageOf(thrown) }];
  } finally {
    progress.end();
    rmSync(dataFolder, { recursive: true, force: true });
  }
}

/** Characters of an answer: a model that never stops would fill the screen. */
const mostShown = 300;

async function checkToolCall(url: string, model: string): Promise<Finding> {
  const subject = 'Tool call';
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...sampleBody(model), tool_choice: 'required', temperature: 0 }),
    signal: AbortSignal.timeout(120_000),
  });
  const answer: unknown = await response.json();
  const choice: unknown = isObject(answer) && Array.isArray(answer['choices']) ? answer['choices'][0] : undefined;
  const message = isObject(choice) ? choice['message'] : undefined;
  const calls: unknown = isObject(message) ? message['tool_calls'] : undefined;
  const call: unknown = Array.isArray(calls) ? calls[0] : undefined;
  const made = isObject(call) ? call['function'] : undefined;
  if (isObject(made)) {
    const detail = `${String(made['name'])}(${String(made['arguments'])})`;
    return { works: true, subject, detail: detail.length > mostShown ? `${detail.slice(0, mostShown)} …` : detail };
  }
  return { works: false, subject, detail: `none came back: ${JSON.stringify(answer).slice(0, mostShown)}` };
}

function messageOf(thrown: unknown): string {
  if (isAppError(thrown)) return thrown.message;
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
