/** The grammar of the nano model's calls: everything but names and values is forced. */

import { isObject, type Json } from '../../base/json.ts';
import { grammarFromSchema } from '../../grammar/from-schema.ts';
import {
  choice,
  type GrammarNode,
  notSet,
  optional,
  repeat,
  rule,
  sequence,
  set,
  special,
  text,
  words,
} from '../../grammar/grammar.ts';
import { jsonString } from '../../grammar/json-text.ts';
import { formatPattern } from '../../schema/format-patterns.ts';
import { isJsonObject, type JsonSchema, member } from '../../schema/json-schema.ts';
import { compilePattern } from '../../schema/pattern.ts';
import type { TextAutomaton } from '../../schema/text-automaton.ts';
import type { CallGrammar } from '../answer-plan.ts';
import type { Ask } from '../ask.ts';
import type { NanoLine, NanoTool } from './nano-parameters.ts';
import { nanoTokens } from './nano-render.ts';
import { ownTexts, type Spans, spansOf } from './nano-spans.ts';
import { isRaw } from './nano-values.ts';

/** The grammar of an answer's calls to these tools. */
export function constrainNanoCalls(tools: readonly NanoTool[], ask: Ask): CallGrammar {
  const builder = new NanoGrammar(tools, ask);
  const calls = builder.calls();
  return {
    openings: [{ opening: { special: nanoTokens.call }, then: calls }],
    call: sequence(special(nanoTokens.call), calls),
    rules: builder.rules,
    relaxed: builder.relaxed,
  };
}

/** A call in both of its forms: a tool's first in an answer documents its parameters, later ones do not. */
interface CallForms {
  readonly documented: GrammarNode;
  readonly bare: GrammarNode;
}

/** With this many tools the grammar knows of each whether it was called; with more, of the first called only. */
const mostTracked = 6;

class NanoGrammar {
  readonly rules: Record<string, GrammarNode> = {};
  readonly relaxed = new Map<string, readonly string[]>();
  readonly #ask: Ask;
  readonly #forms: readonly CallForms[];
  /** Shared by all values that are copied: a long conversation stands in the grammar once. */
  readonly #spans: Spans | undefined;

  constructor(tools: readonly NanoTool[], ask: Ask) {
    this.#ask = ask;
    this.#spans = ask.copyOnly ? spansOf(copiedTexts(ask)) : undefined;
    this.#forms = tools.map((tool, index) => this.#call(tool, index));
  }

  /** All calls of an answer, from behind the first `<|call|>`. */
  calls(): GrammarNode {
    this.rules['nano-calls'] = choice(
      ...this.#forms.map((forms, index) => sequence(forms.documented, this.#more([index]))),
    );
    return rule('nano-calls');
  }

  /** What may follow when these tools have been called. */
  #more(called: readonly number[]): GrammarNode {
    if (!this.#ask.parallel) return sequence();
    const name = `nano-after-${called.join('-')}`;
    if (this.rules[name] !== undefined) return rule(name);
    this.rules[name] = sequence();
    const isExact = this.#forms.length <= mostTracked;
    const next = this.#forms.map((forms, index) => {
      if (called.includes(index)) return sequence(forms.bare, this.#more(called));
      if (isExact) return sequence(forms.documented, this.#more([...called, index].sort((a, b) => a - b)));
      return sequence(choice(forms.documented, forms.bare), this.#more(called));
    });
    this.rules[name] = optional(sequence(special(nanoTokens.call), choice(...next)));
    return rule(name);
  }

  #call(tool: NanoTool, index: number): CallForms {
    const relaxed = new Set<string>(tool.unkept);
    const values = tool.lines.map((line, at) => {
      const value = this.#value(line, { prefix: `nano-${index}-${at}-`, path: tool.tool.path, relaxed });
      return line.required ? value : choice(special(nanoTokens.skip), value);
    });
    this.relaxed.set(tool.tool.name, [...relaxed].sort());
    const form = (lead: 'documented' | 'bare'): GrammarNode =>
      sequence(
        text(`${tool.spelling}\n`),
        ...tool.lines.flatMap((line, at) => [text(line[lead]), values[at] ?? sequence(), text('\n')]),
      );
    return { documented: form('documented'), bare: form('bare') };
  }

  #value(line: NanoLine, place: ValuePlace): GrammarNode {
    if (line.kind === 'enum') return words(validMembers(line));
    if (line.kind === 'str') {
      const value = this.#string(line, place);
      return line.nullable ? choice(value, text('null')) : value;
    }
    return this.#json(line, place);
  }

  #json(line: NanoLine, place: ValuePlace): GrammarNode {
    const copied = this.#copied(line.schema, 'json');
    const schema = line.path.length === 0 ? asObject(line.schema) : line.schema;
    const options = { rulePrefix: place.prefix, path: place.path, ...(copied && { copied }) };
    const grammar = grammarFromSchema(schema, options);
    Object.assign(this.rules, grammar.rules);
    for (const keyword of grammar.relaxed) place.relaxed.add(keyword);
    return grammar.node;
  }

  /** A string, raw or (where it must be) as JSON. */
  #string(line: NanoLine, place: ValuePlace): GrammarNode {
    const { schema } = line;
    if (!isJsonObject(schema)) return rawString({});
    const relax = (...keywords: readonly string[]): void => {
      for (const keyword of keywords) if (member(schema, keyword) !== undefined) place.relaxed.add(keyword);
    };
    relax('allOf', 'anyOf', 'oneOf', 'not', 'if', '$ref', 'pattern');
    const format = formatTexts(schema);
    if (format !== undefined) {
      relax('minLength', 'maxLength');
      return this.#texts(format, `${place.prefix}format-`);
    }
    relax('format');
    const bounds = { min: lengthOf(schema, 'minLength'), max: lengthOf(schema, 'maxLength') };
    if (member(schema, 'format') === undefined && member(schema, 'pattern') === undefined) {
      const copied = this.#copied(schema, 'raw');
      if (copied !== undefined) {
        relax('maxLength', ...((bounds.min ?? 0) > 1 ? ['minLength'] : []));
        return copied;
      }
    }
    return rawString(bounds);
  }

  /** Texts as they are: one rule for each state. */
  #texts({ states }: TextAutomaton, prefix: string): GrammarNode {
    states.forEach(({ mayEnd, edges }, index) => {
      const ways = edges.map(({ from, to, target }) => sequence(set([from, to]), rule(`${prefix}${target}`)));
      this.rules[`${prefix}${index}`] = choice(...(mayEnd ? [sequence()] : []), ...ways);
    });
    return rule(`${prefix}0`);
  }

  /** Stretches of the conversation, or of what the schema itself quotes; undefined if there is nothing to copy. */
  #copied(schema: JsonSchema, form: 'raw' | 'json'): GrammarNode | undefined {
    if (this.#spans === undefined) return undefined;
    const quoted = ownTexts(schema);
    const whole = form === 'raw' ? quoted.filter(isRaw) : quoted.map((each) => JSON.stringify(each).slice(1, -1));
    const spans = [this.#spans[form], spansOf(quoted)[form]].filter((node) => node !== undefined);
    return spans.length === 0 && whole.length === 0 ? undefined : choice(...spans, words(whole));
  }
}

interface ValuePlace {
  /** Of the rules made for this value. */
  readonly prefix: string;
  /** Where the caller wrote the tool's parameters. */
  readonly path: string;
  readonly relaxed: Set<string>;
}

function validMembers(line: NanoLine): string[] {
  const type = isJsonObject(line.schema) ? member(line.schema, 'type') : undefined;
  const types: readonly Json[] = Array.isArray(type) ? type : type === undefined ? [] : [type];
  const spellings = [...line.members];
  const valid = spellings.filter(([, json]) => types.length === 0 || types.some((name) => isOfType(json, name)));
  return (valid.length > 0 ? valid : spellings).map(([spelling]) => spelling);
}

function isOfType(json: string, type: Json): boolean {
  const value: unknown = JSON.parse(json);
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  return typeof value === type;
}

/** Arguments are an object, whether the schema says so or not. */
function asObject(schema: JsonSchema): JsonSchema {
  if (!isJsonObject(schema)) return schema ? { type: 'object' } : schema;
  return member(schema, 'type') === undefined ? { ...schema, type: 'object' } : schema;
}

const control: readonly (readonly [number, number])[] = [
  [0, 0x1f],
  [0x7f, 0x7f],
];
const rawStart = notSet(...control, [0x20, 0x20], [0x22, 0x22], [0x3c, 0x3c]);
const rawCharacter = notSet(...control);
const rawEnd = notSet(...control, [0x20, 0x20]);

interface Bounds {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/** Any string; with bounds on its length a blank at its end is let through, which counting would else forbid. */
function rawString({ min, max }: Bounds): GrammarNode {
  const escaped = jsonString({ ...(min !== undefined && { min }), ...(max !== undefined && { max }) });
  if (max !== undefined && max < Math.max(1, min ?? 0)) return escaped;
  if ((min ?? 0) <= 1 && max === undefined)
    return choice(sequence(rawStart, repeat(sequence(repeat(text(' '), 0), rawEnd), 0)), escaped);
  const rest = repeat(rawCharacter, Math.max(0, (min ?? 0) - 1), max === undefined ? undefined : max - 1);
  return choice(sequence(rawStart, rest), escaped);
}

function lengthOf(schema: Readonly<Record<string, Json>>, keyword: string): number | undefined {
  const value = member(schema, keyword);
  return typeof value === 'number' && value >= 0 ? Math.floor(value) : undefined;
}

/** The texts of a format that can be told letter by letter, if the schema names one. */
function formatTexts(schema: Readonly<Record<string, Json>>): TextAutomaton | undefined {
  const format = member(schema, 'format');
  const source = typeof format === 'string' ? formatPattern(format) : undefined;
  return source === undefined ? undefined : compilePattern(source)?.texts;
}

/** What users and tools said. */
function copiedTexts(ask: Ask): readonly string[] {
  return ask.messages.filter(({ role }) => role === 'user' || role === 'tool').map(({ content }) => content);
}
