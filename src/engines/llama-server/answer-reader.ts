/** Turns the events of a completion into pieces: text, special tokens told by their ids, the end, the usage. */

import { EngineError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import type { DrawnLogprob, TokenLogprob } from '../../chat/logprob.ts';
import type { Piece, PieceEnd } from '../../chat/piece.ts';
import type { Constraint } from '../../grammar/constraint.ts';
import { createTextJoiner, type TextJoiner } from '../embedded/text-joiner.ts';
import { readIds, readInteger, readObject, wrong } from './answers.ts';
import type { AskIds, ServerVocabulary } from './vocabulary.ts';

/** What an answer is read with. */
export interface ReaderSettings {
  readonly vocabulary: ServerVocabulary;
  readonly constraint: Pick<Constraint, 'stops' | 'ends'>;
  /** How many likeliest tokens beside each; absent = no log probabilities are wanted. */
  readonly topLogprobs?: number;
}

/** A token at which the server ended, and the piece that it is if the answer goes on. */
export interface EndToken {
  readonly id: number;
  readonly spelling: string;
  readonly piece: Pick<Piece, 'text' | 'special' | 'logprobs'>;
}

interface DrawnEnd {
  readonly id: number;
  readonly content: string;
  readonly special: string | undefined;
}

const where = '/completion';

/**
 * Reads one answer. The server sends a token once its text is whole code points and keeps silent before: the tokens that
 * a code point was split over come as one event, and only the last of them has log probabilities.
 */
export class AnswerReader {
  readonly #settings: ReaderSettings;
  readonly #text: TextJoiner;
  #logprobs: DrawnLogprob[] = [];
  /** Tokens that pieces have reported, and those that events have told. */
  #reported = 0;
  #told = 0;
  #hasEnded = false;
  #endedBy: EndToken | undefined;
  /** The ids of tokens that were told one by one, and the texts of those that were not. */
  readonly #written: (number | string)[] = [];

  constructor(settings: ReaderSettings) {
    this.#settings = settings;
    this.#text = createTextJoiner(settings.constraint.stops);
  }

  /** The last piece is out; what the server may still send does not matter. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The token at which the server ended. */
  get endedBy(): EndToken | undefined {
    return this.#endedBy;
  }

  /** The ids of all that was written but the token that ended it; of split code points as the tokenizer has them. */
  async ids(askIds: AskIds, signal: AbortSignal): Promise<readonly number[]> {
    const texts = this.#written.filter((each) => typeof each === 'string');
    const lists = [...(await askIds(texts, { parseSpecial: false, signal }))];
    return this.#written.flatMap((each) => (typeof each === 'string' ? (lists.shift() ?? []) : [each]));
  }

  /** The pieces that an event's data add. */
  push(data: string): readonly Piece[] {
    const event = readObject(data, where);
    if (event['error'] !== undefined) throw failure(event['error']);
    if (event['stop'] === true) return [this.#finish(event)];
    const id = readIds(event['tokens'] ?? [], where).at(-1);
    // Progress, or the news that it has begun.
    if (id === undefined) return [];
    const before = this.#told;
    this.#told = Math.max(before, readInteger(event['tokens_predicted'], where));
    const content = event['content'];
    if (typeof content !== 'string') throw wrong(where, 'no text', content);
    const special = this.#settings.vocabulary.controls.get(id);
    const { ends } = this.#settings.vocabulary;
    // It is told in the last event why the answer ended: here, by this token.
    if (ends.has(id)) return this.#endAt(event, { id, content, special });
    this.#written.push(this.#told - before === 1 || special !== undefined ? id : content);
    this.#keepLogprob(event, special);
    return special === undefined ? this.#letters(content) : this.#token(content, special);
  }

  #endAt(event: Readonly<Record<string, unknown>>, { id, content, special }: DrawnEnd): readonly Piece[] {
    const pieces = this.#interrupt(content, special);
    if (special === undefined) return pieces;
    const earlier = this.#logprobs;
    this.#logprobs = [];
    this.#keepLogprob(event, special);
    const logprobs = [...earlier, ...this.#logprobs];
    this.#logprobs = earlier;
    this.#endedBy = { id, spelling: special, piece: { text: '', special, ...(logprobs.length > 0 && { logprobs }) } };
    return pieces;
  }

  #letters(content: string): readonly Piece[] {
    const { text, stopped } = this.#text.add(Buffer.from(content, 'utf8'));
    if (stopped) return [this.#last(text, 'stop', 0)];
    return text === '' ? [] : [{ text, ...this.#report() }];
  }

  #token(content: string, special: string): readonly Piece[] {
    const before = this.#interrupt(content, special);
    if (this.#settings.constraint.ends.includes(special)) {
      this.#logprobs.pop();
      return [...before, this.#last('', 'stop', 0)];
    }
    return [...before, { text: '', special, ...this.#report() }];
  }

  /** What stands before a special token's spelling is a code point that it cut off. */
  #interrupt(content: string, special: string | undefined): readonly Piece[] {
    const isSpelt = special !== undefined && content.endsWith(special);
    const text = isSpelt ? content.slice(0, content.length - special.length) : '';
    this.#text.flush();
    return text === '' ? [] : [{ text, tokens: 0 }];
  }

  #finish(event: Readonly<Record<string, unknown>>): Piece {
    const predicted = Math.max(this.#told, readInteger(event['tokens_predicted'], where));
    const isLimit = event['stop_type'] === 'limit';
    if (!isLimit && event['stop_type'] !== 'eos' && event['stop_type'] !== 'word')
      throw wrong(where, 'no reason why it stopped', event['stop_type']);
    // Tokens of which no event told: bytes of a code point that the limit cut off.
    const text = isLimit && predicted > this.#told ? '\uFFFD' : '';
    this.#told = predicted;
    const timings = isObject(event['timings']) ? event['timings'] : {};
    const cached = timings['cache_n'] === undefined ? 0 : readInteger(timings['cache_n'], where);
    return this.#last(text, isLimit ? 'length' : 'stop', cached);
  }

  #last(text: string, end: PieceEnd, cachedTokens: number): Piece {
    this.#hasEnded = true;
    // How long the prompt was, who asked knows.
    const usage = { promptTokens: 0, completionTokens: this.#told, cachedTokens };
    return { text, ...this.#report(), end, usage };
  }

  #report(): Pick<Piece, 'tokens' | 'logprobs'> {
    const logprobs = this.#logprobs;
    const tokens = this.#told - this.#reported;
    this.#logprobs = [];
    this.#reported = this.#told;
    return { tokens, ...(logprobs.length > 0 && { logprobs }) };
  }

  #keepLogprob(event: Readonly<Record<string, unknown>>, special: string | undefined): void {
    const { topLogprobs } = this.#settings;
    const list = event['completion_probabilities'];
    if (topLogprobs === undefined || list === undefined) return;
    const drawn: unknown = Array.isArray(list) ? list[0] : undefined;
    if (!isObject(drawn) || !Array.isArray(drawn['top_logprobs'])) throw wrong(where, 'no log probabilities', list);
    const top = drawn['top_logprobs'].slice(0, topLogprobs).map((each: unknown) => this.#logprob(each));
    const bytes = special === undefined ? undefined : Buffer.from(special, 'utf8');
    this.#logprobs.push({ ...this.#logprob(bytes === undefined ? drawn : { ...drawn, bytes: [...bytes] }), top });
  }

  #logprob(value: unknown): TokenLogprob {
    if (!isObject(value) || typeof value['logprob'] !== 'number' || !Array.isArray(value['bytes']))
      throw wrong(where, 'no log probability', value);
    const bytes = value['bytes'].map((byte: unknown) => readInteger(byte, where) & 0xff);
    const token = decoder.decode(Uint8Array.from(bytes));
    return { token, bytes, logprob: Math.max(impossible, Math.min(value['logprob'], 0)) };
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Stands for minus infinity, which JSON cannot say; OpenAI's own number for it. */
const impossible = -9_999;

function failure(error: unknown): EngineError {
  const internal = JSON.stringify(error).slice(0, 2_000);
  return new EngineError('engine_protocol', 'llama-server broke off an answer with an error of its own.', { internal });
}
