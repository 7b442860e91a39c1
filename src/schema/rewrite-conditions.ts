/** Says with alternatives what `not`, `if` and dependencies say, where their opposites can be written as schemas. */

import type { Json } from '../base/json.ts';
import { isJsonObject, isSchema, type JsonSchema, member, type SchemaObject, stringList } from './json-schema.ts';
import { both } from './merge-objects.ts';
import { mergeSchemas } from './merge-schemas.ts';
import { negateSchema, type Resolve } from './negate-schema.ts';

/** The schema without those keywords, and those of them it then demands less than. */
export interface Rewritten {
  readonly schema: JsonSchema;
  readonly lost: readonly string[];
}

const conditions = ['not', 'if', 'then', 'else', 'dependentRequired', 'dependentSchemas', 'dependencies'];

/** Alternatives that stand for one keyword; `isLess`: they demand less. */
interface Alternatives {
  readonly keyword: string;
  readonly anyOf: readonly JsonSchema[];
  readonly isLess: boolean;
}

/** Undefined if there is no condition. */
export function rewriteConditions(schema: SchemaObject, resolve: Resolve): Rewritten | undefined {
  if (!conditions.some((key) => member(schema, key) !== undefined)) return undefined;
  const lost = new Set<string>();
  let rest: JsonSchema = Object.fromEntries(Object.entries(schema).filter(([key]) => !conditions.includes(key)));
  for (const { keyword, anyOf, isLess } of [
    ...excluded(schema, resolve),
    ...chosen(schema, resolve),
    ...depending(schema),
  ]) {
    if (isLess) lost.add(keyword);
    const [only] = anyOf;
    const demand = anyOf.length === 1 && only !== undefined ? only : { anyOf: [...anyOf] };
    const joined = mergeSchemas(rest, demand);
    // With a list of alternatives lost, the keyword itself is.
    if (joined.lost.includes('anyOf')) lost.add(keyword);
    for (const key of joined.lost) if (key !== 'anyOf') lost.add(key);
    rest = joined.schema;
  }
  return { schema: rest, lost: [...lost] };
}

function excluded(schema: SchemaObject, resolve: Resolve): Alternatives[] {
  const inner = member(schema, 'not');
  if (!isSchema(inner)) return [];
  const opposite = negateSchema(inner, resolve);
  return [{ keyword: 'not', anyOf: [opposite ?? true], isLess: opposite === undefined }];
}

/** `if` and `then`, or not `if` and `else`. */
function chosen(schema: SchemaObject, resolve: Resolve): Alternatives[] {
  const condition = member(schema, 'if');
  if (!isSchema(condition)) return [];
  const [then, other] = [asSchema(member(schema, 'then')), asSchema(member(schema, 'else'))];
  if (then === true && other === true) return [];
  const opposite = negateSchema(condition, resolve);
  const anyOf = [both(condition, then), both(opposite ?? true, other)];
  return [{ keyword: 'if', anyOf, isLess: opposite === undefined }];
}

function asSchema(value: Json | undefined): JsonSchema {
  return isSchema(value) ? value : true;
}

/** Without the property, or with it and what depends on it. */
function depending(schema: SchemaObject): Alternatives[] {
  return ['dependentRequired', 'dependentSchemas', 'dependencies'].flatMap((keyword) => {
    const all = member(schema, keyword);
    if (!isJsonObject(all)) return [];
    return Object.entries(all).flatMap(([name, demand]): Alternatives[] => {
      const needed = Array.isArray(demand) ? { required: [name, ...stringList(demand)] } : { required: [name] };
      const present = isSchema(demand) ? both(needed, demand) : needed;
      return [{ keyword, anyOf: [{ properties: { [name]: false } }, present], isLess: false }];
    });
  });
}
