/** What a template can and cannot do, learnt by rendering short conversations and looking for what was put in. */

import { isAppError } from '../base/errors.ts';
import type { Json } from '../base/json.ts';
import { type Prompt, promptText } from '../chat/prompt.ts';
import type { Tool } from '../chat/tool.ts';
import { unusable } from './program.ts';
import type { ReasoningField, Rendering, RenderStyle, TemplateMessage } from './rendering.ts';

/** Everything that decides how a conversation must be prepared for a template. */
export interface TemplateAbilities extends RenderStyle {
  /** Prints a system message at the start, also while the last word is a tool's (some print it with the last question). */
  readonly system: boolean;
  /** Prints a system message that no user message follows, with and without tools. */
  readonly systemAlone: boolean;
  /** Prints a system message in the middle, besides the one at the start. */
  readonly systemAnywhere: boolean;
  /** Accepts two user messages in a row. */
  readonly consecutiveUsers: boolean;
  /** Accepts an assistant message before any user's. */
  readonly assistantFirst: boolean;
  /** Prints the list of tools. */
  readonly tools: boolean;
  /** Prints calls of the history. */
  readonly toolCalls: boolean;
  /** Prints text and calls of a message that has both, also once it is answered. */
  readonly callsBesideText: boolean;
  /** The same where the message has reasoning too. */
  readonly reasonedCallsBesideText: boolean;
  /** Accepts more than one call in a message. */
  readonly severalCalls: boolean;
  /** Prints messages with the role `tool`. */
  readonly toolResults: boolean;
  /** Prints them also where no call was made before. */
  readonly orphanResults: boolean;
  /** Accepts an assistant message without text and calls. */
  readonly emptyAnswer: boolean;
  /** Accepts a user message directly after a tool's result. */
  readonly userAfterTool: boolean;
  /** Prints the reasoning of messages, be it only of the last one. */
  readonly reasoningContent: boolean;
  /** Prints the reasoning beside calls while their results are being answered: clients must send it back, or we keep it. */
  readonly reasoningBesideCalls: boolean;
  /** Prints the reasoning of turns before the last question. */
  readonly reasoningOfEarlierTurns: boolean;
  /** The prompt ends inside an opened reasoning block (with no variables set). */
  readonly promptEndsInReasoning: boolean;
  /** The variables (`enable_thinking`, `thinking`, `reasoning_effort` …) that change the prompt of a plain question. */
  readonly thinkingVariables: readonly string[];
}

type Render = (rendering: Rendering, style: RenderStyle) => string;
type Variables = Rendering['variables'];
type Probe = (messages: readonly TemplateMessage[], tools?: readonly Tool[], variables?: Variables) => string;

const plain: RenderStyle = { argumentsAs: 'object', emptyContent: 'text', reasoningAs: 'reasoning_content' };
const callStyles: readonly RenderStyle[] = [
  plain,
  { ...plain, emptyContent: 'null' },
  { ...plain, argumentsAs: 'string' },
  { ...plain, argumentsAs: 'string', emptyContent: 'null' },
];
const reasoningFields: readonly ReasoningField[] = ['reasoning_content', 'reasoning', 'thinking'];

/** Values by which each variable that templates know for thinking is told from one that they do not. */
const thinkingValues: Readonly<Record<string, readonly Json[]>> = {
  enable_thinking: [true, false],
  thinking: [true, false],
  thinking_mode: ['enabled', 'disabled'],
  thinking_option: ['on', 'off'],
  thinking_effort: ['low', 'high'],
  thinking_budget: [0, 512],
  reasoning_effort: ['low', 'high', 'none'],
  reasoning_strength: ['low', 'high'],
};
const thinkingOn: Variables = { enable_thinking: true, thinking: true };

/** Words that no template contains. */
const mark = {
  system: 'zqsystem',
  later: 'zqlater',
  user: 'zquser',
  second: 'zqsecond',
  answer: 'zqanswer',
  reasoning: 'zqreasoning',
  tool: 'zqtool',
  key: 'zqkey',
  value: 'zqvalue',
  result: 'zqresult',
} as const;

const system: TemplateMessage = { role: 'system', content: mark.system };
const laterSystem: TemplateMessage = { role: 'system', content: mark.later };
const user: TemplateMessage = { role: 'user', content: mark.user };
const second: TemplateMessage = { role: 'user', content: mark.second };
const answer: TemplateMessage = { role: 'assistant', content: mark.answer };
/** Nine letters and digits, the strictest rule of any template for ids. */
const callId = 'call00001';
const calling: TemplateMessage = {
  role: 'assistant',
  content: '',
  calls: [{ id: callId, name: mark.tool, arguments: JSON.stringify({ [mark.key]: mark.value }) }],
};
const secondCallId = 'call00002';
const callingTwice: TemplateMessage = {
  ...calling,
  calls: [callId, secondCallId].map((id) => ({
    id,
    name: mark.tool,
    arguments: JSON.stringify({ [mark.key]: mark.value }),
  })),
};
const secondResult: TemplateMessage = { role: 'tool', content: mark.second, callId: secondCallId, name: mark.tool };
const result: TemplateMessage = { role: 'tool', content: mark.result, callId, name: mark.tool };
const tool: Tool = {
  name: mark.tool,
  description: 'A tool.',
  parameters: { type: 'object', properties: { [mark.key]: { type: 'string', description: 'A key.' } } },
  path: 'tools[0].function.parameters',
};

/** Tries everything; a ConfigError if not even one plain question can be rendered. */
export function learnAbilities(render: Render): TemplateAbilities {
  const probeWith =
    (style: RenderStyle): Probe =>
    (messages, tools, variables = {}) =>
      attempt(() => render(question(messages, { addGenerationPrompt: false, variables, tools }), style));
  const prompt = attempt(() => render(question([user], {}), plain), true);
  if (!prompt.includes(mark.user)) throw unusable("it does not print the user's message");
  const calls = learnCalls(probeWith);
  const reasoning = learnReasoning(probeWith, calls.style);
  const probe = probeWith(reasoning.style);
  return {
    ...learnTurns(probe, calls.printed),
    ...learnTools(probe),
    ...reasoning.style,
    toolCalls: calls.printed,
    reasoningContent: reasoning.printed,
    reasoningBesideCalls: reasoning.besideCalls,
    reasoningOfEarlierTurns: reasoning.ofEarlierTurns,
    promptEndsInReasoning: endsInReasoning([{ text: prompt, trusted: true }]),
    thinkingVariables: Object.entries(thinkingValues).flatMap(([name, values]) => {
      const prompts = values.map((value) =>
        attempt(() => render(question([user], { variables: { [name]: value } }), plain)),
      );
      const rendered = [prompt, ...prompts.filter((text) => text !== '')];
      return new Set(rendered).size > 1 ? [name] : [];
    }),
  };
}

interface Asked {
  readonly addGenerationPrompt?: boolean;
  readonly variables?: Variables;
  readonly tools?: readonly Tool[] | undefined;
}

function question(messages: readonly TemplateMessage[], asked: Asked): Rendering {
  const { addGenerationPrompt = true, variables = {}, tools } = asked;
  return { messages, addGenerationPrompt, variables, now: new Date(0), ...(tools && { tools }) };
}

/** Which messages may stand where. */
function learnTurns(probe: Probe, printsCalls: boolean) {
  const withAndWithout = [undefined, [tool]];
  const forgetsSystem = () => {
    const text = probe([system, user, calling, result], [tool]);
    return text.includes(mark.result) && !text.includes(mark.system);
  };
  return {
    system: probe([system, user]).includes(mark.system) && !forgetsSystem(),
    systemAlone: withAndWithout.every((tools) => probe([system], tools).includes(mark.system)),
    systemAnywhere: includesAll(
      probe([system, user, answer, laterSystem, second]),
      mark.system,
      mark.later,
      mark.second,
    ),
    consecutiveUsers: includesAll(probe([user, second]), mark.user, mark.second),
    assistantFirst:
      withAndWithout.every((tools) => includesAll(probe([answer, user], tools), mark.answer, mark.user)) &&
      (!printsCalls || probe([calling, result, user], [tool]).includes(mark.value)),
    emptyAnswer: includesAll(probe([user, { ...answer, content: '' }, second]), mark.user, mark.second),
  };
}

/** What it prints of tools, calls and results. */
function learnTools(probe: Probe) {
  const withTools = [probe([user], [tool]), probe([system, user], [tool])];
  const called = [{ ...calling, content: mark.later }, result];
  const reasoned = called.map((message) => ({ ...message, reasoning: mark.reasoning }));
  const printsBoth = (turn: readonly TemplateMessage[]) =>
    [
      [user, ...turn],
      [user, ...turn, answer, second],
    ].every((messages) => includesAll(probe(messages, [tool]), mark.later, mark.value));
  return {
    tools: withTools.some((text) => text.includes(mark.tool)),
    callsBesideText: printsBoth(called),
    reasonedCallsBesideText: printsBoth(reasoned),
    severalCalls: probe([user, callingTwice, result, secondResult], [tool]).split(mark.value).length > 2,
    toolResults: probe([user, calling, result], [tool]).includes(mark.result),
    orphanResults: probe([user, result, answer, second], [tool]).includes(mark.result),
    userAfterTool: includesAll(probe([user, calling, result, second], [tool]), mark.result, mark.second),
  };
}

/** Under which name it reads reasoning, and where it prints it; some print it only when told to think. */
function learnReasoning(probeWith: (style: RenderStyle) => Probe, style: RenderStyle) {
  const thought = { reasoning: mark.reasoning };
  for (const reasoningAs of reasoningFields) {
    const probe = probeWith({ ...style, reasoningAs });
    const prints = (messages: readonly TemplateMessage[]) =>
      [{}, thinkingOn].some((variables) => probe(messages, [tool], variables).includes(mark.reasoning));
    const besideCalls = prints([user, { ...calling, ...thought }, result]);
    const ofEarlierTurns = prints([user, { ...answer, ...thought }, second]);
    const printed = besideCalls || ofEarlierTurns || prints([user, { ...answer, ...thought }]);
    if (printed) return { style: { ...style, reasoningAs }, printed, besideCalls, ofEarlierTurns };
  }
  return { style, printed: false, besideCalls: false, ofEarlierTurns: false };
}

/** The first way of handing calls over that prints name and arguments as they are. */
function learnCalls(probeWith: (style: RenderStyle) => Probe): { style: RenderStyle; printed: boolean } {
  // An object whose key is printed next to its value, not a JSON text inside a JSON text.
  const isWhole = (text: string) =>
    includesAll(text, mark.tool, mark.key, mark.value) && !text.includes(`\\"${mark.key}`);
  for (const style of callStyles) {
    const probe = probeWith(style);
    if (isWhole(probe([user, calling, result], [tool])) || isWhole(probe([user, calling, second], [tool])))
      return { style, printed: true };
  }
  return { style: plain, printed: false };
}

/** How models open their reasoning, collected from the templates of those that do it in the prompt. */
const reasoningOpening =
  /(?:<(?:seed:|longcat_|ifm\|)?(?:think|thinking|thought|reasoning)(?:[:_-]\w+)?>|\[THINK\]|◁think▷|<\|(?:START_THINKING|begin_of_thought|think_start|think:start|think|inner_prefix|content_thinking)\|>|<\|open\|>think<\|sep\|>|<\|channel>thought|<\|channel\|>analysis<\|message\|>)$/;

/** Does this prompt end inside an opened reasoning block? */
export function endsInReasoning(prompt: Prompt): boolean {
  return reasoningOpening.test(promptText(prompt).slice(-64).trimEnd());
}

function includesAll(text: string, ...parts: readonly string[]): boolean {
  return parts.every((part) => text.includes(part));
}

/** The rendered text, or none when the template refuses; `mustWork` turns that into a ConfigError. */
function attempt(render: () => string, mustWork = false): string {
  try {
    return render();
  } catch (cause) {
    if (!isAppError(cause)) throw cause;
    if (mustWork) throw unusable(`it fails on a plain question: ${cause.message}`, cause);
    return '';
  }
}
