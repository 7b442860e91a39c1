/** Writes and reads arguments in any notation. */

import type { Prompt } from '../../chat/prompt.ts';
import type { JsonSchema } from '../../chat/tool.ts';
import type { Notation, NotationOf } from '../../grammar/notation.ts';
import type { AnswerSource, Waiting } from '../answer-source.ts';
import { bareInterpreter } from './bare.ts';
import { jsonInterpreter } from './json.ts';
import { nestedInterpreter } from './nested.ts';
import type { ArgumentsEnd, NotationInterpreter, ReadingPlace } from './notation-interpreter.ts';
import { pythonInterpreter } from './python.ts';
import { taggedInterpreter } from './tagged.ts';

type NotationKind = Notation['kind'];
type NotationFor<K extends NotationKind> = { [P in K]: { readonly kind: P } & NotationOf<P> }[K];
/** A new kind of notation compiles only when it has an interpreter. */
type Interpreters = { readonly [K in NotationKind]: NotationInterpreter<NotationFor<K>> };

const interpreters: Interpreters = {
  json: jsonInterpreter,
  python: pythonInterpreter,
  bare: bareInterpreter,
  tagged: taggedInterpreter,
  nested: nestedInterpreter,
};

/** The arguments (JSON text) as the model would have written them. */
export function renderNotation<K extends NotationKind>(
  json: string,
  notation: NotationFor<K>,
  schema: JsonSchema,
): Prompt {
  return interpreters[notation.kind].render(json, notation, schema);
}

/** Reads arguments and passes them on as one JSON object. */
export function readNotation<K extends NotationKind>(
  source: AnswerSource,
  notation: NotationFor<K>,
  place: ReadingPlace,
  sink: (json: string) => void,
): Waiting<ArgumentsEnd> {
  return interpreters[notation.kind].read(source, notation, place, sink);
}
