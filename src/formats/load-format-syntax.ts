/** Reads the syntax tree of a format's calls from a format file. */

import type { Field } from '../base/decode.ts';
import { closed, filled, filledList, textOr } from './load-format-fields.ts';
import { readNotationField, readSpacing } from './load-format-notation.ts';
import type { FixedMember, Syntax, SyntaxKind } from './syntax.ts';
import * as syntax from './syntax.ts';

/** Nodes in nodes beyond this are refused: no format of the catalogue needs more than four. */
const maxLevels = 12;

/** The calls of a format: its one `many`, alone or in a list with what opens and closes the block. */
export function readCallSyntax(field: Field): Syntax {
  const calls = readNode(field, maxLevels);
  const parts = calls.kind === 'seq' ? calls.items : [calls];
  const lists = parts.filter((part) => part.kind === 'many');
  const [list] = lists;
  if (list?.kind !== 'many' || lists.length > 1 || count(calls, 'many') > 1)
    throw field.invalid("must be one 'many', or a list with exactly one 'many' in it, which stands for the calls");
  checkCall(field, list.item);
  return calls;
}

/** One call must name its tool once, and its arguments must stand behind the name. */
function checkCall(field: Field, item: Syntax): void {
  const parts = item.kind === 'seq' ? item.items : [item];
  const places = (kind: SyntaxKind): number[] => parts.flatMap((part, index) => (part.kind === kind ? [index] : []));
  const objects = [...places('jsonCall'), ...places('keyCall')];
  const [named] = places('name');
  const [given] = places('args');
  const [object] = objects;
  const isObject = objects.length === 1 && given === undefined && (named ?? -1) < (object ?? 0);
  const isNamed = objects.length === 0 && named !== undefined && given !== undefined && named < given;
  const isOnce = ['name', 'args', 'jsonCall', 'keyCall'].every((kind) => isKind(kind) && count(item, kind) <= 1);
  if (!isOnce || !(isObject || isNamed))
    throw field.invalid(
      "a call must hold one 'jsonCall' or 'keyCall' (behind a 'name', if there is one), or one 'name' and behind it one 'args'",
    );
}

function count(node: Syntax, kind: SyntaxKind): number {
  const own = node.kind === kind ? 1 : 0;
  if (node.kind === 'seq') return node.items.reduce((sum, item) => sum + count(item, kind), own);
  return node.kind === 'many' || node.kind === 'optional' ? own + count(node.item, kind) : own;
}

/** A string is a `text`, a list a `seq`, everything else an object with its `kind`. */
function readNode(field: Field, levels: number): Syntax {
  if (levels === 0) throw field.invalid(`nests more than ${maxLevels} levels`);
  if (typeof field.value === 'string') return syntax.text(filled(field));
  if (Array.isArray(field.value)) return readList(field, levels);
  const kinds = Object.keys(readers).filter(isKind);
  return readers[field.get('kind').oneOf(kinds)](field, levels - 1);
}

function readList(field: Field, levels: number): Syntax {
  const items = field.items().map((item) => readNode(item, levels - 1));
  if (items.length === 0) throw field.invalid('must not be empty');
  // A list in a list says no more than its items do, and only a call's own parts are looked at for its name.
  return syntax.seq(...items.flatMap((item) => (item.kind === 'seq' ? item.items : [item])));
}

const readers: { readonly [K in SyntaxKind]: (field: Field, levels: number) => Syntax } = {
  text: (field) => {
    closed(field, ['text', 'also']);
    const also = field.get('also').optional((given) => given.items().map((item) => item.string())) ?? [];
    return syntax.text(filled(field.get('text')), ...also);
  },
  gap: (field) => {
    const blanks = textOr(closed(field, ['text']).get('text'));
    if (blanks.trim() !== '') throw field.get('text').invalid('must hold blanks only');
    return syntax.gap(blanks);
  },
  name: (field) => {
    const end = filled(closed(field, ['end', 'peeks']).get('end'));
    return field.get('peeks').optional((given) => given.boolean()) === true ? syntax.nameBefore(end) : syntax.name(end);
  },
  again: (field) => syntax.again(filled(closed(field, ['end']).get('end'))),
  id: (field) =>
    syntax.id(
      filled(closed(field, ['end', 'length']).get('end')),
      field.get('length').optional((given) => given.integer(1, 64)),
    ),
  ordinal: (field) =>
    syntax.ordinal(
      filled(closed(field, ['end', 'from']).get('end')),
      field.get('from').optional((given) => given.integer(0, 1)),
    ),
  args: (field) => syntax.args(readNotationField(closed(field, ['notation']).get('notation'))),
  jsonCall: readJsonCall,
  keyCall: (field) => syntax.keyCall(readSpacing(closed(field, ['spacing']).get('spacing'))),
  seq: (field, levels) => readList(closed(field, ['items']).get('items'), levels),
  many: (field, levels) => {
    closed(field, ['item', 'separator']);
    return syntax.many(readNode(field.get('item'), levels), textOr(field.get('separator')));
  },
  optional: (field, levels) => syntax.optional(readNode(closed(field, ['item']).get('item'), levels)),
};

function readJsonCall(field: Field): Syntax {
  closed(field, ['fixed', 'nameKey', 'argumentsKey', 'argumentsAliases', 'spacing']);
  const argumentsKey = field.get('argumentsKey').optional(filled);
  const aliases = field.get('argumentsAliases').optional(filledList);
  const nameKey = field.get('nameKey').optional(filled);
  return syntax.jsonCall({
    fixed: field.get('fixed').optional((given) => given.items().map(readMember)) ?? [],
    ...(nameKey !== undefined && { nameKey }),
    ...(argumentsKey !== undefined && { argumentsKey }),
    ...(aliases !== undefined && { argumentsAliases: aliases }),
    spacing: readSpacing(field.get('spacing')),
  });
}

function readMember(field: Field): FixedMember {
  closed(field, ['key', 'value', 'ordinalFrom']);
  const key = filled(field.get('key'));
  if (!field.get('ordinalFrom').isAbsent) return { key, ordinalFrom: field.get('ordinalFrom').integer(0, 1) };
  return { key, value: field.get('value').string() };
}

function isKind(text: string): text is SyntaxKind {
  return Object.hasOwn(readers, text);
}
