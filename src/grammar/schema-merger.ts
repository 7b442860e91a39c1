/** Several schemas as one, for the compiler of grammars: what stands beside a reference, in `allOf`, in conditions. */

import type { Json } from '../base/json.ts';
import { type JsonSchema, member, type SchemaObject, schemaList } from '../schema/json-schema.ts';
import { mergeSchemas } from '../schema/merge-schemas.ts';
import { resolveReference } from '../schema/resolve-reference.ts';
import { rewriteConditions } from '../schema/rewrite-conditions.ts';
import { evaluatesByValue, settleUnevaluated, unevaluatedKeywords } from '../schema/settle-unevaluated.ts';
import { constrains, without } from './schema-facts.ts';

/** Who is told. */
export interface MergeListener {
  /** A keyword is not (wholly) in what was merged. */
  relax(keyword: string): void;
  /** One more schema is being merged; may throw. */
  step(): void;
}

/** Merges schemas of one document. */
export class SchemaMerger {
  readonly #root: JsonSchema;
  readonly #listener: MergeListener;

  constructor(root: JsonSchema, listener: MergeListener) {
    this.#root = root;
    this.#listener = listener;
  }

  /** What a schema refers to at last, if it is nothing but a reference; else the schema. */
  resolved(schema: JsonSchema): JsonSchema {
    const seen = new Set<JsonSchema>();
    let at = schema;
    while (typeof at === 'object' && !seen.has(at)) {
      seen.add(at);
      const reference = member(at, '$ref');
      const target = typeof reference === 'string' ? resolveReference(this.#root, reference) : undefined;
      if (target === undefined) return at;
      at = target;
    }
    return at;
  }

  /** Without `not`, `if` and dependencies, which alternatives stand for. */
  unconditional(schema: JsonSchema): JsonSchema {
    if (typeof schema === 'boolean') return schema;
    const rewritten = rewriteConditions(schema, (part) => this.#nothingButReference(part));
    for (const keyword of rewritten?.lost ?? []) this.#listener.relax(keyword);
    return rewritten?.schema ?? schema;
  }

  /** Without `unevaluated…`, which is relaxed where nothing else can say it. */
  settled(schema: JsonSchema): JsonSchema {
    const present = unevaluatedIn(schema);
    if (typeof schema === 'boolean' || present.length === 0) return schema;
    const settled = settleUnevaluated(schema);
    if (settled === undefined) for (const keyword of present) this.#listener.relax(keyword);
    return settled ?? without(schema, ...present);
  }

  /** A schema beside a reference, and what that refers to. */
  joined(siblings: SchemaObject, target: JsonSchema): JsonSchema {
    const own = this.unconditional(without(siblings, ...unevaluatedKeywords));
    const merged = this.#merged(own, this.unconditional(this.settled(target)));
    return this.#withUnevaluated(siblings, merged, [siblings, target]);
  }

  /** The parts of `allOf` merged into the schema, their references followed. */
  withoutAllOf(schema: SchemaObject): JsonSchema {
    let joined = this.unconditional(without(schema, 'allOf', ...unevaluatedKeywords));
    const work = schemaList(member(schema, 'allOf')).reverse();
    const seen = new Set<JsonSchema>();
    for (let part = work.pop(); part !== undefined; part = work.pop()) {
      this.#listener.step();
      if (seen.has(part)) continue;
      seen.add(part);
      work.push(...this.#partsOf(part));
      const settled = this.settled(part);
      const own = typeof settled === 'boolean' ? settled : without(settled, '$ref', 'allOf');
      joined = this.#merged(joined, this.unconditional(own));
    }
    return this.#withUnevaluated(schema, joined, [schema, ...seen]);
  }

  #partsOf(part: JsonSchema): JsonSchema[] {
    if (typeof part === 'boolean') return [];
    const parts = schemaList(member(part, 'allOf')).reverse();
    const reference = member(part, '$ref');
    if (typeof reference !== 'string') return parts;
    const target = resolveReference(this.#root, reference);
    if (target === undefined) this.#listener.relax('$ref');
    else parts.push(target);
    return parts;
  }

  /** Once all is merged that says what is evaluated, the keyword stands beside it, unless that depends on the value. */
  #withUnevaluated(schema: SchemaObject, merged: JsonSchema, parts: readonly JsonSchema[]): JsonSchema {
    const present = unevaluatedIn(schema);
    if (present.length === 0 || typeof merged === 'boolean') return merged;
    if (!parts.some(evaluatesByValue)) {
      const own = present.map((keyword): [string, Json] => [keyword, member(schema, keyword) ?? true]);
      return { ...merged, ...Object.fromEntries(own) };
    }
    for (const keyword of present) this.#listener.relax(keyword);
    return merged;
  }

  #merged(a: JsonSchema, b: JsonSchema): JsonSchema {
    const { schema, lost } = mergeSchemas(a, b);
    for (const keyword of lost) this.#listener.relax(keyword);
    return schema;
  }

  /** Follows a reference that stands alone. */
  #nothingButReference(schema: JsonSchema): JsonSchema {
    const isAlone = typeof schema === 'object' && !constrains(without(schema, '$ref'));
    return isAlone ? this.resolved(schema) : schema;
  }
}

function unevaluatedIn(schema: JsonSchema): readonly string[] {
  return typeof schema === 'boolean' ? [] : unevaluatedKeywords.filter((key) => member(schema, key) !== undefined);
}
