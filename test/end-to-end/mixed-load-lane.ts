/** One client of the mixed load: asks this and that of any model, and judges every answer by what was promised. */

import { setTimeout as pause } from 'node:timers/promises';
import { type Agent, fetch, type Response } from 'undici';
import { gather, type Reply, type Said, saidIn } from './ask.ts';
import { createRandom, type Random } from './platform-random.ts';

/** How requests ended: as promised, cut by their token limit and said so, failed and said so, or left by the client. */
export type Ending = 'whole' | 'cut' | 'refused' | 'broken-off' | 'left';

/** What all lanes saw. */
export class LoadRecord {
  readonly endings = new Map<string, number>();
  /** Answers that break a promise, and requests without any end: there must be none. */
  readonly wrong: string[] = [];
  readonly firstMs: number[] = [];

  count(model: string, ending: Ending): void {
    const key = `${model} ${ending}`;
    this.endings.set(key, (this.endings.get(key) ?? 0) + 1);
  }

  total(ending: Ending): number {
    return [...this.endings].reduce((sum, [key, count]) => (key.endsWith(` ${ending}`) ? sum + count : sum), 0);
  }
}

/** Whom to ask, and with which proof of who asks. */
export interface LoadTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly models: readonly string[];
  /** Its connections are closed when the load is over. */
  readonly dispatcher: Agent;
}

/** No request may go on for longer without an end. */
const patienceMs = 90_000;
const rooms = ['kitchen', 'hall', 'cellar'];
const tool = {
  type: 'function',
  function: {
    name: 'set_light',
    description: 'Sets the light of a room.',
    parameters: {
      type: 'object',
      properties: { room: { enum: rooms }, level: { type: 'integer', minimum: 0, maximum: 9 } },
      required: ['room', 'level'],
      additionalProperties: false,
    },
  },
} as const;
const choices = ['auto', 'required', 'none', { type: 'function', function: { name: 'set_light' } }] as const;
/** With these the server says that it cannot answer now. */
const honest = new Set([429, 502, 503, 504]);

interface Wish {
  readonly model: string;
  readonly choice: (typeof choices)[number];
  readonly isStreamed: boolean;
  readonly leaves: boolean;
  readonly body: object;
}

/** Asks until `signal` aborts, one request after the other. */
export async function runLane(
  target: LoadTarget,
  record: LoadRecord,
  { seed, signal }: { readonly seed: number; readonly signal: AbortSignal },
): Promise<void> {
  const random = createRandom(seed);
  while (!signal.aborted) {
    const wish = makeWish(target, random);
    const ending = await askOnce(target, wish, record);
    record.count(wish.model, ending);
    // As clients do that are told to come back.
    if (ending === 'refused') await pause(200 + random.below(800));
  }
}

function makeWish({ models }: LoadTarget, random: Random): Wish {
  const model = random.pick(models) ?? '';
  const choice = random.pick(choices) ?? 'auto';
  const content = `Set the light of the ${random.pick(rooms)} to ${random.below(10)}. Request ${random.below(1e6)}.`;
  const messages = [{ role: 'user', content }];
  const isStreamed = random.below(2) === 0;
  const body = { model, messages, tools: [tool], tool_choice: choice, max_tokens: 32 + random.below(64) };
  return { model, choice, isStreamed, leaves: isStreamed && random.below(20) === 0, body };
}

async function askOnce(target: LoadTarget, wish: Wish, record: LoadRecord): Promise<Ending> {
  const leaving = new AbortController();
  const signal = AbortSignal.any([leaving.signal, AbortSignal.timeout(patienceMs)]);
  try {
    const response = await fetch(`${target.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...target.headers },
      body: JSON.stringify({ ...wish.body, stream: wish.isStreamed }),
      signal,
      dispatcher: target.dispatcher,
    });
    if (response.status !== 200) return judgeRefusal(wish, response, record);
    if (!wish.isStreamed) return judge(wish, saidIn(await response.json()), record);
    const begun = performance.now();
    const said = await gather(
      chunksOf(response, () => {
        record.firstMs.push(performance.now() - begun);
        if (wish.leaves) leaving.abort();
      }),
    );
    return judge(wish, said, record);
  } catch (thrown) {
    if (leaving.signal.aborted) return 'left';
    const told =
      thrown instanceof Error ? `${thrown.name} ${thrown.message} ${String(thrown.cause ?? '')}` : String(thrown);
    if (told.includes('"code"')) return 'broken-off';
    record.wrong.push(`${wish.model}: no end that was told: ${told}`);
    return 'broken-off';
  }
}

async function judgeRefusal(wish: Wish, response: Response, record: LoadRecord): Promise<Ending> {
  const text = await response.text();
  if (!honest.has(response.status) || !text.includes('"code"'))
    record.wrong.push(`${wish.model}: ${response.status} ${text.slice(0, 300)}`);
  return 'refused';
}

function judge({ model, choice }: Wish, said: Said, record: LoadRecord): Ending {
  const isCut = said.finish === 'length';
  const problems = said.calls.flatMap(({ name, arguments: text }, index) => {
    const isLast = index === said.calls.length - 1;
    if (name !== 'set_light') return [`calls '${name}'`];
    return (isCut && isLast) || isValid(text) ? [] : [`arguments ${text}`];
  });
  const { length } = said.calls;
  if (choice === 'none' && length > 0) problems.push('a call although none was wanted');
  if (choice !== 'none' && choice !== 'auto' && length === 0 && !isCut)
    problems.push('no call although one was demanded');
  if (!isCut && said.finish !== (length > 0 ? 'tool_calls' : 'stop')) problems.push(`ended by ${said.finish}`);
  for (const problem of problems)
    record.wrong.push(`${model}, ${JSON.stringify(choice)}: ${problem} (${JSON.stringify(said)})`);
  return isCut ? 'cut' : 'whole';
}

function isValid(text: string): boolean {
  try {
    const { room, level, ...rest } = JSON.parse(text);
    const isLevel = Number.isInteger(level) && level >= 0 && level <= 9;
    return rooms.includes(room) && isLevel && Object.keys(rest).length === 0;
  } catch {
    return false;
  }
}

/** The chunks of a streamed answer; one that ends without its end mark was lost. */
async function* chunksOf(response: Response, first: () => void): AsyncGenerator<Reply['body']> {
  const decoder = new TextDecoder();
  let rest = '';
  let isFirst = true;
  for await (const bytes of response.body ?? []) {
    rest += decoder.decode(bytes, { stream: true });
    const events = rest.split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      if (event.startsWith(':')) continue;
      if (event === 'data: [DONE]') return;
      if (isFirst) first();
      isFirst = false;
      yield JSON.parse(event.slice('data: '.length));
    }
  }
  throw new Error('the stream ended without its end mark');
}
