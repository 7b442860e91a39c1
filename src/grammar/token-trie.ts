/** The tokens of a vocabulary as a trie of their bytes, so that one walk finds all tokens that may come next. */

import type { Vocabulary } from './vocabulary.ts';

/** The trie's nodes in depth-first order, the root left out. */
export interface TokenTrie {
  readonly bytes: Uint8Array;
  /** Bytes before this one, from 0. */
  readonly depths: Uint16Array;
  /** The index behind the node's last descendant. */
  readonly ends: Uint32Array;
  /** Node `i` ends the tokens `ids[firstId[i]]` to `ids[firstId[i + 1] - 1]`. */
  readonly firstId: Uint32Array;
  readonly ids: Uint32Array;
  /** Special tokens by their spelling. */
  readonly specials: ReadonlyMap<string, readonly number[]>;
  /** Words of 32 bits in a mask of this vocabulary. */
  readonly maskSize: number;
}

const tries = new WeakMap<Vocabulary, TokenTrie>();
const maxTokenSize = 65_535;

/** The trie of a vocabulary, built on first use. */
export function tokenTrie(vocabulary: Vocabulary): TokenTrie {
  let trie = tries.get(vocabulary);
  if (trie === undefined) {
    trie = buildTrie(vocabulary);
    tries.set(vocabulary, trie);
  }
  return trie;
}

interface Entry {
  readonly bytes: Uint8Array;
  readonly id: number;
}

function buildTrie(vocabulary: Vocabulary): TokenTrie {
  const entries: Entry[] = [];
  const specials = new Map<string, number[]>();
  for (let id = 0; id < vocabulary.size; id++) {
    const special = vocabulary.special(id);
    const bytes = vocabulary.bytes(id);
    if (special !== undefined) specials.set(special, [...(specials.get(special) ?? []), id]);
    else if (bytes.length > 0 && bytes.length < maxTokenSize) entries.push({ bytes, id });
  }
  entries.sort((a, b) => compareBytes(a.bytes, b.bytes));
  return { ...layOut(entries), specials, maskSize: Math.ceil(vocabulary.size / 32) };
}

/** In sorted order each token shares a prefix with the one before; what it adds are new nodes. */
function layOut(entries: readonly Entry[]): Omit<TokenTrie, 'specials' | 'maskSize'> {
  const bytes: number[] = [];
  const depths: number[] = [];
  const ends: number[] = [];
  const firstId: number[] = [];
  const ids: number[] = [];
  const path: number[] = [];
  let previous: Uint8Array = new Uint8Array();
  for (const entry of entries) {
    const shared = sharedLength(previous, entry.bytes);
    for (let depth = path.length; depth > shared; depth--) ends[path.pop() ?? 0] = bytes.length;
    for (let depth = shared; depth < entry.bytes.length; depth++) {
      path.push(bytes.length);
      bytes.push(entry.bytes[depth] ?? 0);
      depths.push(depth);
      firstId.push(ids.length);
      ends.push(0);
    }
    ids.push(entry.id);
    previous = entry.bytes;
  }
  for (const node of path) ends[node] = bytes.length;
  firstId.push(ids.length);
  return {
    bytes: Uint8Array.from(bytes),
    depths: Uint16Array.from(depths),
    ends: Uint32Array.from(ends),
    firstId: Uint32Array.from(firstId),
    ids: Uint32Array.from(ids),
  };
}

function sharedLength(a: Uint8Array, b: Uint8Array): number {
  let index = 0;
  while (index < a.length && index < b.length && a[index] === b[index]) index++;
  return index;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = sharedLength(a, b);
  return (a[shared] ?? -1) - (b[shared] ?? -1);
}
