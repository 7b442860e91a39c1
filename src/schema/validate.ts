/** Checks a value against a JSON Schema by interpreting it: no generated code, and an end for every schema. */

import { isDeeperThan, isObject, maxDepth } from '../base/json.ts';
import { checkArray } from './check-array.ts';
import { checkObject } from './check-object.ts';
import { checkScalar } from './check-scalar.ts';
import { checkUnevaluated } from './check-unevaluated.ts';
import { DynamicScope, hasDynamicReference } from './dynamic-scope.ts';
import type { Evaluation, Violation } from './evaluation.ts';
import { isSchema, type JsonSchema, member, type SchemaObject, schemaList } from './json-schema.ts';
import { resolveReference } from './resolve-reference.ts';

/** More are not looked for. */
const maxViolations = 20;
/** Schemas applied to values before the check is given up. */
const maxSteps = 50_000;
/** Schemas applied to one value inside each other. */
const maxNesting = 600;

/** All that is wrong with a value, the first twenty; an empty list = valid. */
export function validate(schema: JsonSchema, value: unknown): readonly Violation[] {
  if (isDeeperThan(value, maxDepth))
    return [{ path: '', keyword: 'depth', message: `must not nest more than ${maxDepth} levels` }];
  return createEvaluation(schema).check(schema, value, '').slice(0, maxViolations);
}

/** For those who check many parts of one value: references are looked up in `root`. */
export function createEvaluation(root: JsonSchema): Evaluation {
  return new Validator(root);
}

class Validator implements Evaluation {
  readonly #root: JsonSchema;
  /** Paths at which a schema is just being applied: a reference that comes back here demands nothing new. */
  readonly #open = new Map<SchemaObject, Set<string>>();
  readonly #targets = new Map<string, JsonSchema | undefined>();
  /** Most schemas have no reference that needs it. */
  readonly #scope: DynamicScope | undefined;
  #steps = 0;
  #nesting = 0;

  constructor(root: JsonSchema) {
    this.#root = root;
    this.#scope = hasDynamicReference(root) ? new DynamicScope(root) : undefined;
  }

  isValid(schema: JsonSchema, value: unknown, path: string): boolean {
    return this.check(schema, value, path).length === 0;
  }

  check(schema: JsonSchema, value: unknown, path: string): Violation[] {
    if (schema === true) return [];
    if (schema === false) return [{ path, keyword: 'false', message: 'must not be there' }];
    const paths = this.#open.get(schema) ?? new Set<string>();
    if (paths.has(path)) return [];
    if (++this.#steps > maxSteps || this.#nesting >= maxNesting)
      return [{ path, keyword: '$ref', message: 'cannot be checked: the schema is too complex' }];
    this.#open.set(schema, paths.add(path));
    this.#nesting++;
    const isEntered = this.#scope?.enter(schema) === true;
    const found = this.#apply(schema, value, path);
    if (isEntered) this.#scope?.leave();
    this.#nesting--;
    paths.delete(path);
    return found;
  }

  takesStep(): boolean {
    return ++this.#steps <= maxSteps;
  }

  targets(schema: SchemaObject): JsonSchema[] {
    return [this.resolve(schema), this.#scope?.target(schema)].filter((target) => target !== undefined);
  }

  resolve(schema: JsonSchema): JsonSchema | undefined {
    const reference = typeof schema === 'object' ? member(schema, '$ref') : undefined;
    if (typeof reference !== 'string') return undefined;
    if (!this.#targets.has(reference)) this.#targets.set(reference, resolveReference(this.#root, reference));
    return this.#targets.get(reference);
  }

  #apply(schema: SchemaObject, value: unknown, path: string): Violation[] {
    const out: Violation[] = checkScalar(schema, value).map(([keyword, message]) => ({ path, keyword, message }));
    for (const target of this.targets(schema)) out.push(...this.check(target, value, path));
    if (Array.isArray(value)) out.push(...checkArray(schema, value, { path, evaluation: this }));
    else if (isObject(value)) out.push(...checkObject(schema, value, { path, evaluation: this }));
    out.push(...this.#alternatives(schema, value, path), ...this.#conditions(schema, value, path));
    // What is invalid already evaluates nothing.
    if (out.length === 0) out.push(...checkUnevaluated(schema, value, { path, evaluation: this }));
    return out;
  }

  #alternatives(schema: SchemaObject, value: unknown, path: string): Violation[] {
    const out: Violation[] = [];
    for (const part of schemaList(member(schema, 'allOf'))) out.push(...this.check(part, value, path));
    const any = schemaList(member(schema, 'anyOf'));
    if (any.length > 0) out.push(...this.#anyOf(any, value, path));
    const one = schemaList(member(schema, 'oneOf'));
    const kept = one.filter((part) => this.isValid(part, value, path)).length;
    if (one.length > 0 && kept === 0) out.push(...this.#nearest(one, value, { path, keyword: 'oneOf' }));
    if (kept > 1) out.push({ path, keyword: 'oneOf', message: `must match exactly one alternative, not ${kept}` });
    return out;
  }

  #anyOf(parts: readonly JsonSchema[], value: unknown, path: string): Violation[] {
    const isKept = parts.some((part) => this.isValid(part, value, path));
    return isKept ? [] : this.#nearest(parts, value, { path, keyword: 'anyOf' });
  }

  /** With one alternative its own complaints say more than "none matches". */
  #nearest(parts: readonly JsonSchema[], value: unknown, where: { path: string; keyword: string }): Violation[] {
    const lists = parts.map((part) => this.check(part, value, where.path));
    const inside = lists.filter((list) => list.every(({ path }) => path !== where.path));
    const [only] = inside.length > 0 ? inside : lists;
    if (only !== undefined && (lists.length === 1 || inside.length === 1)) return only;
    const reasons = [...new Set(lists.flatMap((list) => list.slice(0, 1).map(({ message }) => message)))].slice(0, 5);
    return [{ ...where, message: `matches no alternative: ${reasons.join('; or ')}` }];
  }

  #conditions(schema: SchemaObject, value: unknown, path: string): Violation[] {
    const out: Violation[] = [];
    const excluded = member(schema, 'not');
    if (isSchema(excluded) && this.isValid(excluded, value, path))
      out.push({ path, keyword: 'not', message: `must not match ${JSON.stringify(excluded).slice(0, 200)}` });
    const condition = member(schema, 'if');
    if (!isSchema(condition)) return out;
    const branch = member(schema, this.isValid(condition, value, path) ? 'then' : 'else');
    if (isSchema(branch)) out.push(...this.check(branch, value, path));
    return out;
  }
}
