/** Keywords of objects. */

import { type Place, propertyPath, type Violation } from './evaluation.ts';
import {
  isJsonObject,
  isSchema,
  type JsonSchema,
  member,
  type SchemaObject,
  schemaEntries,
  stringList,
} from './json-schema.ts';
import { compilePattern } from './pattern.ts';

type Value = Readonly<Record<string, unknown>>;

/** Which properties, how many, each valid. */
export function checkObject(schema: SchemaObject, value: Value, place: Place): Violation[] {
  return [
    ...checkRequired(stringList(member(schema, 'required')), value, place),
    ...checkCounts(schema, value, place),
    ...checkProperties(schema, value, place),
    ...checkNames(schema, value, place),
    ...checkDependencies(schema, value, place),
  ];
}

function checkRequired(names: readonly string[], value: Value, { path }: Place, keyword = 'required'): Violation[] {
  return names
    .filter((name) => !Object.hasOwn(value, name))
    .map((name) => ({ path, keyword, message: `must have the property '${name}'` }));
}

function checkCounts(schema: SchemaObject, value: Value, { path }: Place): Violation[] {
  const [min, max] = [member(schema, 'minProperties'), member(schema, 'maxProperties')];
  const size = Object.keys(value).length;
  const out: Violation[] = [];
  if (typeof min === 'number' && size < min)
    out.push({ path, keyword: 'minProperties', message: `must have at least ${min} properties` });
  if (typeof max === 'number' && size > max)
    out.push({ path, keyword: 'maxProperties', message: `must have at most ${max} properties` });
  return out;
}

function checkProperties(schema: SchemaObject, value: Value, { path, evaluation }: Place): Violation[] {
  const declared = new Map(schemaEntries(member(schema, 'properties')));
  const patterns = schemaEntries(member(schema, 'patternProperties'));
  const rest = member(schema, 'additionalProperties');
  return Object.entries(value).flatMap(([name, item]) => {
    const here = propertyPath(path, name);
    const own = declared.get(name);
    const parts: JsonSchema[] = own === undefined ? [] : [own];
    // A pattern that cannot be run may match: then `additionalProperties` says nothing of this name.
    const matching = patterns.filter(([source]) => compilePattern(source)?.matches(name) !== false);
    parts.push(...matching.filter(([source]) => compilePattern(source) !== undefined).map(([, part]) => part));
    if (own === undefined && matching.length === 0) {
      if (rest === false)
        return [{ path: here, keyword: 'additionalProperties', message: 'is not a declared property' }];
      if (isSchema(rest)) parts.push(rest);
    }
    return parts.flatMap((part) => evaluation.check(part, item, here));
  });
}

function checkNames(schema: SchemaObject, value: Value, { path, evaluation }: Place): Violation[] {
  const names = member(schema, 'propertyNames');
  if (!isSchema(names)) return [];
  return Object.keys(value)
    .filter((name) => !evaluation.isValid(names, name, `${propertyPath(path, name)}#name`))
    .map((name) => ({ path, keyword: 'propertyNames', message: `must not have a property named '${name}'` }));
}

/** `dependentRequired`, `dependentSchemas`, and draft-07's `dependencies`, which is either. */
function checkDependencies(schema: SchemaObject, value: Value, place: Place): Violation[] {
  return ['dependentRequired', 'dependentSchemas', 'dependencies'].flatMap((keyword) => {
    const all = member(schema, keyword);
    if (!isJsonObject(all)) return [];
    return Object.entries(all)
      .filter(([name]) => Object.hasOwn(value, name))
      .flatMap(([, demand]) => {
        if (Array.isArray(demand)) return checkRequired(stringList(demand), value, place, keyword);
        return isSchema(demand) ? place.evaluation.check(demand, value, place.path) : [];
      });
  });
}
