/** Which schema `$dynamicRef` means: it depends on the documents that were entered on the way to it. */

import { type JsonSchema, member, type SchemaObject } from './json-schema.ts';
import { resolveReference } from './resolve-reference.ts';
import { schemaPartsOf } from './schema-parts.ts';

/** A schema with an `$id`, or the whole document: by name its dynamic anchors. */
type Resource = ReadonlyMap<string, SchemaObject>;

/** The resources of a document, and those that are entered at present. */
export class DynamicScope {
  readonly #root: JsonSchema;
  readonly #resources = new Map<SchemaObject, Resource>();
  readonly #entered: Resource[] = [];

  constructor(root: JsonSchema) {
    this.#root = root;
    const work: (readonly [JsonSchema, Map<string, SchemaObject>])[] = [[root, new Map()]];
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      const [schema, outer] = next;
      if (typeof schema === 'boolean') continue;
      const own = schema !== root && opensResource(schema) ? new Map<string, SchemaObject>() : outer;
      this.#resources.set(schema, own);
      const anchor = member(schema, '$dynamicAnchor');
      if (typeof anchor === 'string' && !own.has(anchor)) own.set(anchor, schema);
      for (const [, part] of schemaPartsOf(schema)) work.push([part, own]);
    }
  }

  /** Is another document entered with this schema? Then it must be left again. */
  enter(schema: SchemaObject): boolean {
    const resource = this.#resources.get(schema);
    if (resource === undefined || resource === this.#entered.at(-1)) return false;
    this.#entered.push(resource);
    return true;
  }

  leave(): void {
    this.#entered.pop();
  }

  /** The target of a schema's `$dynamicRef` (a pointer, see `localiseReferences`) from where we are. */
  target(schema: SchemaObject): JsonSchema | undefined {
    const reference = member(schema, '$dynamicRef');
    if (typeof reference !== 'string') return undefined;
    const first = resolveReference(this.#root, reference);
    const anchor = typeof first === 'object' ? member(first, '$dynamicAnchor') : undefined;
    if (typeof anchor !== 'string') return first;
    return this.#entered.find((resource) => resource.has(anchor))?.get(anchor) ?? first;
  }
}

function opensResource(schema: SchemaObject): boolean {
  const id = member(schema, '$id');
  return typeof id === 'string' && !id.startsWith('#');
}

/** Does any schema inside refer dynamically? */
export function hasDynamicReference(root: JsonSchema): boolean {
  const work: JsonSchema[] = [root];
  for (let schema = work.pop(); schema !== undefined; schema = work.pop()) {
    if (typeof schema === 'boolean') continue;
    if (member(schema, '$dynamicRef') !== undefined) return true;
    for (const [, part] of schemaPartsOf(schema)) work.push(part);
  }
  return false;
}
