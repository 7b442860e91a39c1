/** Grammar of strings: length, pattern and format as one set of texts; copied stretches. */

import { excludedPatterns, furtherPatterns } from '../schema/derived-keywords.ts';
import { formatPattern, isFormatKnown } from '../schema/format-patterns.ts';
import { type JsonSchema, member, type SchemaObject, stringList } from '../schema/json-schema.ts';
import { compilePattern } from '../schema/pattern.ts';
import { textsWithout } from '../schema/pattern-automaton.ts';
import {
  allTexts,
  intersection,
  isEmpty,
  opposite,
  type TextAutomaton,
  textsOfLength,
} from '../schema/text-automaton.ts';
import { formatContent } from './format-grammar.ts';
import { choice, type GrammarNode } from './grammar.ts';
import type { SchemaContext } from './schema-context.ts';
import { count } from './schema-facts.ts';
import { textContent } from './text-grammar.ts';

/** What a schema says of the texts of strings. */
export const textKeywords: readonly string[] = [
  'pattern',
  furtherPatterns,
  excludedPatterns,
  'format',
  'minLength',
  'maxLength',
];

/** The strings a schema allows. */
export function stringNode(schema: SchemaObject, context: SchemaContext): GrammarNode {
  const { spelling } = context;
  const [min, max] = [count(schema, 'minLength'), count(schema, 'maxLength')];
  if (max !== undefined && max < (min ?? 0)) return context.never();
  const hasForm = stringParts(schema).length > 0;
  if (context.copied !== undefined && member(schema, 'format') === undefined && !hasForm) {
    relaxLength(min === 1 ? undefined : min, max, context);
    const { copied } = context;
    return spelling.quoted((characters) => (characters === spelling.copying.characters ? copied : choice()));
  }
  if (hasForm) {
    const key = ['text', ...textKeywords.map((keyword) => member(schema, keyword) ?? null)];
    return context.shared(JSON.stringify(key), () => formedNode(schema, context));
  }
  if (!spelling.boundsStrings) relaxLength(min, max, context);
  return spelling.string({ ...(min !== undefined && { min }), ...(max !== undefined && { max }) });
}

function relaxLength(min: number | undefined, max: number | undefined, context: SchemaContext): void {
  if (min !== undefined && min > 0) context.relax('minLength');
  if (max !== undefined) context.relax('maxLength');
}

/** A string that is more than a length. */
function formedNode(schema: SchemaObject, context: SchemaContext): GrammarNode {
  const { spelling } = context;
  const texts = context.takes(0) ? textsOf(schema, context) : allTexts;
  const written = spelling.copying.without.reduce<TextAutomaton | undefined>((found, mark) => {
    const free = textsWithout(mark);
    return found && free && intersection(found, free);
  }, texts);
  const isFree = written === undefined || written === allTexts;
  if (isFree || !context.takes(written.states.length)) {
    for (const { keyword } of stringParts(schema)) context.relax(keyword);
    return stringNode(lengthOnly(schema), context);
  }
  const format = formatOf(written, schema);
  return isEmpty(written)
    ? context.never()
    : spelling.quoted((characters) =>
        format === undefined
          ? textContent(written, context, characters)
          : formatContent({ format, texts: written }, context, characters),
      );
}

/** The format whose texts these are, nothing more and nothing less. */
function formatOf(texts: TextAutomaton | undefined, schema: SchemaObject): string | undefined {
  const format = member(schema, 'format');
  if (typeof format !== 'string' || !isFormatKnown(format)) return undefined;
  return compilePattern(formatPattern(format) ?? '(?!')?.texts === texts ? format : undefined;
}

function lengthOnly(schema: SchemaObject): SchemaObject {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key === 'minLength' || key === 'maxLength'));
}

/** A demand on the form of a string; `texts` is undefined where it cannot be told. */
interface StringPart {
  readonly keyword: string;
  texts(): TextAutomaton | undefined;
}

function stringParts(schema: SchemaObject): StringPart[] {
  const [pattern, format] = [member(schema, 'pattern'), member(schema, 'format')];
  const sources = [...(typeof pattern === 'string' ? [pattern] : []), ...stringList(member(schema, furtherPatterns))];
  const parts = sources.map(
    (source): StringPart => ({ keyword: 'pattern', texts: () => compilePattern(source)?.texts }),
  );
  for (const source of stringList(member(schema, excludedPatterns)))
    parts.push({ keyword: 'not', texts: () => turned(compilePattern(source)?.texts) });
  if (typeof format === 'string' && isFormatKnown(format))
    parts.push({ keyword: 'format', texts: () => compilePattern(formatPattern(format) ?? '(?!')?.texts });
  return parts;
}

function turned(texts: TextAutomaton | undefined): TextAutomaton | undefined {
  return texts === undefined ? undefined : opposite(texts);
}

/** What it counts to have looked at a pattern in vain. */
export const vainStates = 1_000;

/** The texts that pattern, format and length of a schema allow, as far as they can be told; the rest is relaxed. */
export function textsOf(schema: JsonSchema, context: SchemaContext): TextAutomaton {
  if (typeof schema === 'boolean') return allTexts;
  const [min, max] = [count(schema, 'minLength') ?? 0, count(schema, 'maxLength') ?? Infinity];
  let found = allTexts;
  const add = (texts: TextAutomaton | undefined, keywords: readonly string[]): void => {
    const both = texts && intersection(found, texts);
    if (both === undefined) for (const keyword of keywords) context.relax(keyword);
    if (both === undefined) context.takes(vainStates);
    found = both ?? found;
  };
  for (const part of stringParts(schema)) add(context.takes(0) ? part.texts() : undefined, [part.keyword]);
  if (min > 0) add(textsOfLength(min, Infinity), ['minLength']);
  if (max < Infinity) add(textsOfLength(0, max), ['maxLength']);
  return found;
}
