/** One request sent whole and streamed; both answers in the same shape. */

/** The answer's body with status and time; `error` = its code. */
export async function askWhole(world, body) {
  return timed(world, body, async (response) => ({ body: await response.json(), wire: [] }));
}

/** The answer as a client puts it together from its chunks; `wire` = what no well-formed stream does. */
export async function askStreamed(world, body) {
  const streamed = { ...body, stream: true, stream_options: { include_usage: true } };
  return timed(world, streamed, async (response) => {
    const type = response.headers.get('content-type') ?? '';
    if (!type.startsWith('text/event-stream')) return { body: await response.json(), wire: [] };
    return foldChunks(await response.text());
  });
}

async function timed({ url, timeoutMs }, body, read) {
  const started = performance.now();
  try {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-aimindserve-report': 'raw' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const said = await read(response);
    const error = said.body.error?.code;
    return { ...said, ...(error && { error, message: said.body.error.message }), ms: performance.now() - started };
  } catch (cause) {
    const error = cause.name === 'TimeoutError' ? 'timeout' : `no answer: ${cause.cause?.code ?? cause.message}`;
    return { body: { error: { code: error } }, wire: [], error, ms: performance.now() - started };
  }
}

function foldChunks(text) {
  const events = text.split('\n\n').filter((event) => event !== '' && !event.startsWith(':'));
  const datas = events.map((event) => event.replace(/^data: /, ''));
  const wire = datas.at(-1) === '[DONE]' ? [] : ['the stream does not end with [DONE]'];
  const chunks = datas.filter((data) => data !== '[DONE]').map((data) => JSON.parse(data));
  const failure = chunks.find((chunk) => chunk.error !== undefined);
  if (failure !== undefined) return { body: failure, wire: [] };
  const choice = new FoldedChoice();
  for (const chunk of chunks) for (const part of chunk.choices) choice.add(part);
  const last = chunks.at(-1);
  if (last?.usage === undefined || last.usage === null) wire.push('the last chunk has no usage');
  const { choices: _choices, usage, aimindserve, ...head } = last ?? {};
  const body = { ...head, object: 'chat.completion', choices: [choice.whole()], usage, aimindserve };
  return { body, wire: [...wire, ...choice.wire] };
}

class FoldedChoice {
  wire = [];
  #message = { role: undefined, content: '', refusal: null };
  #calls = [];
  #finish = null;

  add({ delta, finish_reason: finish }) {
    if (this.#finish !== null) this.wire.push('a chunk after the one with finish_reason');
    if (this.#message.role === undefined && delta.role !== 'assistant') this.wire.push('the first delta has no role');
    this.#message.role ??= delta.role;
    this.#message.content += delta.content ?? '';
    if (delta.reasoning_content !== undefined)
      this.#message.reasoning_content = (this.#message.reasoning_content ?? '') + delta.reasoning_content;
    for (const part of delta.tool_calls ?? []) this.#addCall(part);
    this.#finish = finish;
  }

  #addCall({ index, id, type, function: said }) {
    if (index === this.#calls.length) {
      if (!id || type !== 'function' || !said.name || said.arguments !== '')
        this.wire.push("a call's first delta lacks id, type, name or empty arguments");
      this.#calls.push({ id, type, function: { name: said.name, arguments: '' } });
    } else if (index !== this.#calls.length - 1 || id !== undefined || said.name !== undefined)
      this.wire.push("a call's later delta has the wrong index, or an id or name again");
    const call = this.#calls.at(-1);
    if (call !== undefined) call.function.arguments += said.arguments ?? '';
  }

  whole() {
    if (this.#finish === null) this.wire.push('no finish_reason');
    const hasCalls = this.#calls.length > 0;
    const content = hasCalls && this.#message.content === '' ? null : this.#message.content;
    const message = { ...this.#message, content, ...(hasCalls && { tool_calls: this.#calls }) };
    return { index: 0, message, logprobs: null, finish_reason: this.#finish };
  }
}
