/** The signs by which a format is recognised in a model's files: data, so that a format can be loaded from JSON. */

import type { Detected, ModelFacts } from './format.ts';

/** What speaks for a format, and what rules it out. */
export interface Signs {
  /** Texts that must all stand in the chat template; a line break may be spelled there as in any string. */
  readonly template?: readonly string[];
  /** Texts of which none may stand there. */
  readonly without?: readonly string[];
  /** Special tokens of the vocabulary; each one found counts. */
  readonly tokens?: readonly string[];
  /** Words in the model's name (lower case), each found counts; they decide between equal templates only. */
  readonly names?: readonly string[];
}

const nothing: Detected = { score: 0, evidence: [] };

/**
 * A score grows with what was found: a template's text counts for its length (long ones are no coincidence), tokens and
 * names for little. Without `template` signs the tokens must all be there.
 */
export function detectSigns(signs: Signs, facts: ModelFacts): Detected {
  const { template = [], without = [], tokens = [], names = [] } = signs;
  const isThere = (text: string): boolean =>
    facts.template.includes(text) || facts.template.includes(text.replaceAll('\n', '\\n'));
  if (without.some(isThere) || !template.every(isThere)) return nothing;
  const known = new Set(facts.specialTokens);
  const found = tokens.filter((token) => known.has(token));
  if (template.length === 0 && (found.length < tokens.length || found.length === 0)) return nothing;
  const name = facts.name.toLowerCase();
  const named = names.filter((word) => name.includes(word));
  const score = template.reduce((sum, text) => sum + 1 + text.length / 10, 0) + found.length / 2 + named.length / 4;
  return {
    score: Math.round(score * 100) / 100,
    evidence: [
      ...template.map((text) => `template has ${JSON.stringify(text)}`),
      ...found.map((token) => `token ${token}`),
      ...named.map((word) => `name has "${word}"`),
    ],
  };
}
