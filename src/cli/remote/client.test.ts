/** What a command says of servers that misbehave, and how it goes on when a connection breaks. */

import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { exitCodeOf } from '../exit-code.ts';
import { Client } from './client.ts';
import { messageOf } from './failure.ts';
import { followDeployment } from './follow-deployment.ts';
import { Item } from './item.ts';
import { logs } from './logs.ts';
import { Options } from './options.ts';
import type { Remote } from './remote-command.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server that answers as told. */
async function clientOf(listener: RequestListener): Promise<Client> {
  const made = createServer(listener);
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  const address = made.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return new Client({ url: `http://127.0.0.1:${port}`, key: 'sk-1' });
}

async function failureOf(work: Promise<unknown>): Promise<{ code: number | undefined; message: string }> {
  try {
    await work;
  } catch (thrown) {
    return { code: exitCodeOf(thrown), message: messageOf(thrown) };
  }
  return { code: 0, message: '' };
}

const say = (status: number, body: string, headers: Record<string, string> = {}) => {
  return (_request: IncomingMessage, response: ServerResponse) => void response.writeHead(status, headers).end(body);
};
const refuse = (status: number, error: object) => say(status, JSON.stringify({ error }));

describe('refusals', () => {
  it.each<[string, RequestListener, number, RegExp]>([
    [
      'an API error',
      refuse(400, { message: 'Too many.', param: 'replicas', code: 'invalid_value' }),
      1,
      /field 'replicas'/,
    ],
    ['401', refuse(401, { message: 'Sign in.', code: 'unauthenticated' }), 4, /aimindserve login http/],
    ['403', refuse(403, { message: 'Not you.', code: 'forbidden' }), 4, /^Not you\.$/],
    ['412', refuse(412, { message: 'Changed.', code: 'changed_meanwhile' }), 1, /Look at it again/],
    ['a code of a newer server', refuse(503, { message: 'Later.', code: 'new_code' }), 1, /^Later\.$/],
    ['a server with a wrong setting of its own', refuse(503, { message: 'Oh.', code: 'invalid_config' }), 1, /^Oh\.$/],
    ['a control sequence', refuse(400, { message: 'a\u001b[2Jb' }), 1, /^a\[2Jb$/],
    ['another program', say(404, '<html>Not here</html>'), 1, /answers 404, and not as an aiMindServe does.*Not here/],
    ['no JSON', say(200, '<html>'), 3, /does not answer as an aiMindServe does/],
    ['a redirect', say(302, '', { location: 'http://127.0.0.1:1/' }), 3, /sends requests on to another address/],
    ['a broken connection', (request) => request.socket.destroy(), 3, /broke the connection off/],
  ])('%s', async (_name, listener, code, message) => {
    const client = await clientOf(listener);
    const failure = await failureOf(client.get(['status']));
    expect(failure.message).toMatch(message);
    expect(failure.code).toBe(code);
  });

  it('a server that does not answer in time', async () => {
    const client = await clientOf(() => {});
    expect(await failureOf(client.ask({ path: ['status'], timeoutMs: 50 }))).toEqual({
      code: 3,
      message: expect.stringContaining('did not answer in time'),
    });
  });

  it('TLS where there is none', async () => {
    const { target } = await clientOf(say(200, '{}'));
    const client = new Client({ url: target.url.replace('http:', 'https:') });
    expect(await failureOf(client.get(['status']))).toEqual({ code: 3, message: expect.stringContaining('speak TLS') });
  });
});

describe('requests', () => {
  it('escape what they are made of, and carry the key', async () => {
    const seen: Array<readonly unknown[]> = [];
    const client = await clientOf((request, response) => {
      seen.push([request.method, request.url, request.headers.authorization]);
      response.end('{}');
    });
    await client.get(['deployments', 'a/b?c=%', 'logs'], { search: 'x&y', watch: undefined });
    expect(seen).toEqual([['GET', '/api/v1/deployments/a%2Fb%3Fc%3D%25/logs?search=x%26y', 'Bearer sk-1']]);
  });

  it('read every page of a list', async () => {
    const client = await clientOf((request, response) => {
      const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page'));
      response.end(JSON.stringify({ items: page === 3 ? [5] : [page * 2 - 1, page * 2], total: 5 }));
    });
    expect((await client.list(['keys'])).body).toEqual({ items: [1, 2, 3, 4, 5], total: 5 });
  });
});

const frame = (event: string, id: number, data: unknown): string =>
  `event: ${event}\nid: e-${id}\ndata: ${JSON.stringify(data)}\n\n`;

describe('watching', () => {
  it('goes on where it broke off', async () => {
    const asked: unknown[] = [];
    const client = await clientOf((request, response) => {
      asked.push(request.headers['last-event-id']);
      if (asked.length === 1) {
        response.write(frame('snapshot', 1, { items: [] }));
        setTimeout(() => request.socket.destroy(), 20);
      } else if (asked.length === 2) response.writeHead(503).end('{"error":{"message":"shutting down"}}');
      else response.end(frame('created', 2, { id: 'a' }));
    });
    const controller = new AbortController();
    const types: string[] = [];
    for await (const { type } of client.watch(['deployments'], controller.signal)) {
      types.push(type);
      if (type === 'created') controller.abort();
    }
    expect([types, asked]).toEqual([
      ['snapshot', 'created'],
      [undefined, 'e-1', 'e-1'],
    ]);
  });

  it('gives up at once where it may not watch', async () => {
    const client = await clientOf(refuse(403, { message: 'No.', code: 'forbidden' }));
    const watch = client.watch(['deployments'], new AbortController().signal);
    expect(await failureOf(watch.next())).toEqual({ code: 4, message: 'No.' });
  });
});

describe('following a deployment', () => {
  const view = (state: string, instance: string, more: object = {}): object => ({
    id: 'dep_1',
    name: 'one',
    state,
    reason: '',
    instances: [{ id: 'ins_1', state: instance, failures: 0, ...more }],
  });

  /** Follows what a script of events tells; `shown` is what a person sees. */
  async function follow(...frames: string[]): Promise<{ end: string; shown: string }> {
    const client = await clientOf((_request, response) => void response.write(frames.join('')));
    const shown: string[] = [];
    const screen = { isTerminal: false, columns: Infinity, write: (text: string) => void shown.push(text) };
    const remote: Pick<Remote, 'client' | 'screen'> = { client, screen };
    const { end } = await followDeployment(remote, new Item(view('starting', 'pending')));
    return { end, shown: shown.join('') };
  }
  const snapshot = (...items: object[]): string => frame('snapshot', 1, { items });
  const update = (item: object): string => frame('updated', 2, item);

  it('ends when it is ready, and tells each state once', async () => {
    const { end, shown } = await follow(
      snapshot(view('starting', 'placed')),
      update({ ...view('starting', 'fetching'), reason: '10 %' }),
      update({ ...view('starting', 'fetching'), reason: '20 %' }),
      update({ id: 'dep_2', state: 'failed' }),
      update(view('starting', 'starting')),
      update(view('ready', 'ready')),
    );
    expect([end, shown]).toEqual(['ready', 'placed\nfetching\nstarting\n']);
  });

  it('tells whole what it waits for, once', async () => {
    const reason = `needs-engine: vLLM is not installed. To install it: aimindserve engine install vllm (${'x'.repeat(200)}).`;
    const waiting = { ...view('starting', 'pending'), reason };
    const { shown } = await follow(snapshot(waiting), update(waiting), update(view('ready', 'ready')));
    expect(shown).toBe(`one waits: ${reason}\npending\n`);
  });

  it('waits through the first failure, which is tried again at once', async () => {
    const once = { failures: 1 };
    const frames = [snapshot(view('failed', 'failed', once)), update(view('starting', 'starting', once))];
    expect((await follow(...frames, update(view('ready', 'ready', once)))).end).toBe('ready');
    expect((await follow(...frames, update(view('failed', 'failed', { failures: 2 })))).end).toBe('failed');
    const never = { ...view('failed', 'failed', once), spec: { restart: 'never' } };
    expect((await follow(snapshot(never))).end).toBe('failed');
  });

  it('sees that it was stopped or removed meanwhile', async () => {
    expect((await follow(snapshot(view('stopped', 'stopping')))).end).toBe('stopped');
    expect((await follow(snapshot())).end).toBe('gone');
    expect((await follow(snapshot(view('starting', 'placed')), frame('deleted', 2, { id: 'dep_1' }))).end).toBe('gone');
  });
});

describe('following logs', () => {
  it('goes through restarts, each run once, also where a new run has no log yet', async () => {
    let looks = 0;
    const asked: string[] = [];
    const client = await clientOf((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
      if (!pathname.endsWith('/logs')) {
        looks++;
        if (looks > 5) return void response.writeHead(404).end('{"error":{"message":"It is gone."}}');
        return void response.end(JSON.stringify({ items: [{ id: 'ins_1', run: looks > 2 ? 2 : 1 }], total: 1 }));
      }
      asked.push(`run ${searchParams.get('run')}, ${searchParams.get('lines')} lines`);
      const isEarly = asked.length === 2;
      response.end(isEarly ? '' : `of run ${searchParams.get('run')}\n`);
    });
    const printed: string[] = [];
    const options = new Options({ follow: true, lines: '3' });
    const surroundings = { environment: {}, folder: '/', say: () => {}, warn: () => {} };
    const ended = logs({ client, options, word: () => 'one', print: (text) => void printed.push(text), surroundings });
    expect(await failureOf(ended)).toEqual({ code: 1, message: 'It is gone.' });
    expect(printed).toEqual(['of run 1\n', 'of run 2\n']);
    expect(asked).toEqual(['run 1, 3 lines', 'run 2, 100000 lines', 'run 2, 100000 lines']);
  });

  it('says so where nothing was written, rather than nothing', async () => {
    const client = await clientOf((request, response) => {
      const isLog = request.url?.includes('/logs') === true;
      const instance = { id: 'ins_1', run: 0, state: 'pending', reason: 'no device is free' };
      response.end(isLog ? '' : JSON.stringify({ items: [instance], total: 1 }));
    });
    const warned: string[] = [];
    const surroundings = {
      environment: {},
      folder: '/',
      say: () => {},
      warn: (text: string) => void warned.push(text),
    };
    await logs({ client, options: new Options({}), word: () => 'one', print: () => {}, surroundings });
    expect(warned).toEqual(['ins_1 is pending, and nothing was written for it: no device is free']);
  });
});
