/** Rewrites references through `$id` and `$anchor` into pointers from the document's root, so that one rule finds them all. */

import type { Json } from '../base/json.ts';
import { type JsonSchema, member, type SchemaObject } from './json-schema.ts';
import { mapParts, schemaPartsOf } from './schema-parts.ts';

/** Stands for the address of a document that does not say it. */
const nowhere = 'schema:///';

/** The same schema, its references pointers (`#/$defs/city`) wherever their targets are in the document. */
export function localiseReferences(root: JsonSchema): JsonSchema {
  if (typeof root === 'boolean') return root;
  const addresses = new Addresses(root);
  return addresses.isPlain ? root : addresses.rewritten(root, nowhere);
}

class Addresses {
  /** By address: the pointers of whole resources, and of anchors. */
  readonly #pointers = new Map<string, string>();
  /** How many schemas bear a dynamic anchor of this name. */
  readonly #dynamicNames = new Map<string, number>();
  /** Are there no names but the root's own, and no dynamic references? */
  isPlain = true;

  constructor(root: SchemaObject) {
    this.#pointers.set(nowhere, '');
    const work: (readonly [schema: JsonSchema, base: string, pointer: string])[] = [[root, nowhere, '']];
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      const [schema, outer, pointer] = next;
      if (typeof schema === 'boolean') continue;
      const base = baseOf(schema, outer);
      if (base !== outer) this.#add(base, pointer);
      for (const anchor of anchorsOf(schema)) this.#add(`${base}#${anchor}`, pointer);
      const name = member(schema, '$dynamicAnchor');
      if (typeof name === 'string') this.#dynamicNames.set(name, (this.#dynamicNames.get(name) ?? 0) + 1);
      if (member(schema, '$dynamicRef') !== undefined) this.isPlain = false;
      for (const [path, part] of schemaPartsOf(schema)) work.push([part, base, `${pointer}${toPointer(path)}`]);
    }
  }

  /** The first that bears a name keeps it. */
  #add(address: string, pointer: string): void {
    this.isPlain &&= pointer === '' && !address.includes('#');
    if (!this.#pointers.has(address)) this.#pointers.set(address, pointer);
  }

  rewritten(schema: JsonSchema, outer: string): JsonSchema {
    if (typeof schema === 'boolean') return schema;
    const base = baseOf(schema, outer);
    const parts = mapParts(schema, (part) => this.rewritten(part, base));
    const reference = member(schema, '$ref');
    const target = typeof reference === 'string' ? this.#target(reference, base) : undefined;
    const local = target === undefined ? parts : { ...parts, $ref: target };
    return this.#dynamic(local, base);
  }

  /** A dynamic reference means one schema only unless several resources bear the name: then it is like any other. */
  #dynamic(schema: SchemaObject, base: string): SchemaObject {
    const reference = member(schema, '$dynamicRef');
    const target = typeof reference === 'string' ? this.#target(reference, base) : undefined;
    if (typeof reference !== 'string' || target === undefined) return schema;
    const name = reference.split('#', 2)[1] ?? '';
    const isFixed = (this.#dynamicNames.get(name) ?? 0) < 2;
    const { $dynamicRef: _, ...others } = schema;
    if (!isFixed) return { ...others, $dynamicRef: target };
    if (member(others, '$ref') === undefined) return { ...others, $ref: target };
    return { ...others, allOf: [...listOf(member(others, 'allOf')), { $ref: target }] };
  }

  #target(reference: string, base: string): Json | undefined {
    const whole = join(base, reference);
    const [document = '', fragment = ''] = whole?.split('#', 2) ?? [];
    const resource = this.#pointers.get(document);
    if (resource !== undefined && (fragment === '' || fragment.startsWith('/'))) return `#${resource}${fragment}`;
    const anchor = this.#pointers.get(`${document}#${fragment}`);
    return anchor === undefined ? undefined : `#${anchor}`;
  }
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function baseOf(schema: SchemaObject, outer: string): string {
  const id = member(schema, '$id') ?? member(schema, 'id');
  if (typeof id !== 'string' || id.startsWith('#')) return outer;
  return join(outer, id)?.replace(/#.*$/, '') ?? outer;
}

/** `$anchor`, and draft-07's `$id: "#name"`. */
function anchorsOf(schema: SchemaObject): string[] {
  const named = [member(schema, '$anchor'), member(schema, '$dynamicAnchor')];
  const id = member(schema, '$id');
  if (typeof id === 'string' && id.includes('#')) named.push(id.slice(id.indexOf('#') + 1));
  return named.filter((name) => typeof name === 'string' && name !== '').map(String);
}

function join(base: string, reference: string): string | undefined {
  try {
    return new URL(reference, base).href;
  } catch {
    // No address at all; whoever follows the reference will not find it either.
    return undefined;
  }
}

function toPointer(path: readonly string[]): string {
  return path.map((key) => `/${encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('');
}
