/** Rearranges a conversation into one that a template accepts, losing none of its text. */

import { printExact } from '../base/json.ts';
import { joinSegments, type Prompt } from '../chat/prompt.ts';
import type { TemplateAbilities } from './abilities.ts';
import type { TemplateCall, TemplateMessage } from './rendering.ts';

/** What is put where a template demands a turn that the conversation does not have. */
const fillers = { user: '(The conversation begins with the assistant.)', assistant: 'OK.', between: 'Go on.' } as const;

const blankLine = '\n\n';

/** The conversation in the nearest form that the template takes; unchanged if it takes everything. */
export function adaptMessages(
  messages: readonly TemplateMessage[],
  abilities: TemplateAbilities,
): readonly TemplateMessage[] {
  const steps = [
    dropEmpty,
    tellOrphans,
    splitText,
    splitCalls,
    hoistSystem,
    placeLaterSystem,
    foldSystem,
    foldCalls,
    foldResults,
    startWithUser,
    mergeNeighbours,
    alternate,
  ];
  return steps.reduce((list, step) => step(list, abilities), messages);
}

type Step = (messages: readonly TemplateMessage[], abilities: TemplateAbilities) => readonly TemplateMessage[];

/** System messages that stand together at the start become one. */
const hoistSystem: Step = (messages) => {
  const count = messages.findIndex((message) => message.role !== 'system');
  const leading = count === -1 ? messages : messages.slice(0, count);
  return leading.length < 2 ? messages : [mergeAll(leading), ...messages.slice(leading.length)];
};

/**
 * A system message further on stays where it is if it may; else it is said by the user, at the same place: there it
 * was meant, and the prompt before it stays as it was. Between a call and its results it moves behind them.
 */
const placeLaterSystem: Step = (messages, abilities) => {
  if (abilities.systemAnywhere) return messages;
  const placed: TemplateMessage[] = [];
  let waiting: TemplateMessage[] = [];
  messages.forEach((message, index) => {
    const later = message.role === 'system' && index > 0;
    const insideCalls = messages[index + 1]?.role === 'tool';
    if (later && insideCalls) waiting.push({ role: 'user', content: message.content });
    else placed.push(later ? { role: 'user', content: message.content } : message);
    if (insideCalls || message.role === 'system') return;
    placed.push(...waiting);
    waiting = [];
  });
  return [...placed, ...waiting];
};

/** Where a system message would not be printed, its text goes to the head of the first user message. */
const foldSystem: Step = (messages, abilities) => {
  const [first, second, ...rest] = messages;
  if (first?.role !== 'system') return messages;
  const hasUser = messages.some((message) => message.role === 'user');
  if (abilities.system && (abilities.systemAlone || hasUser)) return messages;
  const asUser: TemplateMessage = { role: 'user', content: first.content };
  if (second?.role === 'user') return [merge(asUser, second), ...rest];
  return [asUser, ...messages.slice(1)];
};

/** Calls that a template does not print stand in the text (formats that are taught in the prompt write them there). */
const foldCalls: Step = (messages, abilities) =>
  abilities.toolCalls
    ? messages
    : messages.map(({ calls = [], ...message }) => {
        const lines = calls.map((call) => `{"name": ${JSON.stringify(call.name)}, "arguments": ${argumentText(call)}}`);
        return { ...message, content: mergeContent(message.content, lines.join('\n')) };
      });

/** Results for a template that prints none are told by the user. */
const foldResults: Step = (messages, abilities) =>
  abilities.toolResults
    ? messages
    : messages.map((message) => (message.role === 'tool' ? { role: 'user', content: message.content } : message));

/** Text before calls becomes a message of its own where it would hide them, or be hidden; the reasoning goes with the calls. */
const splitText: Step = (messages, abilities) => {
  if (!abilities.toolCalls || (abilities.callsBesideText && abilities.reasonedCallsBesideText)) return messages;
  return messages.flatMap((message): TemplateMessage[] => {
    const { content, reasoning } = message;
    const fits = reasoning === undefined ? abilities.callsBesideText : abilities.reasonedCallsBesideText;
    if (fits || !hasCalls(message) || content.length === 0) return [message];
    return [
      { role: 'assistant', content },
      { ...message, content: '' },
    ];
  });
};

/** An answer that says nothing is left out where it is refused. */
const dropEmpty: Step = (messages, abilities) =>
  abilities.emptyAnswer
    ? messages
    : messages.filter((message) => message.role !== 'assistant' || message.content.length > 0 || hasCalls(message));

/** Results without a call before them are told by the user where the template would drop or refuse them. */
const tellOrphans: Step = (messages, abilities) => {
  if (abilities.orphanResults || !abilities.toolResults) return messages;
  let open: ReadonlySet<string> | undefined;
  return messages.map((message) => {
    if (message.role !== 'tool') {
      // A system message may stand between a call and its results.
      if (message.role !== 'system') open = hasCalls(message) ? new Set(message.calls?.map(({ id }) => id)) : undefined;
      return message;
    }
    const known = open !== undefined && (message.callId === undefined || open.has(message.callId));
    return known ? message : { role: 'user', content: message.content };
  });
};

/** Several calls at once become one after the other, each with its result, where the template takes only one. */
const splitCalls: Step = (messages, abilities) => {
  if (abilities.severalCalls) return messages;
  const split: TemplateMessage[] = [];
  for (let at = 0; at < messages.length; at++) {
    const message = messages[at];
    if (message === undefined) break;
    if ((message.calls?.length ?? 0) < 2) {
      split.push(message);
      continue;
    }
    const results: TemplateMessage[] = [];
    for (let next = messages[at + 1]; next?.role === 'tool'; next = messages[++at + 1]) results.push(next);
    split.push(...interleave(message, results));
  }
  return split;
};

function interleave(message: TemplateMessage, results: readonly TemplateMessage[]): TemplateMessage[] {
  const { calls = [], ...rest } = message;
  const known = new Set(calls.map((call) => call.id));
  const pairs = calls.flatMap((call, index): TemplateMessage[] => [
    index === 0 ? { ...rest, calls: [call] } : { role: 'assistant', content: '', calls: [call] },
    ...results.filter((result) => result.callId === call.id),
  ]);
  return [...pairs, ...results.filter((result) => result.callId === undefined || !known.has(result.callId))];
}

const startWithUser: Step = (messages, abilities) => {
  const at = messages[0]?.role === 'system' ? 1 : 0;
  const opener = messages[at]?.role;
  const needsUser = !abilities.systemAlone && messages.every((message) => message.role !== 'user');
  const needsOpener = !abilities.assistantFirst && (opener === 'assistant' || opener === 'tool');
  if (!needsUser && !needsOpener) return messages;
  return [...messages.slice(0, at), { role: 'user', content: fillers.user }, ...messages.slice(at)];
};

/** Where turns must alternate, neighbours of one role become one message. */
const mergeNeighbours: Step = (messages, abilities) => {
  if (abilities.consecutiveUsers) return messages;
  const merged: TemplateMessage[] = [];
  for (const message of messages) {
    const last = merged.at(-1);
    if (last !== undefined && mayMerge(last, message)) merged[merged.length - 1] = merge(last, message);
    else merged.push(message);
  }
  return merged;
};

/** Templates that demand alternating turns do not count calls and results: what stands around them must alternate. */
const alternate: Step = (messages, abilities) => {
  if (abilities.userAfterTool || !abilities.toolResults) return messages;
  let last: TemplateMessage['role'] | undefined;
  return messages.flatMap((message) => {
    const { role } = message;
    if ((role !== 'user' && role !== 'assistant') || hasCalls(message)) return [message];
    const repeated = role === last;
    last = role;
    if (!repeated) return [message];
    return role === 'user'
      ? [{ role: 'assistant', content: fillers.assistant }, message]
      : [{ role: 'user', content: fillers.between }, message];
  });
};

/** Text beside calls is dropped by some templates, so that what has calls stays a message of its own. */
function mayMerge(first: TemplateMessage, second: TemplateMessage): boolean {
  return first.role === second.role && first.role !== 'tool' && !hasCalls(first) && !hasCalls(second);
}

function hasCalls(message: TemplateMessage): boolean {
  return (message.calls?.length ?? 0) > 0;
}

function mergeAll(messages: readonly TemplateMessage[]): TemplateMessage {
  return messages.reduce(merge);
}

function merge(first: TemplateMessage, second: TemplateMessage): TemplateMessage {
  const reasoning = [first.reasoning, second.reasoning].filter((text) => text !== undefined).join(blankLine);
  return {
    role: first.role,
    content: mergeContent(first.content, second.content),
    ...(reasoning === '' ? {} : { reasoning }),
  };
}

function argumentText({ arguments: value }: TemplateCall): string {
  return typeof value === 'string' ? value : printExact(value, 'spaced');
}

function mergeContent(first: string | Prompt, second: string | Prompt): string | Prompt {
  const glue = first.length > 0 && second.length > 0 ? blankLine : '';
  if (typeof first === 'string' && typeof second === 'string') return first + glue + second;
  return joinSegments([...toSegments(first), { text: glue, trusted: false }, ...toSegments(second)]);
}

function toSegments(content: string | Prompt): Prompt {
  return typeof content === 'string' ? [{ text: content, trusted: false }] : content;
}
