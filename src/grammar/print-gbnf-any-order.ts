/** Members in any order as GBNF: every order of a few, one order of many. */

import type { AnyOrderNode, GrammarNode } from './grammar.ts';
import { emptyLiteral } from './print-gbnf-literals.ts';
import type { RuleBook } from './print-gbnf-rules.ts';

/** What printing needs of the printer. */
export interface OrderPrinter {
  readonly owner: string;
  readonly book: RuleBook;
  /** A node as something that stands for itself; undefined if nothing matches it. */
  printed(node: GrammarNode): string | undefined;
}

/** Each set of members that are written is a rule; of more members only one order is printed. */
const maxMembers = 6;

/** The rule's name, and whether all orders are in it. */
export function printAnyOrder(node: AnyOrderNode, printer: OrderPrinter): { text: string; isExact: boolean } {
  const parts = new Members(node, printer);
  const isExact = parts.members.length <= maxMembers;
  return { text: isExact ? new Orders(parts).whole() : parts.inOrder(), isExact };
}

/** The parts of a node as they are printed. */
class Members {
  readonly printer: OrderPrinter;
  readonly members: readonly { readonly text: string; readonly isRequired: boolean }[];
  readonly extra: string | undefined;
  readonly separator: string;
  readonly continued: boolean;

  constructor({ members, extra, separator, continued }: AnyOrderNode, printer: OrderPrinter) {
    this.printer = printer;
    this.members = members.flatMap(({ node, isRequired }) => {
      const text = printer.printed(node);
      return text === undefined ? [] : [{ text, isRequired }];
    });
    this.extra = extra && printer.printed(extra);
    this.separator = printer.printed(separator) ?? emptyLiteral;
    this.continued = continued === true;
  }

  rule(body: string): string {
    const { book, owner } = this.printer;
    return book.add(`${owner}-members`, () => body);
  }

  /** Any number of others, each behind a separator. */
  get others(): string {
    return this.extra === undefined ? emptyLiteral : `(${this.separator} ${this.extra})*`;
  }

  inOrder(): string {
    const { members, separator } = this;
    const tails = [this.rule(this.others)];
    for (const { text, isRequired } of members.toReversed()) {
      const own = isRequired ? `${separator} ${text}` : `(${separator} ${text})?`;
      tails.unshift(this.rule(`${own} ${tails[0] ?? emptyLiteral}`));
    }
    if (this.continued) return tails[0] ?? emptyLiteral;
    const required = members.findIndex(({ isRequired }) => isRequired);
    const starts = required === -1 ? members : members.slice(0, required + 1);
    const ways = starts.map(({ text }, index) => `${text} ${tails[index + 1] ?? emptyLiteral}`);
    if (required === -1) ways.push(...(this.extra === undefined ? [] : [`${this.extra} ${this.others}`]), emptyLiteral);
    return this.rule(ways.join(' | '));
  }
}

/** What follows each set of members that are written; a set is a number, a bit for each member. */
class Orders {
  readonly #parts: Members;
  readonly #rests = new Map<number, string>();

  constructor(parts: Members) {
    this.#parts = parts;
  }

  whole(): string {
    const { continued, extra } = this.#parts;
    if (continued) return this.#behind(0);
    const ways = this.#ways(0);
    if (extra !== undefined) ways.push(`${extra} ${this.#behind(0)}`);
    if (this.#mayEnd(0)) ways.push(emptyLiteral);
    return this.#parts.rule(ways.join(' | '));
  }

  /** Others first: before the next member they are as good as anywhere else. */
  #behind(written: number): string {
    const known = this.#rests.get(written);
    if (known !== undefined) return known;
    const { separator, others } = this.#parts;
    const ways = this.#ways(written);
    const further = `(${separator} (${ways.join(' | ')}))${this.#mayEnd(written) ? '?' : ''}`;
    const rest = this.#parts.rule(ways.length === 0 ? others : `${others} ${further}`);
    this.#rests.set(written, rest);
    return rest;
  }

  #ways(written: number): string[] {
    return this.#parts.members.flatMap(({ text }, index) => {
      const bit = 1 << index;
      return (written & bit) === 0 ? [`${text} ${this.#behind(written | bit)}`] : [];
    });
  }

  #mayEnd(written: number): boolean {
    return this.#parts.members.every(({ isRequired }, index) => !isRequired || (written & (1 << index)) !== 0);
  }
}
