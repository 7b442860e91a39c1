/** A grammar's cursor as a rule over tokens: special tokens, bytes, and the tokens that end an answer. */

import type { Cursor } from '../../grammar/automaton.ts';
import type { TokenRule } from './sampler.ts';
import type { TokenTable } from './token-table.ts';

/** The rule of one answer; taking a token moves the cursor. */
export interface GrammarRule extends TokenRule {
  /** The token that ended the answer, once one has. */
  readonly endedBy: number | undefined;
}

/**
 * A token that ends a turn (`ends`) may come where the answer may end; the model's other end tokens too, unless the
 * grammar names them as a part of the answer.
 */
export function createRule(cursor: Cursor, tokens: TokenTable, ends: readonly string[]): GrammarRule {
  const turnEnds = new Set(ends.flatMap((spelling) => tokens.idOf(spelling) ?? []));
  const allEnds = [...new Set([...tokens.ends, ...turnEnds])];
  let endedBy: number | undefined;
  const end = (id: number): boolean => {
    if (!cursor.mayEnd()) return false;
    endedBy = id;
    return true;
  };
  const isSet = (id: number): boolean => (((cursor.allowed(tokens)[id >> 5] ?? 0) >>> (id & 31)) & 1) === 1;
  return {
    get endedBy() {
      return endedBy;
    },
    take(id) {
      if (turnEnds.has(id) && end(id)) return true;
      const special = tokens.special(id);
      if (special !== undefined) return cursor.acceptSpecial(special) || (allEnds.includes(id) && end(id));
      const bytes = tokens.bytes(id);
      return bytes.length > 0 && cursor.accept(bytes);
    },
    allows: (id) => isSet(id) || (allEnds.includes(id) && cursor.mayEnd()),
    allowed: () => {
      const ids = bits(cursor.allowed(tokens));
      return cursor.mayEnd() ? [...new Set([...ids, ...allEnds])].sort((a, b) => a - b) : ids;
    },
  };
}

function bits(mask: Uint32Array): number[] {
  const ids: number[] = [];
  for (let word = 0; word < mask.length; word++) {
    for (let rest = mask[word] ?? 0; rest !== 0; rest &= rest - 1) ids.push(word * 32 + 31 - Math.clz32(rest & -rest));
  }
  return ids;
}
