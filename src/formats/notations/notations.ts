/** Writes and reads arguments in any notation. */

// (JSON only until the other notations are here: to be replaced as a whole.)
import { Bug } from '../../base/errors.ts';
import type { Prompt } from '../../chat/prompt.ts';
import type { JsonSchema } from '../../chat/tool.ts';
import type { Notation } from '../../grammar/notation.ts';
import type { AnswerSource, Waiting } from '../answer-source.ts';
import { readJson } from '../read-json.ts';
import { renderArguments } from '../render.ts';
import type { ArgumentsEnd, ReadingPlace } from './notation-interpreter.ts';

export function renderNotation(json: string, notation: Notation, _schema: JsonSchema): Prompt {
  if (notation.kind !== 'json') throw new Bug('not yet');
  return [{ text: renderArguments(json, notation.spacing), trusted: false }];
}

export function readNotation(
  source: AnswerSource,
  _notation: Notation,
  _place: ReadingPlace,
  sink: (json: string) => void,
): Waiting<ArgumentsEnd> {
  return readJson(source, sink);
}
