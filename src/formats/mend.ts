/** Repairs the arguments of a held call that came whole but is no JSON object; each repair is a rule with a name. */

/** What a repair made, and which rules it took. */
export interface Mended {
  readonly text: string;
  readonly rules: readonly string[];
}

/** The text mended into a JSON object; undefined if that cannot be done in one clear way. */
export function mend(_text: string): Mended | undefined {
  return undefined;
}
