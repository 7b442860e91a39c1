/** Grammar of properties that a schema does not name: by patterns of their names, or any. */

import { isSchema, type JsonSchema, member, type SchemaObject, schemaEntries } from '../schema/json-schema.ts';
import { compilePattern } from '../schema/pattern.ts';
import {
  allTexts,
  holdsText,
  intersection,
  isEmpty,
  opposite,
  type TextAutomaton,
  textsAmong,
} from '../schema/text-automaton.ts';
import { choice, type GrammarNode, sequence } from './grammar.ts';
import type { SchemaContext } from './schema-context.ts';
import { constrains, literalValues, typesOf, without } from './schema-facts.ts';
import { textKeywords, textsOf, vainStates } from './string-grammar.ts';
import { textContent } from './text-grammar.ts';

/** A property that is not declared. */
export interface OtherMember {
  readonly node: GrammarNode;
  /** May name and value be any at all? */
  readonly isOpen: boolean;
}

/** Names that match the same patterns, and what their values must be. */
interface NameClass {
  readonly names: TextAutomaton;
  readonly values: readonly JsonSchema[];
}

/** More kinds of names are not told apart. */
const maxClasses = 32;

/** What a schema says of names it does not declare. */
export class OtherMembers {
  readonly #context: SchemaContext;
  readonly #patterns: readonly (readonly [source: string, value: JsonSchema])[];
  readonly #rest: JsonSchema | undefined;
  /** What `propertyNames` allows; undefined if there is no such demand. */
  readonly #names: TextAutomaton | undefined;

  constructor(schema: SchemaObject, context: SchemaContext) {
    const rest = member(schema, 'additionalProperties');
    this.#context = context;
    this.#patterns = schemaEntries(member(schema, 'patternProperties'));
    this.#rest = isSchema(rest) ? rest : undefined;
    const names = member(schema, 'propertyNames');
    this.#names = isSchema(names) ? allowedNames(context.resolved(names), context) : undefined;
  }

  /** The schema of a property of this name; `false` if there must be none. */
  valueOf(name: string, declared: JsonSchema | undefined, isRequired: boolean): JsonSchema {
    if (this.#names !== undefined && !holdsText(this.#names, name)) {
      if (isRequired) this.#context.relax('propertyNames');
      else return false;
    }
    const parts = declared === undefined ? [] : [declared];
    for (const [source, value] of this.#patterns) {
      const pattern = compilePattern(source);
      if (pattern === undefined) this.#context.relax('patternProperties');
      else if (pattern.matches(name)) parts.push(value);
    }
    if (parts.length > 0) return joined(parts);
    // Required and forbidden at once: the model may write it, and validation will say what is wrong.
    if (this.#rest === false) this.#context.relax('additionalProperties');
    return this.#rest === false ? true : (this.#rest ?? true);
  }

  /** Undefined if there shall be none. Where the schema is silent, a model writes only what is declared. */
  node(taken: ReadonlySet<string>, hasDeclared: boolean): OtherMember | undefined {
    const isSilent = this.#rest === undefined && (hasDeclared || this.#patterns.length > 0);
    const rest = isSilent ? false : (this.#rest ?? true);
    if (rest === false && this.#patterns.length === 0) return undefined;
    if (this.#patterns.length === 0 && this.#names === undefined) return this.#anyName(taken, rest);
    const classes = this.#classes(taken, rest);
    const keyed = this.#spelling(taken).keyedMember;
    if (classes === undefined || keyed === undefined) return this.#unsorted(taken, rest);
    const nodes = classes.flatMap(({ names, values }) => {
      const value = joined(values);
      if (value === false) return [];
      const place = keyed((characters) => textContent(names, this.#context, characters));
      return [sequence(place.before, this.#context.value(value, place.value))];
    });
    return nodes.length === 0 ? undefined : { node: choice(...nodes), isOpen: false };
  }

  #spelling(taken: ReadonlySet<string>): SchemaContext['spelling'] {
    return taken.size === 0 ? this.#context.spelling.map : this.#context.spelling;
  }

  #anyName(taken: ReadonlySet<string>, value: JsonSchema): OtherMember | undefined {
    const place = this.#spelling(taken).otherMember([...taken]);
    if (place === undefined) return undefined;
    const node = this.#context.value(value, place.value);
    return { node: sequence(place.before, node), isOpen: taken.size === 0 && node === place.value.anyValue };
  }

  /** Names are not sorted by patterns: each may have the value of any of them. */
  #unsorted(taken: ReadonlySet<string>, rest: JsonSchema): OtherMember | undefined {
    if (this.#names !== undefined) this.#context.relax('propertyNames');
    if (this.#patterns.length > 0) this.#context.relax('patternProperties');
    if (rest === false) this.#context.relax('additionalProperties');
    const values = [...this.#patterns.map(([, value]) => value), ...(rest === false ? [] : [rest])];
    return this.#anyName(taken, values.includes(true) ? true : { anyOf: values });
  }

  /** Undefined if that takes too many kinds or states. */
  #classes(taken: ReadonlySet<string>, rest: JsonSchema): NameClass[] | undefined {
    const free = taken.size === 0 ? allTexts : opposite(textsAmong([...taken]));
    const names = intersection(this.#names ?? allTexts, free);
    let classes: NameClass[] | undefined = names && (isEmpty(names) ? [] : [{ names, values: [] }]);
    for (const [source, value] of this.#patterns) {
      const matching = this.#context.takes(0) ? compilePattern(source)?.texts : undefined;
      classes = matching && classes && split(classes, matching, value);
      if (matching === undefined) this.#context.takes(vainStates);
      if (classes === undefined || classes.length > maxClasses) return undefined;
    }
    const found = classes?.map(({ names: of, values }) => ({
      names: of,
      values: values.length === 0 ? [rest] : values,
    }));
    const size = found?.reduce((sum, { names: of }) => sum + of.states.length, 0) ?? 0;
    return found !== undefined && this.#context.takes(size) ? found : undefined;
  }
}

/** Each class in two: the names that match, and the others. */
function split(classes: readonly NameClass[], matching: TextAutomaton, value: JsonSchema): NameClass[] | undefined {
  const out: NameClass[] = [];
  const others = opposite(matching);
  for (const { names, values } of classes) {
    const [inside, outside] = [intersection(names, matching), intersection(names, others)];
    if (inside === undefined || outside === undefined) return undefined;
    if (!isEmpty(inside)) out.push({ names: inside, values: [...values, value] });
    if (!isEmpty(outside)) out.push({ names: outside, values });
  }
  return out;
}

function joined(values: readonly JsonSchema[]): JsonSchema {
  const demands = values.filter((value) => value !== true);
  const [only] = demands;
  if (demands.includes(false)) return false;
  return demands.length < 2 ? (only ?? true) : { allOf: demands };
}

/** The names a schema of names allows; undefined if that is all. */
function allowedNames(schema: JsonSchema, context: SchemaContext): TextAutomaton | undefined {
  if (schema === true) return undefined;
  if (schema === false || !typesOf(schema).includes('string')) return textsAmong([]);
  if (constrains(without(schema, 'type', 'enum', 'const', ...textKeywords))) context.relax('propertyNames');
  const found = textsOf(schema, context);
  const values = literalValues(schema);
  if (values === undefined) return found === allTexts ? undefined : found;
  const listed = values.filter((value) => typeof value === 'string' && holdsText(found, value));
  return textsAmong(listed.filter((value) => typeof value === 'string'));
}
