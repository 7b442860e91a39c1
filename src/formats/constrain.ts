/** Makes the grammar of calls from a format's syntax and the tools that may be called. */

import { Bug } from '../base/errors.ts';
import type { Tool } from '../chat/tool.ts';
import { argumentsGrammar } from '../grammar/arguments-grammar.ts';
import { afterText } from '../grammar/derivative.ts';
import type { SchemaGrammar, SchemaOptions } from '../grammar/from-schema.ts';
import {
  choice,
  type GrammarNode,
  type GrammarOpening,
  optional,
  repeat,
  rule,
  sequence,
  set,
  text,
} from '../grammar/grammar.ts';
import { anyDigit } from '../grammar/json-text.ts';
import type { Notation } from '../grammar/notation.ts';
import { markNode, markPieces, markRest } from '../grammar/notation-mark.ts';
import { type CallGrammar, callableTools } from './answer-plan.ts';
import type { Ask } from './ask.ts';
import { blockOf, notationOf } from './call-block.ts';
import { jsonCallFrame, keyCallFrame } from './render.ts';
import { type Interpreter, interpret, mayMiss, type Syntax } from './syntax.ts';

/** A stretch of a call. */
type Atom =
  /** Fixed letters; what of a marker looks like a special token may be one. `mayMiss`: not every model writes it. */
  | { readonly kind: 'letters'; readonly text: string; readonly marker: boolean; readonly mayMiss: boolean }
  /** The tool's name and its delimiter: here the opening ends. `peeks`: the delimiter's letters begin what follows. */
  | { readonly kind: 'name'; readonly text: string; readonly end: string; readonly peeks: boolean }
  | { readonly kind: 'node'; readonly node: GrammarNode };

/** The grammar of calls to these tools; of those that may not be called, only the openings are known. */
export function constrainCalls(calls: Syntax, tools: readonly Tool[], ask: Ask): CallGrammar {
  const { before, item, separator, after } = blockOf(calls);
  const builder = new CallBuilder(calls, ask);
  const rest = builder.fromName(tools);
  const [anyTool] = tools;
  if (anyTool === undefined) throw new Bug('There are no tools to constrain.');
  const place = (index: number): Place => ({ tool: anyTool, index, args: sequence() });
  const opening = before.flatMap((part) => interpret(linearizer, part, place(0)));
  const first = [...opening, ...untilName(item, place(0))];
  const next = [text(separator), ...untilName(item, place(1)).map(toNode)];
  const close = after.flatMap((part) => interpret(linearizer, part, place(0))).map(toNode);
  return {
    openings: openingsOf(first, builder.names, rest),
    call: sequence(...first.map(toNode), rest),
    next: sequence(...next, rest),
    close: sequence(...close),
    separator,
    rules: builder.rules,
    relaxed: builder.relaxed,
  };
}

/** A tool's name in letters, and what follows it. */
interface NamedRest {
  readonly text: string;
  readonly then: GrammarNode;
}

class CallBuilder {
  readonly rules: Record<string, GrammarNode> = {};
  readonly relaxed = new Map<string, readonly string[]>();
  /** Names with their delimiters: where an opening in letters ends. */
  readonly names: NamedRest[] = [];
  readonly #item: Syntax;
  readonly #notation: Notation;
  readonly #ask: Ask;

  constructor(calls: Syntax, ask: Ask) {
    this.#item = blockOf(calls).item;
    this.#notation = notationOf(calls);
    this.#ask = ask;
  }

  /** Every tool's name with the rest of its call. */
  fromName(tools: readonly Tool[]): GrammarNode {
    const callable = new Set(callableTools(this.#ask));
    const isForbidding = this.#ask.choice.type === 'none';
    const branches = tools.map((tool, index): NamedRest => {
      const isCallable = isForbidding || callable.has(tool);
      return this.#named(tool, index, isCallable);
    });
    this.rules['call-name'] = branch(branches);
    return rule('call-name');
  }

  /** One tool's name with the rest of its call; its delimiter may be a special token. */
  #named(tool: Tool, index: number, isCallable: boolean): NamedRest {
    const args = isCallable ? this.#arguments(tool, index).node : choice();
    const atoms = interpret(linearizer, this.#item, { tool, index: 0, args });
    const at = atoms.findIndex((atom) => atom.kind === 'name');
    const own = atoms[at];
    if (own?.kind !== 'name') throw new Bug('The calls of a format name no tool.');
    const name = `call${index}`;
    this.rules[name] = isCallable ? sequence(...atoms.slice(at + 1).map(toLaterNode)) : choice();
    const rest = rule(name);
    const opened = own.peeks ? afterText({ root: rest, rules: this.rules }, own.end) : rest;
    this.names.push({ text: own.text + own.end, then: opened });
    if (own.peeks) return { text: own.text, then: rest };
    if (markPieces(own.end).length === 0) return { text: own.text + own.end, then: rest };
    return { text: own.text, then: sequence(markNode(own.end), rest) };
  }

  #arguments(tool: Tool, index: number): SchemaGrammar {
    const { copyOnly, messages } = this.#ask;
    const options: SchemaOptions = {
      rulePrefix: `tool${index}-`,
      path: tool.path,
      ...(copyOnly === true && { copyFrom: messages.map((message) => message.content) }),
    };
    const grammar = argumentsGrammar(tool.parameters, this.#notation, options);
    Object.assign(this.rules, grammar.rules);
    this.relaxed.set(tool.name, grammar.relaxed);
    return grammar;
  }
}

/** Each beginning of a call after which the answer can be nothing else. */
function openingsOf(first: readonly Atom[], names: readonly NamedRest[], rest: GrammarNode): GrammarOpening[] {
  const openings: GrammarOpening[] = [];
  for (let from = 0; from <= first.length; from++) {
    const atoms = first.slice(from);
    const spelled = atoms.map((atom) => (atom.kind === 'letters' ? atom.text : '')).join('');
    openings.push(...names.map(({ text: named, then }) => ({ opening: { text: spelled + named }, then })));
    const [marker, ...others] = atoms;
    if (marker?.kind !== 'letters') break;
    const after = sequence(...others.map(toNode), rest);
    openings.push(...specialOpenings(marker, after));
    if (!marker.mayMiss) break;
    while (isBlank(first[from + 1])) from++;
  }
  return openings;
}

/** Each special token that may stand in a call's first marker. */
function specialOpenings(atom: Atom & { kind: 'letters' }, after: GrammarNode): GrammarOpening[] {
  const pieces = atom.marker ? markPieces(atom.text) : [];
  const restAt = markRest(atom.text, pieces);
  return pieces.map(({ from, to }) => ({
    opening: { special: atom.text.slice(from, to) },
    then: sequence(restAt(to), after),
  }));
}

function isBlank(atom: Atom | undefined): boolean {
  return atom?.kind === 'letters' && !atom.marker;
}

function toNode(atom: Atom): GrammarNode {
  if (atom.kind === 'node') return atom.node;
  if (atom.kind === 'name') return text(atom.text + atom.end);
  return atom.marker ? markNode(atom.text) : text(atom.text);
}

/** Behind the name a model may leave out what may be missing: perhaps its turn ends there. */
function toLaterNode(atom: Atom): GrammarNode {
  return atom.kind === 'letters' && atom.mayMiss ? optional(toNode(atom)) : toNode(atom);
}

/** What one call writes before its name: the same for every tool. */
function untilName(item: Syntax, place: Place): readonly Atom[] {
  const atoms = interpret(linearizer, item, place);
  return atoms.slice(
    0,
    atoms.findIndex((atom) => atom.kind === 'name'),
  );
}

/** One call: its tool, its number in the turn, and the grammar of its arguments. */
interface Place {
  readonly tool: Tool;
  readonly index: number;
  readonly args: GrammarNode;
}

const letters = (value: string, role: { marker?: boolean; mayMiss?: boolean } = {}): Atom => ({
  kind: 'letters',
  text: value,
  marker: role.marker ?? false,
  mayMiss: role.mayMiss ?? false,
});

const named = (value: string, end = '', peeks = false): Atom => ({ kind: 'name', text: value, end, peeks });
const letterOrDigit = set([0x30, 0x39], [0x41, 0x5a], [0x61, 0x7a]);

const linearizer: Interpreter<Place, readonly Atom[]> = {
  text: (node) => [letters(node.text, { marker: true, mayMiss: mayMiss(node) })],
  gap: (node) => [letters(node.text)],
  name: (node, { tool }) => [named(tool.name, node.end, node.peeks)],
  again: (node, { tool }) => [letters(tool.name), letters(node.end, { marker: true })],
  id: (node) => [{ kind: 'node', node: sequence(repeat(letterOrDigit, node.length, node.length), markNode(node.end)) }],
  ordinal: (node) => [{ kind: 'node', node: sequence(repeat(anyDigit, 1, 3), markNode(node.end)) }],
  args: (_node, { args }) => [{ kind: 'node', node: args }],
  jsonCall: (node, { tool, index, args }) => {
    const { start, name, middle } = jsonCallFrame(node, tool.name, index);
    const beginning: Atom = index === 0 ? letters(start) : { kind: 'node', node: laterStart(node, tool.name) };
    return [beginning, named(name), letters(middle), { kind: 'node', node: args }, letters('}')];
  },
  keyCall: (node, { tool, args }) => {
    const { start, name, middle } = keyCallFrame(node, tool.name);
    return [letters(start), named(name + middle), { kind: 'node', node: args }, letters('}')];
  },
  seq: (node, place) => node.items.flatMap((item) => interpret(linearizer, item, place)),
  many: (node, place) => interpret(linearizer, node.item, place),
  optional: () => [],
};

/** An object's beginning in any call but the first: whose number is not known. */
function laterStart(node: Parameters<typeof jsonCallFrame>[0], name: string): GrammarNode {
  const [one, other] = [1, 2].map((index) => jsonCallFrame(node, name, index).start);
  if (one === undefined || one === other) return text(one ?? '');
  const at = [...one].findIndex((letter, index) => letter !== other?.[index]);
  return sequence(text(one.slice(0, at)), repeat(anyDigit, 1, 3), text(one.slice(at + 1)));
}

/** A choice whose branches share their beginnings, so that thousands of tools are not thousands of ways at once. */
function branch(branches: readonly NamedRest[]): GrammarNode {
  const shared = sharedBeginning(branches.map((each) => each.text));
  const rests = branches.map((each) => ({ text: each.text.slice(shared.length), then: each.then }));
  const done = rests.filter((each) => each.text === '').map((each) => each.then);
  const byFirst = new Map<string, NamedRest[]>();
  for (const each of rests) {
    const first = String.fromCodePoint(each.text.codePointAt(0) ?? 0);
    if (each.text === '') continue;
    const group = byFirst.get(first);
    if (group === undefined) byFirst.set(first, [each]);
    else group.push(each);
  }
  const onward = [...byFirst.values()].map((group) => branch(group));
  const rest = [...done, ...onward];
  return sequence(text(shared), rest.length === 1 && rest[0] !== undefined ? rest[0] : choice(...rest));
}

/** The longest common beginning of all texts, in whole code points. */
function sharedBeginning(texts: readonly string[]): string {
  const first = texts[0] ?? '';
  let length = 0;
  for (const character of first) {
    if (!texts.every((each) => each.startsWith(character, length))) break;
    length += character.length;
  }
  return first.slice(0, length);
}
