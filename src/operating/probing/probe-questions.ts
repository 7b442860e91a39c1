/** The five questions that a probe asks a model with a tool at hand, and what is wrong with an answer to each. */

import { isObject } from '../../base/json.ts';
import type { FoldedCall, FoldedChoice } from '../../chat/fold.ts';
import type { Message } from '../../chat/message.ts';
import type { ChatRequest } from '../../chat/request.ts';
import type { Tool } from '../../chat/tool.ts';
import type { ProbeStep } from '../../fleet/tool-verdict.ts';

/** A request to whichever model is being probed. */
export type ProbeRequest = Omit<ChatRequest, 'model'>;

/** One question. Answers are judged by their calls and by values that read the same in every language. */
export interface ProbeQuestion {
  readonly name: ProbeStep['name'];
  readonly request: ProbeRequest;
  /** Undefined = the answer is as it should be. */
  readonly findFault: (answer: FoldedChoice) => string | undefined;
}

/** Tokens of an answer: a call takes some thirty, a model that thinks first some hundred more. */
const maxTokens = 512;
/** Tokens of reasoning, so that a model that thinks still has room to answer. */
const thinkingTokens = 256;

const weather: Tool = {
  name: 'get_weather',
  description: 'Get the current weather of a city.',
  path: 'tools[0].function.parameters',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string', description: 'Name of the city' } },
    required: ['city'],
  },
};

/** Cities that are spelt alike in most languages. */
const oslo = 'Oslo';
const lima = 'Lima';
/** What the tool found out: a number that the answer has to take from it. */
const degrees = '23';

function requestOf(messages: readonly Message[], changes: Partial<ProbeRequest> = {}): ProbeRequest {
  return {
    messages,
    tools: [weather],
    toolChoice: { type: 'auto' },
    parallelCalls: true,
    sampling: { temperature: 0, maxTokens },
    stop: [],
    templateVariables: { thinking_budget: thinkingTokens },
    warnings: [],
    ...changes,
  };
}

const user = (content: string): Message => ({ role: 'user', content, path: 'messages[0].content' });

/** A call and its result, as a client sends them back. */
const called: readonly Message[] = [
  {
    role: 'assistant',
    content: '',
    calls: [{ id: 'call_weather1', name: weather.name, arguments: `{"city": "${oslo}"}` }],
    path: 'messages[1]',
  },
  {
    role: 'tool',
    callId: 'call_weather1',
    name: weather.name,
    content: `{"city": "${oslo}", "temperature_celsius": ${degrees}, "sky": "clear"}`,
    path: 'messages[2].content',
  },
];

/** They are asked in this order. */
export const probeQuestions: readonly ProbeQuestion[] = [
  {
    name: 'call',
    request: requestOf([user(`What is the weather in ${oslo} right now?`)]),
    findFault: ({ calls }) => {
      const [call] = calls;
      if (call === undefined || calls.length !== 1) return `one call was wanted, ${calls.length} came`;
      return isAbout(call, oslo) ? undefined : `the call is not a valid one for ${oslo}`;
    },
  },
  {
    name: 'no-call',
    request: requestOf([user('Good morning! How are you today?')]),
    findFault: ({ calls, text }) => {
      if (calls.length > 0) return 'it called a tool, though nothing was asked that needs one';
      return text.trim() === '' ? 'it said nothing' : undefined;
    },
  },
  {
    name: 'parallel',
    request: requestOf([user(`What is the weather in ${oslo} and in ${lima} right now?`)]),
    findFault: ({ calls }) => {
      const isEach = [oslo, lima].map((city) => calls.some((call) => isAbout(call, city)));
      if (calls.length === 1 && isEach.includes(true)) return 'one call at a time: the second city was not asked for';
      if (calls.length !== 2) return `two calls were wanted, ${calls.length} came`;
      return isEach.includes(false) ? `the calls are not valid ones for ${oslo} and ${lima}` : undefined;
    },
  },
  {
    name: 'round-trip',
    request: requestOf([user(`What is the temperature in ${oslo} right now?`), ...called]),
    findFault: ({ calls, text }) => {
      if (calls.length > 0) return 'it called again, though the result was there';
      return text.normalize('NFKC').includes(degrees) ? undefined : `its text does not hold the result, ${degrees}`;
    },
  },
  {
    name: 'required',
    request: requestOf([user('Thank you, that was very kind of you!')], { toolChoice: { type: 'required' } }),
    findFault: ({ calls }) => {
      if (calls.length === 0) return 'a call was demanded, none came';
      return calls.every((call) => cityOf(call) !== undefined) ? undefined : 'not every call is a valid one';
    },
  },
];

/**
 * What a model must pass to be called proven: without these no client's loop of calls and results works. The other two
 * are told only. A model that calls during small talk costs a needless call, which `tool_choice: none` prevents; one
 * that makes its calls one at a time is slower, and every loop of a client leads it on.
 */
const essential: ReadonlySet<ProbeStep['name']> = new Set(['call', 'round-trip', 'required']);

/** What the steps of a probe come to. */
export function judgeSteps(steps: readonly ProbeStep[]): 'proven' | 'failed' {
  const passed = new Set(steps.filter(({ isOk }) => isOk).map(({ name }) => name));
  return [...essential].every((name) => passed.has(name)) ? 'proven' : 'failed';
}

/** "Oslo, Norway" is about Oslo. */
function isAbout(call: FoldedCall, city: string): boolean {
  return cityOf(call)?.normalize('NFKC').toLowerCase().includes(city.toLowerCase()) ?? false;
}

/** The city of a whole, valid call; undefined for any other. */
function cityOf({ name, outcome, arguments: json }: FoldedCall): string | undefined {
  if (name !== weather.name || outcome !== 'ok') return undefined;
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) && typeof value['city'] === 'string' ? value['city'] : undefined;
  } catch {
    return undefined;
  }
}
