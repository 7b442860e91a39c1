/** A JSON object. */

import { printExact } from '../../base/json.ts';
import type { JsonNotation } from '../../grammar/notation.ts';
import { readJson } from '../read-json.ts';
import { skipBlanks } from '../read-marker.ts';
import { argumentsOf, letters } from './arguments-text.ts';
import type { NotationInterpreter } from './notation-interpreter.ts';

/** `{"city": "Oslo", "days": 3}` */
export const jsonInterpreter: NotationInterpreter<JsonNotation> = {
  render(json, { spacing }) {
    const value = argumentsOf(json);
    return [letters(value === undefined ? json : printExact(value, spacing))];
  },
  *read(source, _notation, _place, sink) {
    yield* skipBlanks(source);
    if (!(yield* source.more())) return 'ended';
    return source.letter === '{' ? yield* readJson(source, sink) : 'foreign';
  },
};
