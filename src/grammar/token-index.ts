/** The tokens of a vocabulary as a trie of their bytes, so that one walk finds all tokens that may come next. */

import type { Vocabulary } from './vocabulary.ts';

/** The nodes of a trie in depth-first order, the root left out. */
export interface TokenTrie {
  readonly bytes: Uint8Array;
  /** Bytes before this one, from 0. */
  readonly depths: Uint16Array;
  /** The index behind the node's last descendant. */
  readonly ends: Uint32Array;
  /** Node `i` ends the tokens `ids[firstId[i]]` to `ids[firstId[i + 1] - 1]`. */
  readonly firstId: Uint32Array;
  readonly ids: Uint32Array;
}

/** All tokens of a vocabulary. */
export interface TokenIndex {
  /** Tokens of whole plain string characters (no quote, backslash or control), at most `maxPlainLength` of them. */
  readonly plain: TokenTrie;
  /** All others. */
  readonly rest: TokenTrie;
  /** By node of `plain`: the characters of the longest token that begins with it. */
  readonly plainLengths: Uint8Array;
  /** By number of characters, from 0: bit set = the token is in `plain` and no longer. */
  readonly plainMasks: readonly Uint32Array[];
  /** Special tokens by their spelling. */
  readonly specials: ReadonlyMap<string, readonly number[]>;
}

/** Characters a plain token may have; longer ones count as others. */
export const maxPlainLength = 24;

const indexes = new WeakMap<Vocabulary, TokenIndex>();
const maxTokenSize = 65_535;

/** The index of a vocabulary, built on first use. */
export function tokenIndex(vocabulary: Vocabulary): TokenIndex {
  let index = indexes.get(vocabulary);
  if (index === undefined) {
    index = buildIndex(vocabulary);
    indexes.set(vocabulary, index);
  }
  return index;
}

/** Sets the bit of a token. */
export function setBit(mask: Uint32Array | undefined, id: number): void {
  if (mask !== undefined) mask[id >> 5] = (mask[id >> 5] ?? 0) | (1 << (id & 31));
}

interface Entry {
  readonly bytes: Uint8Array;
  readonly id: number;
}

function buildIndex(vocabulary: Vocabulary): TokenIndex {
  const plain: Entry[] = [];
  const rest: Entry[] = [];
  const plainMasks = Array.from({ length: maxPlainLength + 1 }, () => new Uint32Array(Math.ceil(vocabulary.size / 32)));
  const specials = new Map<string, number[]>();
  for (let id = 0; id < vocabulary.size; id++) {
    const special = vocabulary.special(id);
    const bytes = vocabulary.bytes(id);
    if (special !== undefined) specials.set(special, [...(specials.get(special) ?? []), id]);
    else if (isPlain(bytes)) {
      plain.push({ bytes, id });
      for (let length = characters(bytes); length <= maxPlainLength; length++) setBit(plainMasks[length], id);
    } else if (bytes.length > 0 && bytes.length < maxTokenSize) rest.push({ bytes, id });
  }
  const trie = buildTrie(plain);
  return { plain: trie, rest: buildTrie(rest), plainLengths: longestTokens(trie), plainMasks, specials };
}

/** Code points of whole UTF-8. */
function characters(bytes: Uint8Array): number {
  return bytes.reduce((count, byte) => count + (isContinuation(byte) ? 0 : 1), 0);
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

function longestTokens({ bytes, depths, firstId }: TokenTrie): Uint8Array {
  const longest = new Uint8Array(bytes.length);
  const path: number[] = [];
  const counts: number[] = [0];
  const keep = (depth: number): void => {
    for (let node = path.pop(); node !== undefined; node = path.pop()) {
      const parent = path.at(-1);
      if (parent !== undefined) longest[parent] = Math.max(longest[parent] ?? 0, longest[node] ?? 0);
      if (path.length === depth) return;
    }
  };
  for (const [node, byte] of bytes.entries()) {
    const depth = depths[node] ?? 0;
    if (path.length > depth) keep(depth);
    path.push(node);
    const count = (counts[depth] ?? 0) + (isContinuation(byte) ? 0 : 1);
    counts[depth + 1] = count;
    if (firstId[node] !== firstId[node + 1]) longest[node] = count;
  }
  keep(0);
  return longest;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function isPlain(bytes: Uint8Array): boolean {
  if (bytes.length === 0 || bytes.length > maxPlainLength * 4) return false;
  if (bytes.some((byte) => byte < 0x20 || byte === 0x22 || byte === 0x5c)) return false;
  try {
    return [...decoder.decode(bytes)].length <= maxPlainLength;
  } catch {
    // Part of a code point: many vocabularies have such tokens.
    return false;
  }
}

/** In sorted order each token shares a prefix with the one before; what it adds are new nodes. */
function buildTrie(entries: Entry[]): TokenTrie {
  entries.sort((a, b) => compareBytes(a.bytes, b.bytes));
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
