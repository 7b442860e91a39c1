/** Lexical relevance of tools to a request, without corpus or model; `models/nano/rank.py` is its twin. */

import { isObject } from '../base/json.ts';
import type { Tool } from '../chat/tool.ts';
import { weighTerms } from './rank-terms.ts';

// What a shared term weighs by the part of the tool that holds it.
const nameWeight = 1;
const descriptionWeight = 0.5;
const parameterWeight = 0.4;
/** How much a term loses that all of the tools hold. */
const shareLoss = 0.4;
/** How much of the score is "how much of the tool's name was asked for". */
const nameShare = 0.3;
/** Lower bounds of the bins 1 to 5. */
const binBounds = [0.1, 0.25, 0.35, 0.45, 0.58];
const schemaDepth = 5;

/** The relevance as one of six steps. */
export type RelevanceBin = 0 | 1 | 2 | 3 | 4 | 5;

/** Relevance of each tool to the request, 0 to 1; its steps mean the same for one tool and for thirty. */
export function rankTools(query: string, tools: readonly Tool[]): readonly number[] {
  const wanted = weighTerms(query);
  const total = sum(wanted.values());
  const indexed = tools.map(indexTool);
  const weights = new Map<string, number>();
  for (const [term, rarity] of wanted) {
    const holders = indexed.filter((tool) => tool.fields.has(term)).length;
    if (holders > 0) weights.set(term, rarity * (1 - (shareLoss * (holders - 1)) / tools.length));
  }
  return indexed.map(({ name, fields }) => {
    let hit = 0;
    let named = 0;
    for (const [term, weight] of weights) {
      hit += weight * (fields.get(term) ?? 0);
      named += ((name.get(term) ?? 0) * weight) / (wanted.get(term) ?? 1);
    }
    // The long tail of a request lowers relevance a little; a name of one common word never counts as wholly asked for.
    const coverage = named / (sum(name.values()) + 0.2);
    return ((1 - nameShare) * hit) / (hit + 1.5 + 0.08 * total) + nameShare * coverage;
  });
}

/** The bin of a relevance. */
export function relevanceBin(score: number): RelevanceBin {
  const reached = binBounds.findLastIndex((bound) => score >= bound) + 1;
  return ([0, 1, 2, 3, 4, 5] as const)[reached] ?? 0;
}

/** The index of the highest relevance (the first wins a tie); none if all are in bin 0. */
export function bestTool(scores: readonly number[]): number | undefined {
  let best: number | undefined;
  for (const [index, score] of scores.entries())
    if (relevanceBin(score) > 0 && score > (best === undefined ? 0 : (scores[best] ?? 0))) best = index;
  return best;
}

/** The `limit` most relevant tools in the caller's order; the tool named `keep` is always among them. */
export function shortlist(query: string, tools: readonly Tool[], limit: number, keep?: string): readonly Tool[] {
  if (tools.length <= limit) return tools;
  const scores = rankTools(query, tools).map((score, index) => (tools[index]?.name === keep ? Infinity : score));
  const order = scores.map((_, index) => index).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
  const kept = new Set(order.slice(0, limit));
  return tools.filter((_, index) => kept.has(index));
}

interface IndexedTool {
  readonly name: ReadonlyMap<string, number>;
  /** Every term of the tool with the weight of the part that holds it. */
  readonly fields: ReadonlyMap<string, number>;
}

function indexTool(tool: Tool): IndexedTool {
  const name = weighTerms(tool.name);
  const fields = new Map<string, number>();
  for (const term of weighTerms([...schemaTexts(tool.parameters)].join('\n')).keys()) fields.set(term, parameterWeight);
  for (const term of weighTerms(tool.description).keys()) fields.set(term, descriptionWeight);
  for (const term of name.keys()) fields.set(term, nameWeight);
  return { name, fields };
}

/** Keys, descriptions and enum texts of a schema; hostile depth is cut. */
function* schemaTexts(schema: unknown, depth = 0): Iterable<string> {
  if (!isObject(schema) || depth > schemaDepth) return;
  const { description, properties, items } = schema;
  if (depth > 0 && typeof description === 'string') yield description;
  if (Array.isArray(schema['enum'])) for (const value of schema['enum']) if (typeof value === 'string') yield value;
  if (isObject(properties))
    for (const [key, item] of Object.entries(properties)) {
      yield key;
      yield* schemaTexts(item, depth + 1);
    }
  yield* schemaTexts(items, depth + 1);
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
