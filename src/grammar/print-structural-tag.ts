/** Prints what an engine must keep to as a structural tag: how vLLM and others hand xgrammar free text and its calls. */

import type { Constraint } from './constraint.ts';
import type { Grammar, GrammarNode } from './grammar.ts';
import { type PrintedGrammar, printGbnf, type SpecialTokens } from './print-gbnf.ts';
import { surveyGrammar } from './program.ts';

type FreeNode = GrammarNode & { readonly kind: 'free' };

/** Free text, and what must follow where one of the triggers appears in it. */
interface TriggeredTags {
  readonly type: 'triggered_tags';
  readonly triggers: readonly string[];
  readonly tags: readonly Tag[];
  readonly at_least_one: false;
  readonly stop_after_first: true;
}

interface Tag {
  readonly type: 'tag';
  readonly begin: string;
  readonly content: GrammarFormat;
  /** Empty: the content holds all that follows, to the end of the answer. */
  readonly end: '';
}

interface GrammarFormat {
  readonly type: 'grammar';
  readonly grammar: string;
}

/**
 * The JSON text of the tag; undefined if nothing is constrained. Special tokens are matched by their letters, those of
 * which `specials` knows nothing not at all. RequestError as `compileGrammar`.
 */
export function printStructuralTag(constraint: Constraint, specials?: SpecialTokens): PrintedGrammar | undefined {
  const { grammar } = constraint;
  if (grammar === undefined) return undefined;
  const letters: SpecialTokens = (special) => (specials?.(special) === undefined && specials ? undefined : 'letters');
  const format = triggeredTags(grammar, letters) ?? wholeGrammar(grammar, letters);
  const text = JSON.stringify({ type: 'structural_tag', format: format.format });
  return { text, relaxed: format.relaxed };
}

interface PrintedFormat {
  readonly format: GrammarFormat | TriggeredTags;
  readonly relaxed: PrintedGrammar['relaxed'];
}

function wholeGrammar(grammar: Grammar, letters: SpecialTokens): PrintedFormat {
  const { text, relaxed } = printGbnf(grammar, letters);
  return { format: { type: 'grammar', grammar: text }, relaxed };
}

/** Undefined where triggers cannot say it: openings that are forbidden, stand at the start only, or hold each other. */
function triggeredTags({ root, rules }: Grammar, letters: SpecialTokens): PrintedFormat | undefined {
  if (root.kind !== 'free' || root.begun !== undefined || root.anchored === true) return undefined;
  const survey = surveyGrammar({ root, rules }, (special) => letters(special) !== undefined);
  const openings = textOpenings(root, letters);
  const triggers = openings.map(({ begin }) => begin);
  const isPlain = triggers.every((one) => triggers.every((other) => one === other || !other.includes(one)));
  if (triggers.length === 0 || !isPlain || !openings.every(({ then }) => survey.isProductive(then))) return undefined;
  const relaxed = new Set<PrintedGrammar['relaxed'][number]>();
  if (root.openings.some(({ opening }) => 'special' in opening && letters(opening.special))) relaxed.add('special');
  const tags = openings.map(({ begin, then }): Tag => {
    const printed = printGbnf({ root: then, rules }, letters);
    for (const what of printed.relaxed) relaxed.add(what);
    return { type: 'tag', begin, content: { type: 'grammar', grammar: printed.text }, end: '' };
  });
  const format = { type: 'triggered_tags', triggers, tags, at_least_one: false, stop_after_first: true } as const;
  return { format, relaxed: [...relaxed].sort() };
}

/** The openings by their letters, without those that begin with another, which is found first. */
function textOpenings({ openings }: FreeNode, letters: SpecialTokens): { begin: string; then: GrammarNode }[] {
  const spelled = new Map<string, GrammarNode>();
  for (const { opening, then } of openings) {
    if ('special' in opening && letters(opening.special) === undefined) continue;
    const begin = 'text' in opening ? opening.text : opening.special;
    if (begin !== '' && !spelled.has(begin)) spelled.set(begin, then);
  }
  const begins = [...spelled.keys()];
  return [...spelled]
    .filter(([begin]) => !begins.some((other) => other !== begin && begin.startsWith(other)))
    .map(([begin, then]) => ({ begin, then }));
}
