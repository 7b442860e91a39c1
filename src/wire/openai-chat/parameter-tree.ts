/** Listed parameters with dotted names (`address.city`), grown into nested object schemas. */

import { isObject, type Json, type JsonObject } from '../../base/json.ts';

/** One listed parameter. */
export interface ListedParameter {
  readonly schema: JsonObject;
  readonly isRequired: boolean;
}

interface Node {
  listed?: ListedParameter;
  readonly children: Map<string, Node>;
}

/** A name with more dots than this is a plain name: nobody nests so deep, and recursion stays bounded. */
const maxSegments = 16;

/** Gathers the parameters of one list; order of first mention is the order of the properties. */
export class ParameterTree {
  readonly #root: Node = { children: new Map() };

  /** False if this name was added before. */
  add(name: string, parameter: ListedParameter): boolean {
    let node = this.#root;
    for (const segment of segmentsOf(name)) {
      let child = node.children.get(segment);
      if (child === undefined) {
        child = { children: new Map() };
        node.children.set(segment, child);
      }
      node = child;
    }
    if (node.listed !== undefined) return false;
    node.listed = parameter;
    return true;
  }

  toSchema(): JsonObject {
    return withChildren({ type: 'object', properties: {} }, this.#root);
  }
}

function segmentsOf(name: string): readonly string[] {
  const segments = name.split('.');
  return segments.length > maxSegments || segments.includes('') ? [name] : segments;
}

function schemaOf(node: Node): JsonObject {
  const own = node.listed?.schema ?? { type: 'object' };
  if (node.children.size === 0) return own;
  if (own['type'] !== 'array') return withChildren(own, node);
  const { items } = own;
  return { ...own, items: withChildren(isObject(items) ? items : { type: 'object' }, node) };
}

function withChildren(own: JsonObject, node: Node): JsonObject {
  const listed = [...node.children].map(([name, child]): [string, Json] => [name, schemaOf(child)]);
  const before = isObject(own['properties']) ? Object.entries(own['properties']) : [];
  const required = new Set<Json>(Array.isArray(own['required']) ? own['required'] : []);
  for (const [name, child] of node.children) if (isRequired(child)) required.add(name);
  const properties = Object.fromEntries([...before, ...listed]);
  return { ...own, properties, ...(required.size > 0 && { required: [...required] }) };
}

/** A parent that was never listed itself is required as soon as something inside it is. */
function isRequired(node: Node): boolean {
  return node.listed === undefined ? [...node.children.values()].some(isRequired) : node.listed.isRequired;
}
