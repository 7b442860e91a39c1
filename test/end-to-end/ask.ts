/** Plain HTTP requests to a server under test, and readers of its answers. */

/** An answer's status and JSON body. */
export interface Reply {
  readonly status: number;
  // What a server under test sends is looked at field by field in the tests.
  // biome-ignore lint/suspicious/noExplicitAny: the tests' expectations are the types.
  readonly body: any;
  readonly headers: Headers;
}

/** Posts a chat request; `body` may be raw text or bytes. */
export async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: raw ? body : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json(), headers: response.headers };
}

/** Gets a path's JSON. */
export async function get(url: string, path: string): Promise<Reply> {
  const response = await fetch(url + path);
  return { status: response.status, body: await response.json(), headers: response.headers };
}

/** Posts with `stream: true` and yields each event's data (parsed) until `[DONE]`. */
export async function* stream(
  url: string,
  body: object,
  signal?: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
  // biome-ignore lint/suspicious/noExplicitAny: as above.
): AsyncGenerator<any> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ ...body, stream: true }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (response.status !== 200 || response.body === null) throw new Error(`${response.status} ${await response.text()}`);
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response.body) {
    rest += decoder.decode(chunk, { stream: true });
    const events = rest.split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      if (event.startsWith(':')) continue;
      const data = event.replace(/^data: /, '');
      if (data === '[DONE]') return;
      yield JSON.parse(data);
    }
  }
}

/** What an answer says, however it was sent. */
export interface Said {
  readonly content: string | null;
  readonly calls: ReadonlyArray<{ readonly name: string; readonly arguments: string }>;
  readonly finish: string | null;
}

/** The message of a whole answer. */
export function saidIn(body: Reply['body']): Said {
  const [choice] = body.choices;
  const calls = (choice.message.tool_calls ?? []).map((call: Reply['body']) => call.function);
  return { content: choice.message.content, calls, finish: choice.finish_reason };
}

/** The message of a streamed answer, put together as clients do. */
export async function gather(chunks: AsyncIterable<Reply['body']>): Promise<Said> {
  let content: string | null = null;
  let finish: string | null = null;
  const calls: Array<{ name: string; arguments: string }> = [];
  for await (const chunk of chunks) {
    if (chunk.error !== undefined) throw new Error(JSON.stringify(chunk.error));
    const choice = chunk.choices[0];
    if (choice === undefined) continue;
    if (typeof choice.delta.content === 'string') content = (content ?? '') + choice.delta.content;
    for (const delta of choice.delta.tool_calls ?? []) {
      calls[delta.index] ??= { name: '', arguments: '' };
      const call = calls[delta.index];
      if (call === undefined) continue;
      call.name += delta.function.name ?? '';
      call.arguments += delta.function.arguments ?? '';
    }
    finish = choice.finish_reason ?? finish;
  }
  return { content, calls, finish };
}
