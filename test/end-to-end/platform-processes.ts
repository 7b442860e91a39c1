/** The processes that belong to a data directory, whoever their parent is by now (Linux). */

import { readdirSync, readFileSync } from 'node:fs';

/** One of them. */
export interface OwnedProcess {
  readonly pid: number;
  readonly kind: 'server' | 'guard' | 'engine' | 'other';
  /** Whose life it is: of guards, engines and what those start, `instance/run`. */
  readonly life: string;
}

/** All that carry the directory in their environment or command. */
export function processesOf(dataFolder: string): readonly OwnedProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => lookAt(Number(name), dataFolder) ?? []);
}

/** The engines among them, by whose life they are. */
export function enginesIn(dataFolder: string): ReadonlyMap<string, number> {
  const engines = processesOf(dataFolder).filter(({ kind }) => kind === 'engine');
  return new Map(engines.map(({ life, pid }) => [life, pid]));
}

function lookAt(pid: number, dataFolder: string): OwnedProcess | undefined {
  const words = read(`/proc/${pid}/cmdline`).split('\0');
  const environment = read(`/proc/${pid}/environ`).split('\0');
  if (![...words, ...environment].some((text) => text.includes(dataFolder)) || isOver(pid)) return undefined;
  const program = words[1] ?? '';
  if (program.endsWith('/engine-process.js')) return { pid, kind: 'engine', life: lifeOf(environment) };
  if (program.endsWith('/guard-process.js')) return { pid, kind: 'guard', life: `${words[2]}/${words[3]}` };
  // Programs of others that we run as engines carry the mark too, and so do their children.
  return { pid, kind: program.endsWith('/main.js') ? 'server' : 'other', life: lifeOf(environment) };
}

/** The mark that a guard puts on its program: instance, run, and what tells this guard from others. */
function lifeOf(environment: readonly string[]): string {
  const mark = environment.find((text) => text.startsWith('AIMINDSERVE_RUN='))?.slice('AIMINDSERVE_RUN='.length) ?? '';
  return mark.split('/').slice(0, 2).join('/');
}

/** A process that has ended and that nobody has asked about yet has no environment, and runs no more. */
function isOver(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`);
  return stat === '' || stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
}

/** Empty if the process is gone, or somebody else's. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
