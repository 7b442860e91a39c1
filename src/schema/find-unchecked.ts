/** Finds what our validator leaves unchecked in a schema, so that nobody promises it. */

import { type JsonSchema, member, schemaEntries } from './json-schema.ts';
import { compilePattern } from './pattern.ts';
import { resolveReference } from './resolve-reference.ts';
import { mapParts } from './schema-parts.ts';

const neverChecked = ['$recursiveRef'];

/** The keywords concerned: `pattern` with look-around, references to other documents. */
export function findUnchecked(schema: JsonSchema): readonly string[] {
  const found = new Set<string>();
  const visit = (part: JsonSchema): JsonSchema => {
    if (typeof part === 'boolean') return part;
    for (const keyword of neverChecked) if (member(part, keyword) !== undefined) found.add(keyword);
    const [pattern, reference] = [member(part, 'pattern'), member(part, '$ref')];
    if (typeof pattern === 'string' && compilePattern(pattern) === undefined) found.add('pattern');
    if (member(part, 'format') === 'idn-hostname') found.add('format');
    if (typeof reference === 'string' && resolveReference(schema, reference) === undefined) found.add('$ref');
    const dynamic = member(part, '$dynamicRef');
    if (typeof dynamic === 'string' && resolveReference(schema, dynamic) === undefined) found.add('$dynamicRef');
    for (const [source] of schemaEntries(member(part, 'patternProperties')))
      if (compilePattern(source) === undefined) found.add('patternProperties');
    mapParts(part, visit);
    return part;
  };
  visit(schema);
  return [...found].sort();
}
