/** Members of an object in which a repeated tag makes a list: they are kept until it is clear what is repeated. */

import type { JsonSchema } from '../../chat/tool.ts';
import type { SchemaGuide } from './schema-guide.ts';

/** A value that was read: JSON, or text whose type depends on whether it is an item. */
export type ReadValue = { readonly json: string } | { readonly text: string };

/** Gives text its type. */
export type Typing = (text: string, schema: JsonSchema) => string;

interface Member {
  readonly schema: JsonSchema;
  readonly values: ReadValue[];
}

/** Members in the order in which they first came. */
export class RepeatedMembers {
  readonly #guide: SchemaGuide;
  readonly #typed: Typing;
  readonly #members = new Map<string, Member>();

  constructor(guide: SchemaGuide, typed: Typing) {
    this.#guide = guide;
    this.#typed = typed;
  }

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  /** How many values this member has. */
  count(key: string): number {
    return this.#members.get(key)?.values.length ?? 0;
  }

  /** Of a member that cannot be a list the first value counts. */
  add(key: string, value: ReadValue, schema: JsonSchema): void {
    const member = this.#members.get(key);
    if (member === undefined) this.#members.set(key, { schema, values: [value] });
    else if (this.#guide.types(schema).has('array')) member.values.push(value);
  }

  /** The members as JSON. */
  whole(): Array<readonly [key: string, json: string]> {
    return [...this.#members].map(([key, member]) => [key, this.#json(member)]);
  }

  #json({ schema, values }: Member): string {
    const [first] = values;
    if (values.length === 1 && first !== undefined) {
      const json = 'json' in first ? first.json : this.#typed(first.text, schema);
      if (!isListOnly(this.#guide, schema) || isListText(json, schema, this.#guide)) return json;
    }
    const items = values.map((value, index) =>
      'json' in value ? value.json : this.#typed(value.text, this.#guide.item(schema, index)),
    );
    return `[${items.join(',')}]`;
  }
}

/** Must a value be a list, unless it is null? */
export function isListOnly(guide: SchemaGuide, schema: JsonSchema): boolean {
  const types = guide.types(schema);
  return types.has('array') && [...types].every((type) => type === 'array' || type === 'null');
}

/** Is this already the list, or null? */
export function isListText(json: string, schema: JsonSchema, guide: SchemaGuide): boolean {
  if (!/^\s*(?:\[|null)/.test(json)) return false;
  return guide.isValid(schema, JSON.parse(json));
}
