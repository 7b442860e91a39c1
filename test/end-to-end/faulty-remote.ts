/** A server of OpenAI's protocol that does what the last message names: answers well, or fails in some way. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The ways to fail, and `well`. */
export type Behaviour = keyof typeof behaviours;

/** The server, and what is seen from its side. */
export interface FaultyRemote {
  readonly url: string;
  readonly port: number;
  /** Answers that have not ended and whose client is still there. */
  readonly open: number;
  /** What was asked for, in order. */
  readonly asked: readonly string[];
  /** Fails every question with 500, while it says that it is well. */
  isLying: boolean;
  close(): Promise<void>;
}

type Behave = (response: ServerResponse) => Promise<void> | void;

const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'far-1', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const forEver = (): Promise<never> => new Promise(() => {});

/** Writes until the client has gone. */
async function* whileOpen(response: ServerResponse, everyMs: number): AsyncGenerator<void> {
  while (!response.destroyed && !response.closed) {
    yield;
    await pause(everyMs);
  }
}

const behaviours = {
  well(response) {
    response.end(`${chunk({ content: 'Fine.' })}${chunk({}, 'stop')}data: [DONE]\n\n`);
  },
  hang(response) {
    response.write(chunk({ content: 'I begin' }));
    return forEver();
  },
  silent: forEver,
  garbage(response) {
    response.end('data: {"choices": [{{{\n\n');
  },
  early(response) {
    response.write(chunk({ content: 'I beg' }), () => response.destroy());
  },
  // A chunk that never becomes whole.
  async drip(response) {
    const bytes = [...chunk({ content: 'x'.repeat(10_000) })];
    for await (const _ of whileOpen(response, 100)) response.write(bytes.shift() ?? 'x');
  },
  async endless(response) {
    for await (const _ of whileOpen(response, 100)) response.write(chunk({ content: 'and ' }));
  },
  'cut-off'(response) {
    response.end(chunk({ content: 'I begin' }));
  },
  'bad-call'(response) {
    const called = { index: 0, id: 'c', function: { name: 'set_light', arguments: '{"level": "high"' } };
    response.end(`${chunk({ tool_calls: [called] })}${chunk({}, 'tool_calls')}data: [DONE]\n\n`);
  },
} satisfies Record<string, Behave>;

/** Starts it, on this port if one is named. */
export async function startFaultyRemote(port = 0): Promise<FaultyRemote> {
  const asked: string[] = [];
  const state = { open: 0, isLying: false };
  const server = createServer(async (request, response) => {
    if (request.method === 'GET') {
      response.setHeader('content-type', 'application/json').end('{"data":[{"id":"far"}]}');
      return;
    }
    const behaviour = await readBehaviour(request);
    asked.push(behaviour);
    if (state.isLying) {
      response.writeHead(500).end('{"error":{"message":"out of order"}}');
      return;
    }
    state.open++;
    response.once('close', () => state.open--);
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    void behaviours[behaviour](response);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { port: own } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${own}/v1`,
    port: own,
    asked,
    get open() {
      return state.open;
    },
    get isLying() {
      return state.isLying;
    },
    set isLying(isLying) {
      state.isLying = isLying;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readBehaviour(request: IncomingMessage): Promise<Behaviour> {
  let text = '';
  for await (const part of request) text += part;
  const { messages } = JSON.parse(text) as { messages: readonly { role: string; content: string }[] };
  const wanted = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  return wanted in behaviours ? (wanted as Behaviour) : 'well';
}
