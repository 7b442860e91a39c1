/** `aimindserve chat`: a conversation in the terminal, in which the person plays the tools. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { ConfigError } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import { PushStream } from '../base/stream.ts';
import { type Answer, listServed, type MadeCall, streamAnswer } from './chat-client.ts';
import type { Surroundings } from './prepare-server.ts';
import type { Target } from './remote/client.ts';
import { Credentials, targetOf } from './remote/credentials.ts';

/** Talks until the person leaves; the result is the exit code. */
export async function chat(options: unknown, surroundings: Surroundings): Promise<number> {
  const conversation = await openConversation(options, surroundings);
  surroundings.say(`Talking to ${conversation.model}. An empty line or Ctrl-D ends.`);
  const person = new Person();
  try {
    for (;;) {
      const text = await person.ask('\n> ');
      if (text === undefined || text.trim() === '') return 0;
      conversation.messages.push({ role: 'user', content: text });
      await answerFully(conversation, person);
    }
  } catch (thrown) {
    if (person.left.aborted) return 0;
    throw thrown;
  } finally {
    person.close();
  }
}

/** The one at the terminal, or a file in their stead: lines that come early wait for their question. */
class Person {
  readonly #terminal = createInterface({ input: process.stdin, output: process.stdout });
  readonly #lines = new PushStream<string>();
  readonly #reader = this.#lines[Symbol.asyncIterator]();
  readonly #leaving = new AbortController();

  constructor() {
    this.#terminal.on('line', (line) => this.#lines.push(line));
    this.#terminal.once('close', () => this.#lines.end());
    this.#terminal.once('SIGINT', () => {
      this.#leaving.abort();
      this.#terminal.close();
    });
  }

  /** Aborts at Ctrl-C; the end of the input only ends the questions. */
  get left(): AbortSignal {
    return this.#leaving.signal;
  }

  /** A line, or undefined once there are no more. */
  async ask(prompt: string): Promise<string | undefined> {
    process.stdout.write(prompt);
    const { value, done } = await this.#reader.next();
    return done === true ? undefined : value;
  }

  close(): void {
    this.#terminal.close();
  }
}

interface Conversation {
  readonly server: Target;
  readonly model: string;
  readonly tools: readonly unknown[];
  readonly messages: object[];
}

async function openConversation(options: unknown, { environment, folder }: Surroundings): Promise<Conversation> {
  const read = (name: string): string | undefined => {
    const value = isObject(options) ? options[name] : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  const server = targetOf({ url: read('url'), key: read('apiKey') }, environment, new Credentials(environment));
  const system = read('system');
  const tools = read('tools');
  const model = read('model') ?? (await firstModel(server));
  if (model === undefined) throw new ConfigError('invalid_config', 'The server serves no model.');
  return {
    server,
    model,
    tools: tools === undefined ? [] : readTools(resolve(folder, tools)),
    messages: system === undefined ? [] : [{ role: 'system', content: system }],
  };
}

/** The first that answers, else the first: the server then says why it does not. */
async function firstModel(server: Target): Promise<string | undefined> {
  const served = await listServed(server);
  return (served.find(({ isReady }) => isReady) ?? served[0])?.name;
}

/** A tools file holds a list of tools, or an object with `tools` (a whole request will do). */
function readTools(path: string): readonly unknown[] {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new ConfigError('invalid_config', `--tools: ${path} cannot be read as JSON.`, { cause });
  }
  const tools = isObject(content) ? content['tools'] : content;
  if (Array.isArray(tools)) return tools;
  throw new ConfigError('invalid_config', `--tools: ${path} must hold a JSON list of tools.`);
}

/** One turn: the model speaks, calls, is given results, until it has said its last word. */
async function answerFully(conversation: Conversation, person: Person): Promise<void> {
  const { server, model, tools, messages } = conversation;
  for (;;) {
    const body = { model, messages, ...(tools.length === 0 ? {} : { tools }) };
    const answer = await streamAnswer(server, body, {
      signal: person.left,
      onText: (text) => process.stdout.write(text),
    });
    process.stdout.write('\n');
    messages.push(toMessage(answer));
    if (answer.calls.length === 0) return;
    for (const call of answer.calls) messages.push(await playTool(call, person));
  }
}

function toMessage({ text, calls }: Answer): object {
  if (calls.length === 0) return { role: 'assistant', content: text };
  const toolCalls = calls.map((call) => ({
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  }));
  return { role: 'assistant', content: text === '' ? null : text, tool_calls: toolCalls };
}

async function playTool(call: MadeCall, person: Person): Promise<object> {
  process.stdout.write(`→ ${call.name}(${call.arguments})\n`);
  const result = await person.ask('  its result (JSON or text): ');
  return { role: 'tool', tool_call_id: call.id, content: result === undefined || result === '' ? '{}' : result };
}
