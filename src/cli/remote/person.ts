/** Asks the person at the terminal: a line, a secret that is not shown, yes or no. */

import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { ConfigError } from '../../base/errors.ts';

/** A line; undefined = the input ended. `isHidden` shows nothing of what is typed. */
export async function askLine(question: string, isHidden = false): Promise<string | undefined> {
  if (!process.stdin.isTTY)
    throw new ConfigError('invalid_config', `There is no terminal to ask '${question.trim()}' on; give it as a flag.`);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({
    input: process.stdin,
    output: isHidden ? nowhere : process.stderr,
    terminal: true,
  });
  // Only now does the terminal itself no longer show what is typed.
  if (isHidden) process.stderr.write(question);
  try {
    return await Promise.race([terminal.question(isHidden ? '' : question), ended(terminal)]);
  } finally {
    terminal.close();
    if (isHidden) process.stderr.write('\n');
  }
}

/** Ctrl-D is no answer; Ctrl-C ends the command, as it does where nothing is asked. */
function ended(terminal: ReturnType<typeof createInterface>): Promise<undefined> {
  return new Promise((resolve) => {
    terminal.once('SIGINT', () => {
      terminal.close();
      process.stderr.write('\n');
      process.exit(130);
    });
    terminal.once('close', () => resolve(undefined));
  });
}

/** A yes, or false; `isSure` = it was said already, with --yes. */
export async function askYes(question: string, isSure: boolean): Promise<boolean> {
  if (isSure) return true;
  if (!process.stdin.isTTY)
    throw new ConfigError('invalid_config', `${question} There is no terminal to ask on: say it with --yes.`);
  const isYes = /^y(es)?$/i.test((await askLine(`${question} [y/N] `))?.trim() ?? '');
  if (!isYes) process.stderr.write('Nothing was done.\n');
  return isYes;
}

/** A password: the first line of the standard input with --password-stdin, else typed; a new one twice. */
export async function askPassword(kind: 'known' | 'new', fromInput: boolean): Promise<string> {
  const first = await askSecret(kind === 'new' ? 'New password: ' : 'Password: ', fromInput);
  if (kind === 'new' && !fromInput && first !== (await askLine('The same again: ', true)))
    throw new ConfigError('invalid_config', 'The two passwords differ.');
  return first;
}

/** A secret: the first line of the standard input, or typed without being shown. */
export async function askSecret(question: string, fromInput: boolean): Promise<string> {
  const secret = fromInput ? await firstLineOfInput() : ((await askLine(question, true)) ?? '');
  if (secret === '') throw new ConfigError('invalid_config', `${question.replace(/:? *$/, '')} is empty.`);
  return secret;
}

async function firstLineOfInput(): Promise<string> {
  return (await textOf(process.stdin)).split(/\r?\n/, 1)[0] ?? '';
}
