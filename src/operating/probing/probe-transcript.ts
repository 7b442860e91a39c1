/** Writes down one step of a probe for people: what was asked, what came, how it was judged; short and harmless. */

import type { AppError } from '../../base/errors.ts';
import type { FoldedAnswer, FoldedCall } from '../../chat/fold.ts';
import type { Message } from '../../chat/message.ts';
import type { ProbeRequest } from './probe-questions.ts';

/** Bytes (UTF-8) of a transcript; its parts below add up to less. */
const maxBytes = 2_048;
const partBytes = { asked: 160, reasoning: 160, text: 400, name: 60, json: 160, reason: 240 } as const;
const maxCalls = 3;

/** What came of a question: an answer, a failure, or both. */
export interface Outcome {
  readonly answer?: FoldedAnswer;
  readonly error?: AppError;
  /** Why it is not as it should be; absent = it is. */
  readonly fault?: string;
}

/** The transcript of one step. */
export function transcribe({ messages, toolChoice, tools }: ProbeRequest, outcome: Outcome): string {
  const { answer, error, fault } = outcome;
  const lines = [
    ...messages.map((message) => `asked: ${tellMessage(message)}`),
    `with: tools ${tools.map(({ name }) => name).join(', ')}; tool choice ${toolChoice.type}`,
    ...(answer === undefined ? [] : tellAnswer(answer)),
    ...(error === undefined ? [] : [`failure: ${error.code}: ${show(error.message, partBytes.reason)}`]),
    fault === undefined ? 'judged: ok' : `judged: not ok, ${fault}`,
  ];
  return cut(lines.join('\n'), maxBytes);
}

function tellMessage(message: Message): string {
  if (message.role !== 'assistant') return `${message.role} ${show(message.content, partBytes.asked)}`;
  return message.calls.map(({ name, arguments: json }) => `call ${name} ${show(json, partBytes.asked)}`).join('; ');
}

function tellAnswer({ choices, warnings }: FoldedAnswer): string[] {
  const [choice] = choices;
  if (choice === undefined) return ['came: nothing'];
  const { reasoning, text, calls, finish } = choice;
  const codes = [...new Set(warnings.map(({ code }) => code))].slice(0, 4);
  return [
    ...(reasoning === '' ? [] : [`came: reasoning ${show(reasoning, partBytes.reasoning)}`]),
    ...(text === '' ? [] : [`came: text ${show(text, partBytes.text)}`]),
    ...calls.slice(0, maxCalls).map(tellCall),
    ...(calls.length > maxCalls ? [`came: ${calls.length - maxCalls} calls more`] : []),
    `came: the end, ${finish}${codes.length === 0 ? '' : `; warnings ${codes.join(', ')}`}`,
  ];
}

function tellCall({ name, arguments: json, outcome }: FoldedCall): string {
  const state = outcome === 'ok' ? '' : ` (${outcome})`;
  return `came: call ${show(name, partBytes.name)} ${show(json, partBytes.json)}${state}`;
}

/** What a terminal obeys, line ends, what turns the reading order, what cannot be seen, and halves of pairs. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}]/gu;

/** A model's own words on one line within so many bytes; nothing in them acts on what shows them. */
function show(text: string, bytes: number): string {
  const short = text.slice(0, bytes).replaceAll(unseen, (character) => {
    if (character === '\n') return '\\n';
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return cut(text.length > bytes ? `${short}…` : short, bytes);
}

/** The beginning of a text within so many bytes of UTF-8, and a sign if it goes on. */
function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const sign = '…';
  let left = bytes - Buffer.byteLength(sign);
  let end = 0;
  for (const character of text) {
    left -= Buffer.byteLength(character);
    if (left < 0) break;
    end += character.length;
  }
  return `${text.slice(0, end)}${sign}`;
}
