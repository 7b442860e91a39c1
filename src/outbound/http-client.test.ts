import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { startLoopback } from './fixtures/loopback-server.ts';
import { openOutbound, textOf } from './fixtures/open-outbound.ts';

describe('a request', () => {
  test('sends method, headers and body, and reads any status', async () => {
    const { origin } = await startLoopback(async (request, response) => {
      let body = '';
      for await (const piece of request) body += piece;
      response
        .writeHead(404, { 'X-Seen': 'yes' })
        .end(`${request.method} ${request.url} ${request.headers['x-a']} ${body}`);
    });
    const answer = await openOutbound().request(`${origin}/a?b=c`, {
      method: 'POST',
      headers: { 'X-A': '1' },
      body: 'hey',
    });
    expect(answer.status).toBe(404);
    expect(answer.headers['x-seen']).toBe('yes');
    expect(answer.url).toBe(`${origin}/a?b=c`);
    expect(await textOf(answer)).toBe('POST /a?b=c 1 hey');
  });

  test.each(['ftp://example.org/', 'file:///etc/passwd', 'nonsense', 'http://user:secret@example.org/'])(
    'is refused for %s',
    async (url) => {
      await expect(openOutbound().request(url)).rejects.toMatchObject({ code: 'invalid_value' });
    },
  );

  test('says that nobody listens', async () => {
    const { origin, server } = await startLoopback(() => {});
    server.close();
    const answer = openOutbound().request(origin);
    await expect(answer).rejects.toMatchObject({ code: 'outbound_failed', retryable: true });
    await expect(answer).rejects.toThrow('refuses the connection');
  });

  test('ends when no head comes in time', async () => {
    const { origin, sockets } = await startLoopback(() => {});
    await expect(openOutbound().request(origin, { timeoutMs: 50 })).rejects.toThrow('no answer within 0.05 s');
    await expect.poll(() => sockets.size).toBe(0);
  });

  test('ends when the head is larger than any honest one', async () => {
    const { server, origin } = await startLoopback(() => {});
    server.removeAllListeners('request');
    server.on('connection', (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const flood = () => {
        while (!socket.destroyed && socket.write(`X-Pad: ${'a'.repeat(8000)}\r\n`));
      };
      socket.on('drain', flood);
      flood();
    });
    await expect(openOutbound().request(origin)).rejects.toThrow('head of its answer is too large');
  });

  test('ends when hints come without end and no answer', async () => {
    const { server, origin, sockets } = await startLoopback(() => {});
    server.removeAllListeners('request');
    server.on('connection', (socket) => {
      const flood = () => {
        while (!socket.destroyed && socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'));
      };
      socket.on('data', flood).on('drain', flood);
    });
    await expect(openOutbound().request(origin, { timeoutMs: 200 })).rejects.toMatchObject({ code: 'outbound_failed' });
    await expect.poll(() => sockets.size).toBe(0);
  });

  test('ends the body when the server falls silent', async () => {
    const { origin, sockets } = await startLoopback((_request, response) => response.write('begun'));
    const answer = await openOutbound().request(origin, { idleTimeoutMs: 50 });
    await expect(textOf(answer)).rejects.toThrow('fell silent');
    await expect.poll(() => sockets.size).toBe(0);
  });

  test('ends the body when the server says more than it sends', async () => {
    const { origin } = await startLoopback((_request, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('four');
      setImmediate(() => response.destroy());
    });
    await expect(textOf(await openOutbound().request(origin))).rejects.toMatchObject({ code: 'outbound_failed' });
  });

  test('reads no more than the consumer takes', async () => {
    let sent = 0;
    const { origin } = await startLoopback((_request, response) => {
      const flood = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024))) sent++;
      };
      response.on('drain', flood);
      flood();
    });
    const answer = await openOutbound().request(origin);
    const reader = answer.body[Symbol.asyncIterator]();
    await reader.next();
    const before = process.memoryUsage().arrayBuffers;
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
    // What fits the kernel's buffers has left the server, no more.
    expect(sent).toBeLessThan(400);
    await reader.return?.();
  });
});

describe('leaving', () => {
  test('closes the connection when the consumer stops, cancels or aborts, hundreds of times', async () => {
    const { origin, sockets } = await startLoopback((_request, response) => response.write(Buffer.alloc(1000)));
    const outbound = openOutbound();
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        Array.from({ length: 30 }, async (_, index) => {
          const leave = new AbortController();
          const answer = await outbound.request(origin, { signal: leave.signal });
          if (index % 3 === 0) answer.cancel();
          else if (index % 3 === 1) leave.abort();
          else for await (const _piece of answer.body) break;
        }),
      );
    }
    // Some connections stay a few seconds for the next request.
    await expect.poll(() => sockets.size, { timeout: 20_000 }).toBe(0);
  });

  test('before the head comes frees the connection as well', async () => {
    const { origin, sockets, server } = await startLoopback(() => {});
    const outbound = openOutbound();
    const leave = new AbortController();
    const answers = Array.from({ length: 100 }, () => outbound.request(origin, { signal: leave.signal }));
    for (let seen = 0; seen < 100; seen++) await once(server, 'request');
    leave.abort();
    const outcomes = await Promise.allSettled(answers);
    expect(outcomes.every((outcome) => outcome.status === 'rejected')).toBe(true);
    await expect.poll(() => sockets.size).toBe(0);
  });

  test('a signal that was given before is heeded, and nothing listens to it afterwards', async () => {
    const { origin, seen } = await startLoopback((_request, response) => response.end('x'));
    const outbound = openOutbound();
    await expect(outbound.request(origin, { signal: AbortSignal.abort() })).rejects.toThrow('cancelled');
    expect(seen).toHaveLength(0);
    const leave = new AbortController();
    expect(await textOf(await outbound.request(origin, { signal: leave.signal }))).toBe('x');
    leave.abort();
    expect(await textOf(await outbound.request(origin))).toBe('x');
  });

  test('a reader of an aborted body gets an error, not a short body', async () => {
    const { origin } = await startLoopback((_request, response) => response.write('begun'));
    const leave = new AbortController();
    const answer = await openOutbound().request(origin, { signal: leave.signal });
    leave.abort();
    await expect(textOf(answer)).rejects.toThrow('cancelled');
  });

  test('closing the client ends what runs and refuses what comes', async () => {
    const { origin, sockets } = await startLoopback((_request, response) => response.write('begun'));
    const outbound = openOutbound();
    const answer = await outbound.request(origin);
    await outbound.close();
    await expect(textOf(answer)).rejects.toMatchObject({ code: 'outbound_failed' });
    await expect(outbound.request(origin)).rejects.toMatchObject({ code: 'shutting_down' });
    await expect.poll(() => sockets.size).toBe(0);
  });
});
