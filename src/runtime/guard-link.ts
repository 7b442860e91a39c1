/** A server's connection to a guard. */

import { createConnection, type Socket } from 'node:net';
import { Field } from '../base/decode.ts';
import { EngineError } from '../base/errors.ts';
import { readMessages, type ServerMessage, toLine } from './guard/messages.ts';
import { decodeRunEnd, decodeRunState } from './read-run-state.ts';
import type { RunEnd } from './run.ts';
import type { RunState } from './run-files.ts';

/** How long a guard may take to answer; on a machine that swaps, impatience would cost a sound engine. */
const answerMs = 15_000;

/** A guard that answered. */
export interface GuardLink {
  /** The run as its guard sees it. */
  readonly state: RunState;
  /** Resolves when the connection is gone: with the end if it was told. */
  readonly ended: Promise<RunEnd | undefined>;
  stop(): void;
  close(): void;
}

/** Connects, and is answered; rejects if nobody is there, the token is wrong, or the program cannot be started. */
export async function openGuardLink(socketPath: string, token: string): Promise<GuardLink> {
  const socket = createConnection(socketPath);
  const heard = hear(socket);
  const timer = setTimeout(() => socket.destroy(), answerMs);
  try {
    say(socket, { type: 'hello', token });
    const state = await heard.answer;
    const stop = (): void => say(socket, { type: 'stop' });
    return { state, ended: heard.ended, stop, close: () => socket.destroy() };
  } catch (thrown) {
    socket.destroy();
    throw thrown;
  } finally {
    clearTimeout(timer);
  }
}

interface Heard {
  readonly answer: Promise<RunState>;
  readonly ended: Promise<RunEnd | undefined>;
}

function hear(socket: Socket): Heard {
  let end: RunEnd | undefined;
  const ended = new Promise<RunEnd | undefined>((resolve) => socket.once('close', () => resolve(end)));
  const answer = new Promise<RunState>((resolve, reject) => {
    socket.on('error', (cause) => reject(unanswered(cause.message, cause)));
    socket.once('close', () => reject(unanswered('it ended the connection')));
    readMessages(socket, (message) => {
      const field = new Field(message);
      try {
        if (message['type'] === 'facts') resolve(decodeRunState(message['state']));
        if (message['type'] === 'failed') reject(new EngineError('engine_crashed', field.get('message').string()));
        if (message['type'] === 'end') end = decodeRunEnd(field.get('end'));
      } catch (cause) {
        reject(unanswered('it speaks another language', cause));
        socket.destroy();
      }
    });
  });
  return { answer, ended };
}

function unanswered(reason: string, cause?: unknown): EngineError {
  return new EngineError('engine_protocol', `The guard does not answer: ${reason}.`, { cause });
}

function say(socket: Socket, message: ServerMessage): void {
  socket.write(toLine(message));
}
