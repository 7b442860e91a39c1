/** What a notation cannot carry. */

import type { JsonSchema } from '../../chat/tool.ts';
import type { Notation } from '../../grammar/notation.ts';

/** (To be replaced.) */
export function carries(_notation: Notation, _json: string, _schema: JsonSchema): boolean {
  return true;
}
