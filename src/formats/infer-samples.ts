/** What a template makes of a few short conversations: the material from which a format is inferred. */

import { isAppError } from '../base/errors.ts';
import type { ToolCall } from '../chat/message.ts';
import type { Tool } from '../chat/tool.ts';
import type { TemplateMessage } from '../template/rendering.ts';
import { commonEnd, commonStart } from './infer-text.ts';

/** Renders a conversation through the model's template; may throw where the template refuses it. */
export type RenderSample = (
  messages: readonly TemplateMessage[],
  options: { readonly tools: readonly Tool[]; readonly addGenerationPrompt: boolean },
) => string;

/** Words that no template contains, and no two of which begin or end alike; keys stand in their alphabetical order. */
export const word = {
  user: 'uqasking',
  answer: 'zqanswer',
  thought: 'rqthought',
  tool: 'xqalpha',
  otherTool: 'wqbeta',
  key: 'jqone',
  otherKey: 'kqtwo',
  value: 'vqfirst',
  otherValue: 'oqsecond',
  /** What call ids begin with; four zeros and the call's number follow. */
  id: 'yqid',
} as const;

/** A number whose digits nobody else writes. */
const number = 40_961;

const properties = {
  [word.key]: { type: 'string', description: 'A text.' },
  [word.otherKey]: { type: 'string', description: 'A text.' },
  nqinteger: { type: 'integer', description: 'A number.' },
  nqboolean: { type: 'boolean', description: 'Yes or no.' },
  nqnull: { type: 'null', description: 'Nothing.' },
  nqlist: { type: 'array', items: { type: 'string' }, description: 'Texts.' },
  nqobject: { type: 'object', properties: { [word.key]: { type: 'string' } }, description: 'An object.' },
};

/** The tools of all samples. */
export const sampleTools: readonly Tool[] = [word.tool, word.otherTool].map((name, index) => ({
  name,
  description: 'A tool.',
  parameters: { type: 'object', properties },
  path: `tools[${index}].function.parameters`,
}));

/** The arguments of each sample of one call. */
export const sampleArguments = {
  one: { [word.key]: word.value },
  pair: { [word.key]: word.value, [word.otherKey]: word.otherValue },
  none: {},
  escaped: { [word.key]: 'a<b&c' },
  integer: { nqinteger: number },
  boolean: { nqboolean: true },
  null: { nqnull: null },
  list: { nqlist: [word.value, word.otherValue] },
  object: { nqobject: { [word.key]: word.value } },
} as const;

/** The samples of one call. */
export type SampleName = keyof typeof sampleArguments;

/** How calls are numbered: nine letters and digits, or as Kimi's template demands. */
export type IdStyle = 'plain' | 'function';

/** The calls of a sample, `two` being one to each tool. */
export function sampleCalls(name: SampleName | 'two', ids: IdStyle): readonly ToolCall[] {
  const call = (tool: string, index: number, values: object): ToolCall => ({
    id: ids === 'plain' ? `${word.id}0000${index}` : `functions.${tool}:${index}`,
    name: tool,
    arguments: JSON.stringify(values),
  });
  if (name !== 'two') return [call(word.tool, 0, sampleArguments[name])];
  return [call(word.tool, 0, sampleArguments.one), call(word.otherTool, 1, { [word.otherKey]: word.otherValue })];
}

/** What the template writes of an assistant's turn, without what stands around every turn. */
export interface Samples {
  readonly ids: IdStyle;
  /** The turn of one call; the others are absent where the template refuses them or loses the call. */
  readonly one: string;
  readonly turns: ReadonlyMap<SampleName | 'two', string>;
  /** Blanks between a turn's text and its first call. */
  readonly lead: string;
  /** Around the text of a turn without calls. */
  readonly reply: { readonly open: string; readonly close: string };
  readonly reasoning?: { readonly open: string; readonly close: string };
  /** Special tokens that end a turn with calls, where it ends otherwise than one with text. */
  readonly ends: readonly string[];
  /** What ends every turn. */
  readonly turnEnd: string;
  /** The prompt that invites an answer. */
  readonly prompt: string;
}

/** Renders all samples; a sentence that says why not, if the template does not print calls at all. */
export function takeSamples(render: RenderSample): Samples | string {
  const plain = samplesWith(render, 'plain');
  // Templates that print no name print the id, which must hold it.
  return typeof plain === 'string' || plain.one.includes(word.tool) ? plain : samplesWith(render, 'function');
}

function samplesWith(render: RenderSample, ids: IdStyle): Samples | string {
  const user: TemplateMessage = { role: 'user', content: word.user };
  const attempt = (answer: TemplateMessage | undefined): string | undefined =>
    attempted(() =>
      render(answer === undefined ? [user] : [user, answer], {
        tools: sampleTools,
        addGenerationPrompt: answer === undefined,
      }),
    );
  const calling = (name: SampleName | 'two', more: Partial<TemplateMessage> = {}): string | undefined =>
    attempt({ role: 'assistant', content: '', calls: sampleCalls(name, ids), ...more });
  const prompt = attempt(undefined);
  const spoken = attempt({ role: 'assistant', content: word.answer });
  const called = calling('one');
  if (prompt === undefined || spoken === undefined) return 'the template refuses a plain conversation with tools';
  if (called === undefined) return 'the template refuses a call';
  const reasoning = [
    attempt({ role: 'assistant', content: word.answer, reasoning: word.thought }),
    calling('one', { reasoning: word.thought }),
  ].map((text) => findReasoning(text ?? '', prompt));
  const frame = frameOf({ prompt, spoken, called, marks: reasoning.find((marks) => marks !== undefined) });
  const one = frame.cut(called);
  if (!one.includes(word.value)) return 'the template prints no calls';
  if (one.length > longestTurn) return 'the template writes too much around a call';
  return collect(frame, calling, { ids, prompt, called });
}

/** A turn of one call is short in every format there is. */
const longestTurn = 8_192;

/** What stands around the assistant's turn, and the function that cuts it away. */
interface Frame {
  readonly reply: Samples['reply'];
  readonly reasoning?: { readonly open: string; readonly close: string } | undefined;
  readonly ends: readonly string[];
  readonly turnEnd: string;
  cut(text: string): string;
}

interface FrameParts {
  readonly prompt: string;
  readonly spoken: string;
  readonly called: string;
  readonly marks: { readonly open: string; readonly close: string } | undefined;
}

function frameOf({ prompt, spoken, called, marks }: FrameParts): Frame {
  const start = called.startsWith(prompt) ? prompt : commonStart(spoken, called);
  const turnEnd = commonEnd(spoken, called);
  const own = turnEnd.trim() === '' ? endMarker(spoken) : '';
  const ownEnd = own === '' ? '' : endMarker(called);
  const strip = (text: string): string => {
    const inside = text.slice(start.length, text.length - turnEnd.length);
    const turn =
      ownEnd !== '' && inside.trimEnd().endsWith(ownEnd) ? inside.trimEnd().slice(0, -ownEnd.length) : inside;
    return withoutThought(turn, marks);
  };
  const [open = '', close = ''] = strip(spoken).split(word.answer);
  const ownAt = own === '' ? -1 : close.lastIndexOf(own);
  return {
    reply: { open: open.trimStart(), close: (ownAt === -1 ? close : close.slice(0, ownAt)).trim() },
    reasoning: marks,
    ends: [own, ownEnd].filter((marker) => marker !== ''),
    turnEnd,
    cut: (text) => (text.startsWith(start) && text.endsWith(turnEnd) ? strip(text).trimStart() : ''),
  };
}

/** The token at the text's end. */
function endMarker(text: string): string {
  return /<[^<>\s]+>$/.exec(text.trimEnd())?.[0] ?? '';
}

/** Templates write an empty thought before answers that had none. */
function withoutThought(turn: string, marks: FrameParts['marks']): string {
  const { open, close } = marks ?? { open: '<think>', close: '</think>' };
  const trimmed = turn.trimStart();
  const opened = trimmed.startsWith(open) ? trimmed.slice(open.length).trimStart() : trimmed;
  return opened.startsWith(close) ? opened.slice(close.length) : turn;
}

function collect(
  frame: Frame,
  calling: (name: SampleName | 'two', more?: Partial<TemplateMessage>) => string | undefined,
  { ids, prompt, called }: { ids: IdStyle; prompt: string; called: string },
): Samples {
  const one = frame.cut(called);
  const names = [...Object.keys(sampleArguments).filter(isSampleName), 'two' as const];
  const turns = names.map((name) => [name, frame.cut(calling(name) ?? '')] as const);
  const [, beside = ''] = frame.cut(calling('one', { content: word.answer }) ?? '').split(word.answer);
  const { reasoning, reply, ends, turnEnd } = frame;
  return {
    ids,
    one,
    turns: new Map(turns.filter(([, turn]) => turn !== '')),
    lead: beside.trimStart() === one ? beside.slice(0, -one.length) : '',
    reply,
    ...(reasoning && { reasoning }),
    ends,
    turnEnd,
    prompt,
  };
}

/** The marks next to the thought. */
function findReasoning(text: string, prompt: string): { open: string; close: string } | undefined {
  const at = text.indexOf(word.thought);
  if (at === -1) return undefined;
  const before = text.slice(0, at);
  const mark = /(?:<[^<>\s]+>|\[[A-Z_]+\])\s*$/.exec(before)?.[0];
  const opening = mark ?? (before.startsWith(prompt) ? before.slice(prompt.length) : '');
  const close = /^\s*(<[^<>\s]+>|\[\/?[A-Z_]+\])/.exec(text.slice(at + word.thought.length))?.[1];
  return opening.trim() === '' || close === undefined ? undefined : { open: opening.trim(), close };
}

function isSampleName(text: string): text is SampleName {
  return Object.hasOwn(sampleArguments, text);
}

/** The rendered text; undefined if the template refuses. */
function attempted(render: () => string): string | undefined {
  try {
    return render();
  } catch (cause) {
    if (isAppError(cause)) return undefined;
    throw cause;
  }
}
