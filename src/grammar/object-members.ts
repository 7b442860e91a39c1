/** Grammar of the members of an object in their order: which may be left out, and how many there must be. */

import {
  type AnyOrderMember,
  choice,
  type GrammarNode,
  maxAnyOrder,
  optional,
  repeat,
  sequence,
  text,
} from './grammar.ts';
import type { SchemaContext } from './schema-context.ts';

/** A property that may be written: its name and its value. */
export type Member = AnyOrderMember;

/** What stands between the braces, and how many members there may be. */
export interface MemberList {
  readonly members: readonly Member[];
  /** Any number of these may follow. */
  readonly extra: GrammarNode | undefined;
  readonly min: number;
  readonly max: number;
  /** May they stand in any order? */
  readonly isAnyOrder: boolean;
}

/** Counts are kept apart for so many members and numbers together. */
const maxCounted = 3_000;

/** Members with separators between; counts that cannot be held are relaxed. */
export function memberList(list: MemberList, context: SchemaContext): GrammarNode {
  const { members, extra, min, max } = list;
  const required = members.filter((item) => item.isRequired).length;
  const isCounted = min > required || max < members.length || (extra !== undefined && max < Infinity);
  if (!isCounted && list.isAnyOrder && members.length > 1 && members.length <= maxAnyOrder)
    return inAnyOrder(members, extra, context);
  if (!isCounted) return body(members, extra, context);
  // Others may repeat a name, so two of them may be one.
  if (extra !== undefined && min > required + 1) context.relax('minProperties');
  const most = Math.min(max, members.length);
  if (members.length * (Math.min(min, members.length) + 1) * (most + 1) > maxCounted) {
    if (min > required) context.relax('minProperties');
    if (max < members.length || extra !== undefined) context.relax('maxProperties');
    return body(members, extra, context);
  }
  return new Counted(list, context).from({ index: 0, written: 0 });
}

function inAnyOrder(
  members: readonly Member[],
  extra: GrammarNode | undefined,
  { spelling }: SchemaContext,
): GrammarNode {
  return { kind: 'anyOrder', members, separator: spelling.memberSeparator, ...(extra && { extra }) };
}

interface Place {
  readonly index: number;
  readonly written: number;
}

/** One rule for each member and number of members written before it. */
class Counted {
  readonly #list: MemberList;
  readonly #context: SchemaContext;
  readonly #known = new Map<string, GrammarNode>();

  constructor(list: MemberList, context: SchemaContext) {
    this.#list = { ...list, members: list.members.map((item) => ({ ...item, node: context.define(item.node) })) };
    this.#context = context;
  }

  from(start: Place): GrammarNode {
    // From the last member back, so that no recursion is as deep as there are members.
    for (let index = this.#list.members.length; index > start.index; index--)
      for (let written = 0; written <= Math.min(index, this.#list.max); written++) this.#at({ index, written });
    return this.#at(start);
  }

  #at({ index, written }: Place): GrammarNode {
    const key = `${index} ${written}`;
    let node = this.#known.get(key);
    if (node === undefined) {
      node = this.#context.define(this.#make({ index, written }));
      this.#known.set(key, node);
    }
    return node;
  }

  #make({ index, written }: Place): GrammarNode {
    const { members, max } = this.#list;
    const item = members[index];
    if (item === undefined) return this.#end(written);
    const ways: GrammarNode[] = [];
    if (written < max)
      ways.push(sequence(this.#after(written, item.node), this.#at({ index: index + 1, written: written + 1 })));
    if (!item.isRequired) ways.push(this.#at({ index: index + 1, written }));
    return ways.length === 0 ? this.#context.never() : choice(...ways);
  }

  #end(written: number): GrammarNode {
    const { extra, min, max } = this.#list;
    const missing = Math.max(0, min - written);
    if (extra === undefined || max <= written) return missing === 0 ? text('') : this.#context.never();
    const most = max === Infinity ? undefined : max - written - 1;
    const others = sequence(
      this.#after(written, extra),
      repeat(sequence(this.#context.spelling.memberSeparator, extra), Math.max(0, missing - 1), most),
    );
    return missing === 0 ? optional(others) : others;
  }

  #after(written: number, node: GrammarNode): GrammarNode {
    return written === 0 ? node : sequence(this.#context.spelling.memberSeparator, node);
  }
}

/** Members in order with commas between, whichever are left out. */
function body(members: readonly Member[], extra: GrammarNode | undefined, context: SchemaContext): GrammarNode {
  const first = members.findIndex((item) => item.isRequired);
  if (first !== -1) return aroundRequired(members, first, { extra, comma: context.spelling.memberSeparator });
  return optional(anyOfThem(members, extra, context));
}

/** A required member needs no comma of its own: those before bring theirs behind, those after bring theirs before. */
function aroundRequired(
  members: readonly Member[],
  first: number,
  { extra, comma }: { readonly extra: GrammarNode | undefined; readonly comma: GrammarNode },
): GrammarNode {
  const items: GrammarNode[] = members.map(({ node, isRequired }, index) => {
    if (index < first) return optional(sequence(node, comma));
    if (index === first) return node;
    return isRequired ? sequence(comma, node) : optional(sequence(comma, node));
  });
  if (extra !== undefined) items.push(repeat(sequence(comma, extra), 0));
  return { kind: 'sequence', items };
}

/** At least one of optional members: each may be the first, and is followed by any of the later ones. */
function anyOfThem(members: readonly Member[], extra: GrammarNode | undefined, context: SchemaContext): GrammarNode {
  const comma = context.spelling.memberSeparator;
  let rest: GrammarNode = extra === undefined ? text('') : repeat(sequence(comma, extra), 0);
  const starts: GrammarNode[] = extra === undefined ? [] : [sequence(extra, rest)];
  for (let index = members.length - 1; index >= 0; index--) {
    const node = members[index]?.node ?? choice();
    const own = members.length > 1 ? context.define(node) : node;
    starts.unshift(sequence(own, rest));
    const tail = sequence(optional(sequence(comma, own)), rest);
    rest = index > 0 ? context.define(tail) : tail;
  }
  return { kind: 'choice', items: starts };
}
