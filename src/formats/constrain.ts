/** Makes the grammar of calls from a format's syntax and the tools that may be called. */

import type { Tool } from '../chat/tool.ts';
import { grammarFromSchema } from '../grammar/from-schema.ts';
import { choice, type GrammarNode, type GrammarOpening, rule, sequence, special, text } from '../grammar/grammar.ts';
import type { CallGrammar } from './answer-plan.ts';
import type { Ask } from './ask.ts';
import { jsonCallFrame } from './render.ts';
import { type Interpreter, interpret, type SyntaxOf } from './syntax.ts';

/** A stretch of a call: fixed letters (a marker may be a special token as well), or the arguments. */
type Atom =
  | { readonly kind: 'letters'; readonly text: string; readonly marker: boolean; readonly opens: boolean }
  | { readonly kind: 'arguments' };

/** The grammar of calls to these tools. */
export function constrainCalls(calls: SyntaxOf<'many'>, tools: readonly Tool[], ask: Ask): CallGrammar {
  const rules: Record<string, GrammarNode> = {};
  const relaxed = new Map<string, readonly string[]>();
  const whole: Branch[] = [];
  const afterMarker: Branch[] = [];
  const openings: GrammarOpening[] = [];
  const copyFrom = ask.copyOnly === true ? { copyFrom: ask.messages.map((message) => message.content) } : {};
  const atoms = tools.map((tool) => interpret(linearizer, calls.item, tool));
  tools.forEach((tool, index) => {
    const grammar = grammarFromSchema(tool.parameters, { rulePrefix: `tool${index}-`, path: tool.path, ...copyFrom });
    Object.assign(rules, grammar.rules);
    relaxed.set(tool.name, grammar.relaxed);
    const parts = splitAtOpening(atoms[index] ?? [], grammar.node);
    const rest = `call${index}`;
    rules[rest] = parts.rest;
    openings.push({ opening: { text: parts.marker + parts.opening }, then: rule(rest) });
    afterMarker.push({ text: parts.opening, then: rule(rest) });
    whole.push({ text: parts.marker + parts.opening, then: rule(rest) });
  });
  const marker = atoms[0]?.[0];
  if (marker?.kind !== 'letters' || !maybeSpecial(marker))
    return { openings, call: branch(whole), separator: calls.separator, rules, relaxed };
  rules['after-marker'] = branch(afterMarker);
  const then = rule('after-marker');
  openings.push({ opening: { special: marker.text }, then });
  const call = sequence(choice(text(marker.text), special(marker.text)), then);
  return { openings, call, separator: calls.separator, rules, relaxed };
}

/** Special tokens are spelled in brackets of some kind; a plain word never is one. */
function maybeSpecial(atom: Atom): boolean {
  return atom.kind === 'letters' && atom.marker && /^[<[]/.test(atom.text);
}

/** The first marker, the letters up to and including the name's delimiter, and all that follows. */
function splitAtOpening(
  atoms: readonly Atom[],
  node: GrammarNode,
): { marker: string; opening: string; rest: GrammarNode } {
  const opens = atoms.findIndex((atom) => atom.kind === 'letters' && atom.opens);
  const spelled = atoms.slice(0, opens + 1).map((atom) => (atom.kind === 'letters' ? atom.text : ''));
  const rest = atoms.slice(opens + 1).map((atom) => {
    if (atom.kind === 'arguments') return node;
    return maybeSpecial(atom) ? choice(text(atom.text), special(atom.text)) : text(atom.text);
  });
  return { marker: spelled[0] ?? '', opening: spelled.slice(1).join(''), rest: sequence(...rest) };
}

const letters = (value: string, role: { marker?: boolean; opens?: boolean } = {}): Atom => ({
  kind: 'letters',
  text: value,
  marker: role.marker ?? false,
  opens: role.opens ?? false,
});

const linearizer: Interpreter<Tool, Atom[]> = {
  text: (node) => [letters(node.text, { marker: true })],
  gap: (node) => [letters(node.text)],
  name: (node, tool) => [letters(tool.name + node.end, { opens: true })],
  jsonArgs: () => [{ kind: 'arguments' }],
  jsonCall: (node, tool) => {
    const { start, middle } = jsonCallFrame(node, tool.name);
    return [letters(start, { opens: true }), letters(middle), { kind: 'arguments' }, letters('}')];
  },
  seq: (node, tool) => node.items.flatMap((item) => interpret(linearizer, item, tool)),
  many: (node, tool) => interpret(linearizer, node.item, tool),
  optional: () => [],
};

interface Branch {
  readonly text: string;
  readonly then: GrammarNode;
}

/** A choice whose branches share their beginnings, so that thousands of tools are not thousands of ways at once. */
function branch(branches: readonly Branch[]): GrammarNode {
  const shared = sharedBeginning(branches.map((each) => each.text));
  const rests = branches.map((each) => ({ text: each.text.slice(shared.length), then: each.then }));
  const done = rests.filter((each) => each.text === '').map((each) => each.then);
  const byFirst = new Map<string, Branch[]>();
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
