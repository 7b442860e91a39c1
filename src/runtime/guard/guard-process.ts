/** The guard's program: reads its order, says where it listens, and stays until its run is over. */

import { writeSync } from 'node:fs';
import { type Guard, openGuard } from './guard.ts';
import { type GuardNotice, isGuardOrder, parseLine, toLine } from './messages.ts';

let guard: Guard | undefined;

/** Resolves with the first line; the end before it means that nobody wants anything. */
function readFirstLine(): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    process.stdin.setEncoding('utf8');
    process.stdin.on('data', (part: string) => {
      text += part;
      if (part.endsWith('\n')) resolve(text);
    });
    process.stdin.on('error', () => {});
    process.stdin.on('close', () => {
      if (guard === undefined) process.exit(0);
      guard.abandon();
    });
  });
}

/** Written at once: the process may end right after. */
function say(notice: GuardNotice): void {
  writeSync(1, toLine(notice));
}

function stop(): void {
  if (guard === undefined) process.exit(0);
  guard.stop();
}

async function main(): Promise<void> {
  const order = parseLine(await readFirstLine());
  if (!isGuardOrder(order)) {
    say({ type: 'failed', message: 'The guard cannot read its order.' });
    process.exit(1);
  }
  try {
    guard = await openGuard(order);
    say({ type: 'listening', socketPath: guard.socketPath });
  } catch (thrown) {
    say({ type: 'failed', message: thrown instanceof Error ? thrown.message : String(thrown) });
    process.exit(1);
  }
}

process.on('SIGTERM', stop).on('SIGINT', stop).on('SIGHUP', stop);
process.on('uncaughtException', (error) => {
  if (guard === undefined) process.exit(1);
  guard.fail(error.stack ?? error.message);
});
void main();
