/** What a server and a guard say to each other: lines of JSON over the guard's socket. */

import type { Socket } from 'node:net';
import { isObject } from '../../base/json.ts';
import type { LaunchPlan } from '../launch-plan.ts';
import type { RunEnd } from '../run.ts';
import type { RunName, RunState } from '../run-files.ts';

/** What a guard is told on its standard input, as one line. */
export interface GuardOrder extends RunName {
  readonly plan: Omit<LaunchPlan, 'environment'>;
  /** null = removed. */
  readonly environment: Readonly<Record<string, string | null>>;
  readonly leaseMs: number;
  readonly graceMs: number;
  readonly token: string;
  /** Of the instance; for state and socket. */
  readonly folder: string;
  readonly logPath: string;
  readonly maxLogBytes: number;
}

/** To the guard; the first must be `hello`. The program is started by the first good one of all. */
export type ServerMessage = { readonly type: 'hello'; readonly token: string } | { readonly type: 'stop' };

/** From the guard; `facts` and `failed` answer `hello`. */
export type GuardMessage =
  | { readonly type: 'facts'; readonly state: RunState }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'end'; readonly end: RunEnd };

/** What a guard writes to its standard output, once. */
export type GuardNotice =
  | { readonly type: 'listening'; readonly socketPath: string }
  | { readonly type: 'failed'; readonly message: string };

/** Characters; the tail of a log is the longest thing that is said. */
const longestLine = 1 << 20;

/** Calls back with each line's object; a line that is none, or too long a line, ends the connection. */
export function readMessages(socket: Socket, take: (message: Record<string, unknown>) => void): void {
  let open = '';
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    const lines = (open + text).split('\n');
    open = lines.pop() ?? '';
    const messages = lines.map(parseLine);
    for (const message of messages) if (message !== undefined) take(message);
    if (open.length > longestLine || messages.includes(undefined)) socket.destroy();
  });
}

/** One message as a line. */
export function toLine(message: ServerMessage | GuardMessage | GuardNotice): string {
  return `${JSON.stringify(message)}\n`;
}

/** A line's object; undefined if it is none. */
export function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Is this an order? Its writer is this same program in another process; only what was cut off can be wrong. */
export function isGuardOrder(value: object | undefined): value is GuardOrder {
  return value !== undefined && 'token' in value && 'plan' in value && 'environment' in value && 'folder' in value;
}
