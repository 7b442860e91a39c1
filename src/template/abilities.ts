/** What a template can and cannot do, learnt by rendering short conversations and looking for what was put in. */

import { isAppError } from '../base/errors.ts';
import { type Prompt, promptText } from '../chat/prompt.ts';
import type { Tool } from '../chat/tool.ts';
import { unusable } from './program.ts';
import type { Rendering, RenderStyle, TemplateMessage } from './rendering.ts';

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
  /** Prints calls of a message that has text as well. */
  readonly callsBesideText: boolean;
  /** Accepts more than one call in a message. */
  readonly severalCalls: boolean;
  /** Prints messages with the role `tool`. */
  readonly toolResults: boolean;
  /** Accepts a user message directly after a tool's result. */
  readonly userAfterTool: boolean;
  /** Prints the reasoning of earlier turns, at least beside calls. */
  readonly reasoningContent: boolean;
  /** The prompt ends inside an opened reasoning block (with no variables set). */
  readonly promptEndsInReasoning: boolean;
}

type Render = (rendering: Rendering, style: RenderStyle) => string;
type Probe = (messages: readonly TemplateMessage[], tools?: readonly Tool[]) => string;

const styles: readonly RenderStyle[] = [
  { argumentsAs: 'object', emptyContent: 'text' },
  { argumentsAs: 'object', emptyContent: 'null' },
  { argumentsAs: 'string', emptyContent: 'text' },
  { argumentsAs: 'string', emptyContent: 'null' },
];

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
  const [plain] = styles;
  const probeWith =
    (style: RenderStyle, addGenerationPrompt = false): Probe =>
    (messages, tools) =>
      attempt(() =>
        render({ messages, addGenerationPrompt, variables: {}, now: new Date(0), ...(tools ? { tools } : {}) }, style),
      );
  if (plain === undefined) throw unusable('there is no way to try it');
  const question = attempt(
    () => render({ messages: [user], addGenerationPrompt: true, variables: {}, now: new Date(0) }, plain),
    true,
  );
  if (!question.includes(mark.user)) throw unusable("it does not print the user's message");
  const probe = probeWith(plain);
  const calls = learnCalls(probeWith);
  const callProbe = probeWith(calls.style);
  const withTools = [probe([user], [tool]), probe([system, user], [tool])];
  const reasoned = { reasoning: mark.reasoning };
  return {
    system: probe([system, user]).includes(mark.system) && !forgetsSystem(callProbe),
    systemAlone: [undefined, [tool]].every((tools) => probe([system], tools).includes(mark.system)),
    systemAnywhere: includesAll(
      probe([system, user, answer, laterSystem, second]),
      mark.system,
      mark.later,
      mark.second,
    ),
    consecutiveUsers: includesAll(probe([user, second]), mark.user, mark.second),
    assistantFirst:
      [undefined, [tool]].every((tools) => includesAll(probe([answer, user], tools), mark.answer, mark.user)) &&
      (!calls.printed || callProbe([calling, result, user], [tool]).includes(mark.value)),
    tools: withTools.some((text) => text.includes(mark.tool)),
    toolCalls: calls.printed,
    callsBesideText: callProbe([user, { ...calling, content: mark.answer }, result], [tool]).includes(mark.value),
    severalCalls: callProbe([user, callingTwice, result, secondResult], [tool]).split(mark.value).length > 2,
    toolResults: callProbe([user, calling, result], [tool]).includes(mark.result),
    userAfterTool: includesAll(callProbe([user, calling, result, second], [tool]), mark.result, mark.second),
    reasoningContent:
      callProbe([user, { ...calling, ...reasoned }, result], [tool]).includes(mark.reasoning) ||
      probe([user, { ...answer, ...reasoned }]).includes(mark.reasoning),
    ...calls.style,
    promptEndsInReasoning: endsInReasoning([{ text: question, trusted: true }]),
  };
}

/** The first way of handing calls over that prints name and arguments as they are. */
function learnCalls(probeWith: (style: RenderStyle) => Probe): { style: RenderStyle; printed: boolean } {
  // An object whose key is printed next to its value, not a JSON text inside a JSON text.
  const isWhole = (text: string) =>
    includesAll(text, mark.tool, mark.key, mark.value) && !text.includes(`\\"${mark.key}`);
  for (const style of styles) {
    const probe = probeWith(style);
    if (isWhole(probe([user, calling, result], [tool])) || isWhole(probe([user, calling, second], [tool])))
      return { style, printed: true };
  }
  return { style: { argumentsAs: 'object', emptyContent: 'text' }, printed: false };
}

function forgetsSystem(probe: Probe): boolean {
  const text = probe([system, user, calling, result], [tool]);
  return text.includes(mark.result) && !text.includes(mark.system);
}

/** How models open their reasoning, collected from the templates of those that do it in the prompt. */
const reasoningOpening =
  /(?:<(?:seed:)?(?:think|thinking|thought|reasoning)(?:[:_-]\w+)?>|\[THINK\]|◁think▷|<\|(?:START_THINKING|begin_of_thought|think_start|think)\|>|<longcat_think>)$/;

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
