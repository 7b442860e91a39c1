/** Keywords of arrays. */

import { canonicalText } from './canonical.ts';
import type { Place, Violation } from './evaluation.ts';
import { isSchema, member, type SchemaObject, schemaList } from './json-schema.ts';

/** How many items, which, each valid. */
export function checkArray(schema: SchemaObject, value: readonly unknown[], place: Place): Violation[] {
  const { path } = place;
  const out: Violation[] = [];
  const complain = (keyword: string, message: string): void => void out.push({ path, keyword, message });
  const [min, max] = [member(schema, 'minItems'), member(schema, 'maxItems')];
  if (typeof min === 'number' && value.length < min) complain('minItems', `must have at least ${min} items`);
  if (typeof max === 'number' && value.length > max) complain('maxItems', `must have at most ${max} items`);
  if (member(schema, 'uniqueItems') === true && new Set(value.map(canonicalText)).size < value.length)
    complain('uniqueItems', 'must not hold the same item twice');
  return [...out, ...checkItems(schema, value, place), ...checkContains(schema, value, place)];
}

function checkItems(schema: SchemaObject, value: readonly unknown[], { path, evaluation }: Place): Violation[] {
  const items = member(schema, 'items');
  const prefix = schemaList(member(schema, 'prefixItems') ?? items);
  const rest = Array.isArray(items) ? member(schema, 'additionalItems') : items;
  return value.flatMap((item, index) => {
    const part = prefix[index] ?? (isSchema(rest) ? rest : true);
    return evaluation.check(part, item, `${path}[${index}]`);
  });
}

function checkContains(schema: SchemaObject, value: readonly unknown[], { path, evaluation }: Place): Violation[] {
  const wanted = member(schema, 'contains');
  if (!isSchema(wanted)) return [];
  const found = value.filter((item, index) => evaluation.isValid(wanted, item, `${path}[${index}]`)).length;
  const [min, max] = [member(schema, 'minContains') ?? 1, member(schema, 'maxContains')];
  if (typeof min === 'number' && found < min)
    return [{ path, keyword: 'contains', message: `must hold at least ${min} items that match 'contains'` }];
  if (typeof max === 'number' && found > max)
    return [{ path, keyword: 'maxContains', message: `must hold at most ${max} items that match 'contains'` }];
  return [];
}
