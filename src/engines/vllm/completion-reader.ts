/** Turns the events of one streamed completion into pieces. */

import { EngineError } from '../../base/errors.ts';
import type { DrawnLogprob } from '../../chat/logprob.ts';
import type { Piece, PieceEnd } from '../../chat/piece.ts';
import { type ChunkPart, splitChunk, type TokenReading } from './chunk-parts.ts';
import { type CompletionChunk, readChunk } from './completion-chunk.ts';
import type { Marked, MarkerReader } from './marker-reader.ts';
import type { TokenTexts } from './token-texts.ts';

/** What reading needs besides the events. */
export interface ReaderParts {
  readonly reading: TokenReading;
  readonly markers: MarkerReader;
  readonly texts: TokenTexts;
  /** So many rivals of each token are wanted; absent = no log probabilities are. */
  readonly topLogprobs: number | undefined;
}

const ends: ReadonlyMap<string, PieceEnd> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['repetition', 'stop'],
]);

/** Pieces as they come; throws EngineError where the stream breaks off or is none. */
export async function* readCompletion(
  events: AsyncIterable<string>,
  parts: ReaderParts,
): AsyncGenerator<Piece, void, undefined> {
  const answer = new Answer(parts);
  for await (const data of events) {
    if (data === '[DONE]') break;
    yield* answer.add(readChunk(data));
  }
  yield* await answer.last();
}

class Answer {
  readonly #parts: ReaderParts;
  #end: PieceEnd | undefined;
  #usage: CompletionChunk['usage'];
  /** Tokens whose text has not come yet, or that have none. */
  #tokens = 0;
  /** Those of them that the engine holds back until their bytes are a character. */
  #held: number[] = [];
  #logprobs: DrawnLogprob[] = [];

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  async *add(chunk: CompletionChunk): AsyncGenerator<Piece, void, undefined> {
    this.#usage = chunk.usage ?? this.#usage;
    const { finish } = chunk;
    // The token that ends an answer is told, but is no part of the text.
    const hasEnd = finish === 'stop' && !chunk.isTextStop && chunk.ids.length > 0;
    const ids = hasEnd ? chunk.ids.slice(0, -1) : chunk.ids;
    const logprobs = await this.#readLogprobs(chunk, ids.length);
    let at = 0;
    for (const part of await splitChunk({ text: chunk.text, ids }, this.#parts.reading)) {
      this.#tokens += part.ids.length;
      this.#logprobs.push(...logprobs.slice(at, at + part.ids.length));
      at += part.ids.length;
      yield* this.#read(part);
    }
    if (hasEnd) this.#tokens++;
    // What is held back then is the stop itself.
    if (chunk.isTextStop) this.#held = [];
    if (finish !== undefined) this.#end = toEnd(finish);
  }

  async last(): Promise<readonly Piece[]> {
    if (this.#end === undefined) throw new EngineError('engine_crashed', 'vLLM broke off in the middle of an answer.');
    const { markers, reading } = this.#parts;
    const held = this.#held.length === 0 ? '' : await reading.decode(this.#held);
    const rest = this.#pieces([...(held.includes('\ufffd') ? markers.text(held) : []), ...markers.end()]);
    const last: Piece = {
      text: '',
      ...this.#report(),
      end: this.#end,
      ...(this.#usage !== undefined && { usage: this.#usage }),
    };
    return [...rest, last];
  }

  #read({ text, special, ids }: ChunkPart): readonly Piece[] {
    const { markers } = this.#parts;
    this.#held = special === undefined && text === '' ? [...this.#held, ...ids] : [];
    return this.#pieces(special === undefined ? markers.text(text) : markers.special(special));
  }

  #pieces(marked: readonly Marked[]): readonly Piece[] {
    return marked.map((each) => ({ ...each, ...this.#report() }));
  }

  #report(): Pick<Piece, 'tokens' | 'logprobs'> {
    const tokens = this.#tokens;
    const logprobs = this.#logprobs;
    this.#tokens = 0;
    this.#logprobs = [];
    return { tokens, ...(logprobs.length > 0 && { logprobs }) };
  }

  async #readLogprobs({ logprobs }: CompletionChunk, count: number): Promise<readonly DrawnLogprob[]> {
    const { texts, topLogprobs } = this.#parts;
    if (topLogprobs === undefined) return [];
    const wanted = logprobs.slice(0, count);
    await texts.learn(wanted.flatMap((byId) => [...byId.keys()]));
    return wanted.map((byId) => {
      const all = [...byId].map(([id, logprob]) => texts.logprob(id, logprob));
      // The drawn token stands first, and again among the likeliest if it is one of them.
      const top = [...all].sort((a, b) => b.logprob - a.logprob).slice(0, topLogprobs);
      return { ...(all[0] ?? texts.logprob(-1, 0)), top };
    });
  }
}

function toEnd(finish: string): PieceEnd {
  const end = ends.get(finish);
  if (end !== undefined) return end;
  throw new EngineError('engine_crashed', `vLLM broke off an answer, and calls it '${finish.slice(0, 100)}'.`);
}
