/** Prints a grammar as GBNF, the notation of llama.cpp's servers; xgrammar reads it too. */

import { Bug } from '../base/errors.ts';
import type { Grammar, GrammarNode } from './grammar.ts';
import { printAnyOrder } from './print-gbnf-any-order.ts';
import { type PrintedOpening, printFree } from './print-gbnf-free.ts';
import { codePointClass, emptyLiteral, literal } from './print-gbnf-literals.ts';
import { printRepeat } from './print-gbnf-repeat.ts';
import { alternatives, inSequence, item, type Printed, RuleBook } from './print-gbnf-rules.ts';
import { printSpan } from './print-gbnf-span.ts';
import { printWords } from './print-gbnf-words.ts';
import { type GrammarSurvey, surveyGrammar } from './program.ts';

/** A grammar as text. */
export interface PrintedGrammar {
  readonly text: string;
  /**
   * What the text does not say exactly. `special`: special tokens are matched by their letters, so letters that spell
   * one count as well. `span`: of long sources only the letters are kept, not their order. `anyOrder`: of the orders of
   * many members only one is left.
   */
  readonly relaxed: readonly ('special' | 'span' | 'anyOrder')[];
}

/** How a special token is printed: by its id, by its letters, or not at all, if the vocabulary has none like it. */
export type SpecialTokens = (special: string) => number | 'letters' | undefined;

/**
 * In free text special tokens are printed by their letters in any case: llama.cpp reads them there as letters too, so
 * an opening that only the token made could be passed by. RequestError as `compileGrammar`. llama.cpp never writes
 * U+0000, whatever the grammar says.
 */
export function printGbnf(grammar: Grammar, specials: SpecialTokens = () => 'letters'): PrintedGrammar {
  return new Printer(grammar, specials).print();
}

type Kind = GrammarNode['kind'];
type NodeOf<K extends Kind> = { [P in K]: { readonly kind: P } & Extract<GrammarNode, { readonly kind: P }> }[K];
type Printers = { readonly [K in Kind]: (node: NodeOf<K>, printer: Printer, depth: number) => Printed };

const printers: Printers = {
  text: (node) => item(literal(node.text)),
  special: (node, printer) => printer.special(node.token),
  set: (node) => item(codePointClass(node.ranges, node.negated) ?? emptyLiteral),
  words: (node, printer) => printWords(node.words, printer.owner, printer.book),
  span: (node, printer) => printer.span(node),
  sequence: (node, printer, depth) => {
    const parts = node.items
      .map((part) => inSequence(printer.node(part, depth)))
      .filter((part) => part !== emptyLiteral);
    return parts.length === 0 ? item(emptyLiteral) : { text: parts.join(' '), level: 'sequence' };
  },
  choice: (node, printer, depth) =>
    alternatives(node.items.filter(printer.isProductive).map((part) => printer.node(part, depth))),
  repeat: (node, printer) => printer.repeat(node),
  anyOrder: (node, printer) => printer.anyOrder(node),
  rule: (node, printer) => item(printer.rule(node.name)),
  free: (node, printer) => printer.free(node),
};

function printNode<K extends Kind>(node: NodeOf<K>, printer: Printer, depth: number): Printed {
  return printers[node.kind](node, printer, depth);
}

/** Parts inside each other before one becomes a rule of its own. */
const maxDepth = 6;

class Printer {
  readonly book = new RuleBook();
  /** The grammar's rule of whose parts names are being made. */
  owner = 'root';
  readonly #grammar: Grammar;
  readonly #specials: SpecialTokens;
  readonly #survey: GrammarSurvey;
  readonly #rules = new Map<string, string>();
  /** Nodes met before, and the rules of those met twice. */
  readonly #shared = new Map<GrammarNode, string | undefined>();
  readonly #relaxed = new Set<PrintedGrammar['relaxed'][number]>();

  constructor(grammar: Grammar, specials: SpecialTokens) {
    this.#grammar = grammar;
    this.#specials = specials;
    this.#survey = surveyGrammar(grammar, (special) => specials(special) !== undefined);
  }

  print(): PrintedGrammar {
    this.#add('root', () => this.node(this.#grammar.root, 0).text);
    return { text: this.book.print(), relaxed: [...this.#relaxed].sort() };
  }

  readonly isProductive = (node: GrammarNode): boolean => this.#survey.isProductive(node);

  /** What is too deep, or stands in several places, becomes a rule. */
  node(node: GrammarNode, depth: number): Printed {
    if (node.kind === 'text' || node.kind === 'set' || node.kind === 'rule') return printNode(node, this, depth);
    if (depth < maxDepth && !this.#shared.has(node)) {
      this.#shared.set(node, undefined);
      return printNode(node, this, depth + 1);
    }
    return item(this.#ruleOf(node));
  }

  special(token: string): Printed {
    const id = this.#specials(token);
    if (typeof id === 'number') return item(`<[${id}]>`);
    this.#relaxed.add('special');
    return item(literal(token));
  }

  span(node: NodeOf<'span'>): Printed {
    const { text, isExact } = printSpan(node.sources, this.owner, this.book);
    if (!isExact) this.#relaxed.add('span');
    return item(text);
  }

  repeat({ item: part, min, max = Infinity }: NodeOf<'repeat'>): Printed {
    if (max === 0 || !this.isProductive(part)) return item(emptyLiteral);
    if (max === Infinity && this.#survey.isNullable(part))
      throw new Bug('An endless repetition of what may be empty cannot be printed.');
    return { text: printRepeat(this.#terminal(part), min, max, this.book), level: 'sequence' };
  }

  anyOrder(node: NodeOf<'anyOrder'>): Printed {
    const printed = (part: GrammarNode): string | undefined =>
      this.isProductive(part) ? this.#terminal(part) : undefined;
    const { text, isExact } = printAnyOrder(node, { owner: this.owner, book: this.book, printed });
    if (!isExact) this.#relaxed.add('anyOrder');
    return item(text);
  }

  rule(name: string): string {
    const known = this.#rules.get(name);
    if (known !== undefined) return known;
    const body = this.#grammar.rules[name];
    const own = this.#add(name, () => (body === undefined ? emptyLiteral : this.node(body, 0).text));
    this.#rules.set(name, own);
    return own;
  }

  free(node: NodeOf<'free'>): Printed {
    const openings = node.openings.flatMap(({ opening, then }): PrintedOpening[] => {
      const follows = this.isProductive(then) ? this.#terminal(then) : undefined;
      if ('text' in opening) return [{ text: opening.text, then: follows }];
      if (this.#specials(opening.special) === undefined) return [];
      this.#relaxed.add('special');
      return [{ text: opening.special, then: follows }];
    });
    return item(printFree(openings, node, this));
  }

  /** llama.cpp counts the rules inside a repeated group, and names are shorter than groups that stand often. */
  #terminal(node: GrammarNode): string {
    const isSimple = node.kind === 'text' || node.kind === 'set' || node.kind === 'special' || node.kind === 'rule';
    if (isSimple) return this.node(node, 0).text;
    return node.kind === 'sequence' && node.items.length === 0 ? emptyLiteral : this.#ruleOf(node);
  }

  #ruleOf(node: GrammarNode): string {
    const known = this.#shared.get(node);
    if (known !== undefined) return known;
    const { owner } = this;
    const name = this.book.add(`${owner}-part`, () => {
      this.owner = owner;
      return printNode(node, this, 1).text;
    });
    this.#shared.set(node, name);
    return name;
  }

  #add(base: string, body: () => string): string {
    return this.book.add(base, (name) => {
      this.owner = name;
      return body();
    });
  }
}
