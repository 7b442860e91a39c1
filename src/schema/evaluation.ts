/** What the checks of objects and arrays need of the validator. */

import type { JsonSchema, SchemaObject } from './json-schema.ts';

/** One thing that is wrong with a value. */
export interface Violation {
  /** Where in the value: `location.city`, `days[2]`; empty = the value itself. */
  readonly path: string;
  /** The keyword that is not satisfied. */
  readonly keyword: string;
  /** A sentence without subject: `must be an integer, not a string`. */
  readonly message: string;
}

/** Applies schemas to parts of a value. */
export interface Evaluation {
  check(schema: JsonSchema, value: unknown, path: string): Violation[];
  isValid(schema: JsonSchema, value: unknown, path: string): boolean;
  /** The targets of all its references from where we are. */
  targets(schema: SchemaObject): JsonSchema[];
  /** Counts a step that applies no schema; false once there were too many. */
  takesStep(): boolean;
  /** The target of a schema's reference, one step; undefined if it has none or it is not in the document. */
  resolve(schema: JsonSchema): JsonSchema | undefined;
}

/** A place in a value and who checks its parts. */
export interface Place {
  readonly path: string;
  readonly evaluation: Evaluation;
}

/** The path of a property. */
export function propertyPath(path: string, name: string): string {
  if (!/^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}
