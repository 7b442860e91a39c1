/** Methods of lists and mappings that templates use and the library lacks. */

import type { Call } from './call.ts';
import type { ListValue, MapValue, Value } from './library.ts';
import { failed, isEqual } from './operators.ts';
import { isInteger, isList, isMap, nullValue, toInteger } from './value.ts';

/** `owner.name(…)`; undefined if it is not one of these. Python's sandbox refuses the ones that change something. */
export function listMethod(owner: ListValue | MapValue, name: string, call: Call): Value | undefined {
  if (isMap(owner)) return name === 'update' ? update(owner, call) : undefined;
  const [item] = call.args;
  switch (name) {
    case 'index':
      return toInteger(placeOf(owner, item, call));
    case 'count':
      return toInteger(item === undefined ? 0 : owner.value.filter((other) => isEqual(other, item, call.meter)).length);
    case 'append':
      return item === undefined ? undefined : extend(owner, [item], call);
    case 'extend':
      return isList(item) ? extend(owner, item.value, call) : undefined;
    case 'pop':
      return pop(owner, item);
    default:
      return undefined;
  }
}

function placeOf(list: ListValue, item: Value | undefined, { meter }: Call): number {
  const place = item === undefined ? -1 : list.value.findIndex((other) => isEqual(other, item, meter));
  if (place === -1) throw failed('looks for something in a list that is not there');
  return place;
}

function extend(list: ListValue, items: readonly Value[], { meter }: Call): Value {
  meter.list(list.value.length + items.length);
  for (const item of [...items]) list.value.push(item);
  return nullValue;
}

function pop(list: ListValue, place: Value | undefined): Value {
  const at = isInteger(place) ? place.value : -1;
  const [item] = list.value.splice(at < 0 ? list.value.length + at : at, 1);
  if (item === undefined) throw failed('takes from a list what is not there');
  return item;
}

function update(map: MapValue, { args: [other], named, meter }: Call): Value {
  const added = [...(isMap(other) ? other.value : []), ...named];
  meter.list(map.value.size + added.length);
  for (const [key, item] of added) map.value.set(key, item);
  return nullValue;
}
