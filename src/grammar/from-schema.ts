/** Grammar of the text of values that are valid against a JSON Schema; what it does not enforce it names. */

import { RequestError } from '../base/errors.ts';
import type { Json } from '../base/json.ts';
import { excludedPatterns, furtherPatterns } from '../schema/derived-keywords.ts';
import { type JsonSchema, member, type SchemaObject, schemaList } from '../schema/json-schema.ts';
import { resolveReference } from '../schema/resolve-reference.ts';
import { arrayNode } from './array-grammar.ts';
import { areExclusive } from './exclusive-branches.ts';
import { fittingValues } from './fitting-values.ts';
import { choice, type GrammarNode } from './grammar.ts';
import { literalNode } from './literal-grammar.ts';
import { numberNode } from './number-grammar.ts';
import { objectNode } from './object-grammar.ts';
import { matchesSomething } from './program.ts';
import { type DeclaredRule, declaredIn, type SchemaContext } from './schema-context.ts';
import { constrains, isObjectSchema, literalValues, neverEnforced, typesOf, without } from './schema-facts.ts';
import { SchemaMerger } from './schema-merger.ts';
import { copiedText } from './span-sources.ts';
import type { Copying, Spelling } from './spelling.ts';
import { jsonSpelling } from './spelling-json.ts';
import { isAnyString, isUnionClear } from './spelling-unions.ts';
import { stringNode } from './string-grammar.ts';

/** How a schema becomes a grammar. */
export interface SchemaOptions {
  /** Begins the names of the schema's own rules; those of formats and of any value are the same in every grammar. */
  readonly rulePrefix: string;
  /** If given, strings without enum, const, format or pattern are stretches of these texts. */
  readonly copyFrom?: readonly string[];
  /** Instead of `copyFrom`: what such strings hold, ready made, so that many schemas share one node. */
  readonly copied?: GrammarNode;
  /** Where the caller wrote the schema, for errors. */
  readonly path?: string;
  /** Properties may come in any order (of objects of up to 64, whose number is not bounded), not only the schema's. */
  readonly anyOrder?: boolean;
}

/** A schema's grammar. */
export interface SchemaGrammar {
  readonly node: GrammarNode;
  readonly rules: Record<string, GrammarNode>;
  /** Keywords the grammar does not (wholly) enforce; what it accepts may be invalid for them. */
  readonly relaxed: readonly string[];
}

/** Schemas visited (again after merging) before a schema is refused. */
const maxSteps = 20_000;
/** Schemas inside each other before a schema is refused. */
const maxNesting = 512;
/** States of patterns, formats and lengths together; beyond it they are relaxed. */
const maxTextStates = 30_000;
/** Merged schemas of longer text are not looked up again. */
const maxSharedSize = 20_000;
/** What is said of strings alone. */
const stringKeywords = ['minLength', 'maxLength', 'pattern', 'format'];
/** Products of `anyOf` lists beyond this are not multiplied out. */
const maxBranches = 256;

/** Compiles a schema (normalised or not); RequestError('schema_too_large') beyond the limits. */
export function grammarFromSchema(schema: JsonSchema, options: SchemaOptions): SchemaGrammar {
  return spelledGrammar(schema, jsonSpelling, options);
}

/** The same for values that are spelled otherwise than as JSON. */
export function spelledGrammar(schema: JsonSchema, spelling: Spelling, options: SchemaOptions): SchemaGrammar {
  const compiler = new SchemaCompiler(schema, spelling, options);
  const node = compiler.whole();
  const rules = Object.assign(compiler.rules, spelling.rules);
  if (!compiler.mayBeEmpty || matchesSomething({ root: node, rules }))
    return { node, rules, relaxed: [...compiler.relaxed].sort() };
  // No finite value is valid. The model may write anything, and validation will say what is wrong.
  const { anyValue, rules: anyRules } = spelling;
  return { node: anyValue, rules: { ...anyRules }, relaxed: [...new Set(['type', ...compiler.relaxed])].sort() };
}

class SchemaCompiler implements SchemaContext {
  readonly rules: Record<string, GrammarNode> = {};
  readonly relaxed = new Set<string>();
  /** Was there a `false` or a recursion, or something that cannot be written, so that perhaps nothing can match? */
  mayBeEmpty: boolean;
  readonly #root: JsonSchema;
  readonly #options: SchemaOptions;
  /** By spelling, and by schema or (of schemas that are merged from several) its text: the names of rules. */
  readonly #names = new Map<Spelling, Map<JsonSchema | string, string>>();
  readonly #copied = new Map<Copying, GrammarNode | undefined>();
  #spelling: Spelling;
  readonly #pending: (() => void)[] = [];
  readonly #merger: SchemaMerger;
  #nameCount = 0;
  #steps = 0;
  #nesting = 0;
  #textStates = 0;

  constructor(root: JsonSchema, spelling: Spelling, options: SchemaOptions) {
    this.#root = root;
    this.#spelling = spelling;
    this.mayBeEmpty = spelling.onlyObjects && !isObjectSchema(root);
    this.#options = options;
    this.#merger = new SchemaMerger(root, { relax: (keyword) => this.relax(keyword), step: () => this.#step() });
  }

  get spelling(): Spelling {
    return this.#spelling;
  }

  resolved(schema: JsonSchema): JsonSchema {
    return this.#merger.resolved(schema);
  }

  get anyOrder(): boolean {
    return this.#options.anyOrder === true;
  }

  get copied(): GrammarNode | undefined {
    if (this.#options.copied !== undefined || this.#options.copyFrom === undefined) return this.#options.copied;
    const { copying } = this.#spelling;
    if (!this.#copied.has(copying)) this.#copied.set(copying, copiedText(this.#options.copyFrom, copying));
    return this.#copied.get(copying);
  }

  relax(keyword: string): void {
    this.relaxed.add(keyword);
  }

  never(): GrammarNode {
    this.mayBeEmpty = true;
    return choice();
  }

  define(node: GrammarNode): GrammarNode {
    const rule = this.declare();
    rule.define(node);
    return rule.node;
  }

  declare(): DeclaredRule {
    return declaredIn(this.rules, this.#newName());
  }

  include(rules: Readonly<Record<string, GrammarNode>>): void {
    Object.assign(this.rules, rules);
  }

  shared(key: string, make: () => GrammarNode): GrammarNode {
    return this.#ruleFor(key, make);
  }

  takes(states: number): boolean {
    this.#textStates += states;
    return this.#textStates <= maxTextStates;
  }

  /** The whole schema, its rules included. */
  whole(): GrammarNode {
    const node = this.value(this.#root, this.#spelling);
    for (let next = this.#pending.pop(); next !== undefined; next = this.#pending.pop()) next();
    return node;
  }

  value(schema: JsonSchema, spelling: Spelling): GrammarNode {
    this.#step();
    if (this.#nesting > maxNesting) throw this.#tooLarge(`more than ${maxNesting} levels`);
    const outer = this.#spelling;
    this.#spelling = spelling;
    this.#nesting++;
    const node = this.#value(schema);
    this.#nesting--;
    this.#spelling = outer;
    return node;
  }

  #value(schema: JsonSchema): GrammarNode {
    if (schema === true) return this.#spelling.anyValue;
    if (schema === false) return this.never();
    const reference = member(schema, '$ref');
    if (typeof reference === 'string') return this.#reference(schema, reference);
    if (member(schema, 'allOf') !== undefined)
      return this.#shared(schema, () => this.#value(this.#merger.withoutAllOf(schema)));
    return this.#plain(schema);
  }

  /** Without reference and `allOf`. */
  #plain(whole: SchemaObject): GrammarNode {
    for (const keyword of neverEnforced) if (member(whole, keyword) !== undefined) this.relax(keyword);
    const literals = literalValues(whole);
    if (literals !== undefined) return this.#literals(whole, literals);
    const schema = this.#merger.settled(whole);
    const unconditional = this.#merger.unconditional(schema);
    if (typeof schema === 'boolean' || unconditional !== schema) return this.value(unconditional, this.#spelling);
    for (const keyword of ['anyOf', 'oneOf']) {
      const branches = schemaList(member(schema, keyword));
      if (branches.length > 0) return this.#branches(schema, keyword, branches);
    }
    return this.#byType(schema);
  }

  /** A target becomes a rule, so recursion is a rule that names itself. */
  #reference(schema: SchemaObject, reference: string): GrammarNode {
    const target = resolveReference(this.#root, reference);
    if (target === undefined) {
      this.relax('$ref');
      return this.#value(without(schema, '$ref'));
    }
    const siblings = without(schema, '$ref');
    if (!constrains(siblings)) return this.#ruleOf(target);
    return this.#shared(schema, () => this.value(this.#merger.joined(siblings, target), this.#spelling));
  }

  /**
   * Schemas that are merged are new objects each time; by their text a recursion through them is found again.
   */
  #shared(schema: SchemaObject, make: () => GrammarNode): GrammarNode {
    const text = JSON.stringify(schema);
    if (text.length > maxSharedSize) return make();
    return this.#ruleFor(text, make);
  }

  #ruleOf(target: JsonSchema): GrammarNode {
    if (typeof target === 'boolean') return this.#value(target);
    return this.#ruleFor(target, () => this.value(target, this.#spelling));
  }

  #literals(schema: SchemaObject, values: readonly Json[]): GrammarNode {
    const fitting = fittingValues(this.#root, schema, values);
    if (fitting === undefined) this.relax('enum');
    const written = fitting ?? values;
    return written.length === 0 ? this.never() : literalNode(written, this.#spelling, this);
  }

  /** Each branch together with the keywords beside the list. */
  #branches(schema: SchemaObject, keyword: string, branches: readonly JsonSchema[]): GrammarNode {
    const rest = member(schema, 'type') === undefined ? without(schema, keyword, 'nullable') : without(schema, keyword);
    if (
      keyword === 'oneOf' &&
      !areExclusive(
        branches.map((branch) => this.resolved(branch)),
        rest,
      )
    )
      this.relax(keyword);
    const other = keyword === 'anyOf' ? schemaList(member(rest, 'oneOf')).length : 0;
    if (branches.length * Math.max(1, other) > maxBranches && other > 0) {
      this.relax(keyword);
      return this.value(rest, this.#spelling);
    }
    const stands = constrains(rest);
    const mixed = this.#mixed(keyword, branches, stands);
    if (mixed !== undefined) return mixed;
    return choice(
      ...branches.map((branch) => (stands ? this.#withSiblings(rest, branch) : this.value(branch, this.#spelling))),
    );
  }

  /** Where strings are not told apart from other values, any string goes for all if one branch allows any. */
  #mixed(keyword: string, branches: readonly JsonSchema[], stands: boolean): GrammarNode | undefined {
    const { likeStrings, string } = this.#spelling;
    if (likeStrings.size === 0 || branches.length < 2) return undefined;
    const resolved = branches.map((branch) => this.resolved(branch));
    const coversAll = likeStrings.has('object') && this.copied === undefined;
    if (coversAll && !stands && resolved.some(isAnyString)) return string({});
    if (stands || !isUnionClear(resolved)) this.relax(keyword);
    return undefined;
  }

  #withSiblings(rest: SchemaObject, branch: JsonSchema): GrammarNode {
    return this.value(typeof branch === 'boolean' ? branch && rest : { allOf: [rest, branch] }, this.#spelling);
  }

  #byType(schema: SchemaObject): GrammarNode {
    const types = typesOf(schema);
    if (types.includes('string') && types.some((type) => this.#spelling.likeStrings.has(type)))
      return this.#anyText(schema);
    const nodes = types.map((type) => this.#typed(type, schema));
    const [only] = nodes;
    return nodes.length === 1 && only !== undefined ? only : choice(...nodes);
  }

  /** A string among other types: what is not valid for them is read as one, so its own keywords cannot hold. */
  #anyText(schema: SchemaObject): GrammarNode {
    for (const keyword of stringKeywords) if (member(schema, keyword) !== undefined) this.relax(keyword);
    if (member(schema, excludedPatterns) !== undefined) this.relax('not');
    const free = without(schema, ...stringKeywords, furtherPatterns, excludedPatterns);
    const isCovered = (type: string): boolean => this.copied === undefined && this.#spelling.likeStrings.has(type);
    const types = typesOf(schema).filter((type) => !isCovered(type));
    return choice(...types.map((type) => this.#typed(type, free)));
  }

  #typed(type: string, schema: SchemaObject): GrammarNode {
    switch (type) {
      case 'null':
        return this.#spelling.null;
      case 'boolean':
        return this.#spelling.boolean([true, false]);
      case 'integer':
      case 'number':
        return this.#spelling.number(numberNode(schema, type, this), [type]);
      case 'string':
        return stringNode(schema, this);
      case 'array':
        return arrayNode(schema, this);
      case 'object':
        return objectNode(schema, this);
      default:
        this.relax('type');
        return this.#spelling.anyValue;
    }
  }

  /** Rules wait: a chain of references may be longer than our stack. */
  #later(name: string, make: () => GrammarNode): void {
    const spelling = this.#spelling;
    this.#pending.push(() => {
      this.#spelling = spelling;
      this.rules[name] = make();
    });
  }

  /** The rule of a schema (or its text) in this spelling. */
  #ruleFor(key: JsonSchema | string, make: () => GrammarNode): GrammarNode {
    const known = this.#names.get(this.#spelling) ?? new Map<JsonSchema | string, string>();
    this.#names.set(this.#spelling, known);
    let name = known.get(key);
    if (name === undefined) {
      name = this.#newName();
      known.set(key, name);
      this.#later(name, make);
    } else this.mayBeEmpty = true;
    return { kind: 'rule', name };
  }

  #newName(): string {
    return `${this.#options.rulePrefix}${this.#nameCount++}`;
  }

  #step(): void {
    if (++this.#steps > maxSteps) throw this.#tooLarge(`more than ${maxSteps} parts`);
  }

  #tooLarge(what: string): RequestError {
    const detail = this.#options.path === undefined ? {} : { param: this.#options.path };
    return new RequestError('schema_too_large', `The schema is too large: ${what}.`, detail);
  }
}
