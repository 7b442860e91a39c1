/** Turns `unknown` into types at the border, with the field's path in every complaint. */

import { RequestError } from './errors.ts';
import { isObject } from './json.ts';

/** A value and where it stands in the caller's document (`messages[2].content`). */
export class Field {
  readonly value: unknown;
  readonly path: string;

  constructor(value: unknown, path = '') {
    this.value = value;
    this.path = path;
  }

  /** Absent and null are the same to nearly every field of every protocol. */
  get isAbsent(): boolean {
    return this.value === undefined || this.value === null;
  }

  /** The property `key`; this value must be an object. */
  get(key: string): Field {
    return new Field(this.object()[key], this.path === '' ? key : `${this.path}.${key}`);
  }

  /** The elements, each with its own path. */
  items(): Field[] {
    if (!Array.isArray(this.value)) throw this.wrongType('an array');
    return this.value.map((item, index) => new Field(item, `${this.path}[${index}]`));
  }

  object(): Record<string, unknown> {
    if (this.isAbsent && this.path !== '') throw this.missing();
    if (!isObject(this.value)) throw this.wrongType('an object');
    return this.value;
  }

  string(): string {
    if (this.isAbsent) throw this.missing();
    if (typeof this.value !== 'string') throw this.wrongType('a string');
    return this.value;
  }

  boolean(): boolean {
    if (typeof this.value !== 'boolean') throw this.wrongType('a boolean');
    return this.value;
  }

  /** A finite number within [min, max]. */
  number(min = -Infinity, max = Infinity): number {
    if (typeof this.value !== 'number' || !Number.isFinite(this.value)) throw this.wrongType('a number');
    if (this.value < min || this.value > max) throw this.invalid(`must be between ${min} and ${max}`);
    return this.value;
  }

  integer(min = -Infinity, max = Infinity): number {
    const value = this.number(min, max);
    if (!Number.isInteger(value)) throw this.wrongType('an integer');
    return value;
  }

  /** One of the listed strings. */
  oneOf<T extends string>(allowed: readonly T[]): T {
    const value = this.string();
    const found = allowed.find((item) => item === value);
    if (found === undefined) throw this.invalid(`must be one of ${allowed.map((item) => `'${item}'`).join(', ')}`);
    return found;
  }

  /** `read` if the value is there, else undefined. */
  optional<T>(read: (field: Field) => T): T | undefined {
    return this.isAbsent ? undefined : read(this);
  }

  missing(): RequestError {
    return new RequestError('missing_field', `Missing required parameter: '${this.path}'.`, { param: this.path });
  }

  wrongType(expected: string): RequestError {
    const where = this.path === '' ? 'the body' : `'${this.path}'`;
    const message = `Invalid type for ${where}: expected ${expected}, but got ${describe(this.value)}.`;
    return new RequestError('invalid_type', message, { param: this.path });
  }

  invalid(reason: string): RequestError {
    return new RequestError('invalid_value', `Invalid value for '${this.path}': ${reason}.`, { param: this.path });
  }
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
