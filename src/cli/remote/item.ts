/** An answer of the server, read field by field: what is absent, or of another type than expected, is simply not there. */

import { isObject } from '../../base/json.ts';
import { plainText } from './plain-text.ts';

/** A JSON value; a path names a field of a field. */
export class Item {
  /** As it came. */
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }

  at(...path: readonly string[]): Item {
    let value = this.value;
    for (const key of path) value = isObject(value) ? value[key] : undefined;
    return new Item(value);
  }

  /** A text, safe for a terminal; '' = absent. */
  text(...path: readonly string[]): string {
    const { value } = this.at(...path);
    if (typeof value === 'string') return plainText(value);
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
  }

  number(...path: readonly string[]): number | undefined {
    const { value } = this.at(...path);
    return typeof value === 'number' ? value : undefined;
  }

  isTrue(...path: readonly string[]): boolean {
    return this.at(...path).value === true;
  }

  has(...path: readonly string[]): boolean {
    const { value } = this.at(...path);
    return value !== undefined && value !== null;
  }

  items(...path: readonly string[]): readonly Item[] {
    const { value } = this.at(...path);
    return Array.isArray(value) ? value.map((element: unknown) => new Item(element)) : [];
  }

  texts(...path: readonly string[]): readonly string[] {
    return this.items(...path).map((item) => item.text());
  }

  /** The fields of an object, in order. */
  entries(...path: readonly string[]): ReadonlyArray<readonly [name: string, item: Item]> {
    const { value } = this.at(...path);
    return Object.entries(isObject(value) ? value : {}).map(([name, field]) => [plainText(name), new Item(field)]);
  }
}
