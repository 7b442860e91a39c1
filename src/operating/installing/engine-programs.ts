/** Engines that somebody else installed: on the search path, or named by a setting. */

import { createHash } from 'node:crypto';
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { basename, delimiter, isAbsolute, join } from 'node:path';
import { readVllmProbe, vllmModule, vllmProbe } from '../../engines/vllm/packages.ts';
import type { EngineOrigin, InstalledEngine } from '../../fleet/engine.ts';
import type { ProgramEnd } from '../../runtime/run-to-end.ts';

/** How programs are looked for. */
export interface ProgramWorld {
  /** The folders of the search path, as `PATH` has them. */
  readonly searchPath: string;
  /** The words of a command that starts vLLM's server. */
  readonly vllmCommand?: readonly string[];
  /** The path of a llama-server or llama-box. */
  readonly llamaServer?: string;
  /** Runs a program for a moment, to be asked its version. */
  readonly ask: (command: string, args: readonly string[]) => Promise<ProgramEnd>;
}

/** A program before it was asked anything. */
export interface FoundProgram {
  readonly name: 'vllm' | 'llama-box';
  readonly origin: Extract<EngineOrigin, 'path' | 'configured'>;
  /** As it was named or found. */
  readonly words: readonly string[];
}

/** The absolute path of a program that may be run; undefined = it is in none of the folders. */
export function findOnPath(program: string, searchPath: string): string | undefined {
  const folders = searchPath.split(delimiter).filter((folder) => isAbsolute(folder));
  return folders.map((folder) => join(folder, program)).find(isProgram);
}

/** What there is, the first of a name being the one to prefer; quick enough to be asked at every choice. */
export function findPrograms({ searchPath, vllmCommand, llamaServer }: ProgramWorld): readonly FoundProgram[] {
  const onPath = (name: FoundProgram['name'], program: string): readonly FoundProgram[] => {
    const path = findOnPath(program, searchPath);
    return path === undefined ? [] : [{ name, origin: 'path', words: [path] }];
  };
  const configured = (name: FoundProgram['name'], words: readonly string[] = []): readonly FoundProgram[] => {
    const [program, ...rest] = words;
    if (program === undefined) return [];
    const path = /[\\/]/.test(program) ? program : (findOnPath(program, searchPath) ?? program);
    return [{ name, origin: 'configured', words: [path, ...rest] }];
  };
  return [
    ...configured('vllm', vllmCommand),
    ...configured('llama-box', llamaServer === undefined ? [] : [llamaServer]),
    ...onPath('vllm', 'vllm'),
    // The program `llama-box` takes no token ids; who has but that is better served by the embedded engine.
    ...onPath('llama-box', 'llama-server'),
  ];
}

/** Tells one state of a program's file from another: what was learnt of it holds until this changes. */
export function stampOf({ words }: FoundProgram): string {
  const [program = ''] = words;
  const found = statSync(program, { throwIfNoEntry: false });
  return `${words.join('\0')}\0${found?.mtimeMs ?? ''}\0${found?.size ?? ''}`;
}

/** What was learnt of a program: with which words it is really started, and its version or why it cannot be used. */
type Learnt = Pick<InstalledEngine, 'command' | 'version' | 'state' | 'reason'> &
  Partial<Pick<InstalledEngine, 'accelerator'>>;

/** Asks a program for its version. */
export async function askProgram(
  program: FoundProgram,
  world: Asking,
): Promise<Omit<InstalledEngine, 'workerId' | 'installedAt'>> {
  const { name, origin, words } = program;
  const learnt = name === 'vllm' ? await askVllm(words, world) : await askVersion(words, world.ask);
  const hash = createHash('sha256')
    .update(`${name}\0${origin}\0${words.join('\0')}`)
    .digest('hex');
  return { id: `eng_${hash.slice(0, 16)}`, name, origin, ...learnt };
}

type Asking = Pick<ProgramWorld, 'ask' | 'searchPath'>;

/** Its Python tells in a moment what the program would say after half a minute, if it can say anything. */
async function askVllm(words: readonly string[], { ask, searchPath }: Asking): Promise<Learnt> {
  for (const python of pythonsOf(words, searchPath)) {
    const { code, output } = await ask(python, ['-c', vllmProbe]);
    const found = code === 0 ? readVllmProbe(output) : undefined;
    if (found === undefined) continue;
    const { version, isCpu } = found;
    const command = isPython(words) && words.length > 1 ? words : [python, '-m', vllmModule];
    return { command, version, state: 'ready', reason: '', accelerator: isCpu ? 'cpu' : 'cuda' };
  }
  if (isPython(words)) return failed(words, `${words[0]} has no vLLM.`);
  return askVersion(words, ask);
}

function isPython([program = '']: readonly string[]): boolean {
  return /^python[\d.]*$/.test(basename(program));
}

/** Who may know of vLLM: the Python that was named, the one that a script of pip or uv begins with, the usual one. */
function pythonsOf(words: readonly string[], searchPath: string): readonly string[] {
  const [program = ''] = words;
  if (isPython(words)) return [program];
  if (basename(program) !== 'vllm') return [];
  const start = startOf(program);
  const direct = /^#!(\/\S*python[\d.]*)\s*\n/.exec(start);
  // What installers write where the path is too long, or has a blank, for the system to read it.
  const byShell = /^'''exec' "?([^"\n]*?python[\d.]*)"? /m.exec(start);
  return [(direct ?? byShell)?.[1], findOnPath('python3', searchPath)].filter((python) => python !== undefined);
}

/** `version: 5330 (0a1b2c3d)`, `llama-box v0.0.139`, `0.32.0`. */
async function askVersion(words: readonly string[], ask: ProgramWorld['ask']): Promise<Learnt> {
  const [program = '', ...args] = words;
  const { code, output, isLate } = await ask(program, [...args, '--version']);
  if (isLate) return failed(words, `'${words.join(' ')} --version' took too long.`);
  if (code !== 0) return failed(words, `'${words.join(' ')} --version' failed (${lastLine(output)}).`);
  const version =
    /version:?\s+v?(\d[\w.+-]{0,63})/i.exec(output)?.[1] ?? /\bv?(\d+(?:\.\d+)+\S{0,40})/.exec(output)?.[1];
  return { command: words, version: version ?? 'unknown', state: 'ready', reason: '' };
}

function failed(words: readonly string[], reason: string): Learnt {
  return { command: words, version: '', state: 'failed', reason };
}

function lastLine(output: string): string {
  return output.trimEnd().split('\n').at(-1)?.slice(0, 500) ?? '';
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** A script's first lines. */
function startOf(path: string): string {
  try {
    const file = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(512);
      return bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return '';
  }
}
