/** The text of several tokens taken apart at the control tokens among them. */

import type { Decode } from './token-texts.ts';

/** Letters, or one control token; `ids`: the tokens they are. */
export interface ChunkPart {
  readonly text: string;
  readonly special?: string;
  readonly ids: readonly number[];
}

/** What an event brought, without the token that ended the answer. */
export interface ChunkContent {
  readonly text: string;
  readonly ids: readonly number[];
}

/** How tokens are told apart. */
export interface TokenReading {
  readonly special: (id: number) => string | undefined;
  readonly decode: Decode;
}

/** Most events hold one token. Of several spellings in the text, that one is the token before which the text is as long as its tokens'. */
export async function splitChunk({ text, ids }: ChunkContent, reading: TokenReading): Promise<readonly ChunkPart[]> {
  const parts: ChunkPart[] = [];
  let rest = text;
  let from = 0;
  for (let at = 0; at < ids.length; at++) {
    const special = reading.special(ids[at] ?? -1);
    if (special === undefined) continue;
    const before = ids.slice(from, at);
    const place = await placeOf(special, { text: rest, ids: before }, reading);
    const letters = rest.slice(0, place);
    if (letters !== '' || before.length > 0) parts.push({ text: letters, ids: before });
    parts.push({ text: '', special, ids: ids.slice(at, at + 1) });
    rest = rest.slice(place + special.length);
    from = at + 1;
  }
  const behind = ids.slice(from);
  if (rest !== '' || behind.length > 0) parts.push({ text: rest, ids: behind });
  return parts;
}

async function placeOf(special: string, { text, ids }: ChunkContent, { decode }: TokenReading): Promise<number> {
  const first = text.indexOf(special);
  const last = text.lastIndexOf(special);
  // Held back by the engine, or not shown: nothing of the text is its spelling.
  if (first === -1) return 0;
  if (first === last || ids.length === 0) return first;
  const { length } = await decode(ids);
  let best = first;
  for (let place = first; place !== -1; place = text.indexOf(special, place + 1))
    if (Math.abs(place - length) < Math.abs(best - length)) best = place;
  return best;
}
