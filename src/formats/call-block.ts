/** The shape of a format's calls: what opens a block of them, one call, what joins two, and what closes the block. */

import { Bug } from '../base/errors.ts';
import type { Notation } from '../grammar/notation.ts';
import { markersOf, mayMiss, type Syntax } from './syntax.ts';

/** A block; where nothing opens and closes it, calls merely follow each other. */
export interface CallBlock {
  readonly before: readonly Syntax[];
  readonly item: Syntax;
  readonly separator: string;
  readonly after: readonly Syntax[];
}

/** Divides the calls of a format at their `many`. */
export function blockOf(calls: Syntax): CallBlock {
  const items = calls.kind === 'seq' ? calls.items : [calls];
  const at = items.findIndex((item) => item.kind === 'many');
  const middle = items[at];
  if (middle?.kind !== 'many') throw new Bug('The calls of a format hold no `many`.');
  return { before: items.slice(0, at), item: middle.item, separator: middle.separator, after: items.slice(at + 1) };
}

/** Does anything open or close the block? */
export function isWrapped(block: CallBlock): boolean {
  return block.before.length > 0 || block.after.length > 0;
}

/** The parts of one call. */
export function partsOf(item: Syntax): readonly Syntax[] {
  return item.kind === 'seq' ? item.items : [item];
}

/** The markers with which these parts may begin. */
export function firstMarkers(parts: readonly Syntax[]): readonly string[] {
  const markers: string[] = [];
  for (const part of parts) {
    if (part.kind === 'jsonCall' || part.kind === 'keyCall') markers.push('{');
    markers.push(...markersOf(part));
    if (!mayMiss(part)) break;
  }
  return [...new Set(markers)];
}

/** What ends a call after its arguments: the markers that follow, or a blank line where the syntax has none. */
export function fencesOf(block: CallBlock): readonly string[] {
  const parts = partsBehindArguments(block.item).filter((part) => part.kind !== 'optional');
  const own = parts.flatMap((part, index) => (parts[index + 1]?.kind === 'again' ? [] : markersOf(part)));
  const markers = own.length > 0 ? own : block.after.flatMap(markersOf);
  return markers.length === 0 ? ['\n\n'] : markers;
}

/** What ends a call by repeating its name: the name stands between these two. */
export function echoOf(block: CallBlock): readonly [string, string] | undefined {
  const parts = partsBehindArguments(block.item);
  const at = parts.findIndex((part) => part.kind === 'again');
  const [before, again] = [parts[at - 1], parts[at]];
  return before?.kind === 'text' && again?.kind === 'again' ? [before.text, again.end] : undefined;
}

function partsBehindArguments(item: Syntax): readonly Syntax[] {
  const parts = partsOf(item);
  const at = parts.findIndex((part) => part.kind === 'args' || part.kind === 'jsonCall' || part.kind === 'keyCall');
  return parts.slice(at + 1);
}

/** Does a model write an id between a call's name and its arguments? */
export function writesIds({ item }: CallBlock): boolean {
  const parts = partsOf(item);
  const from = parts.findIndex((part) => part.kind === 'name');
  const to = parts.findIndex((part) => part.kind === 'args');
  return from !== -1 && parts.slice(from, to).some((part) => part.kind === 'id' || part.kind === 'ordinal');
}

/** The notation of the arguments. */
export function notationOf(calls: Syntax): Notation {
  for (const part of partsOf(blockOf(calls).item)) if (part.kind === 'args') return part.notation;
  return { kind: 'json', spacing: 'spaced' };
}

/** What may follow a call's name at once: its arguments, or what closes the call. */
export function afterNameOf(calls: Syntax): readonly string[] {
  const block = blockOf(calls);
  const parts = partsOf(block.item);
  const name = parts.find((part) => part.kind === 'name');
  const peeked = name?.kind === 'name' && name.peeks ? [name.end] : [];
  const at = parts.findIndex((part) => part.kind === 'name');
  const behind = parts.slice(at + 1).flatMap(markersOf);
  const fences = [...behind, ...fencesOf(block)].filter((fence) => fence.trim() !== '');
  return [...new Set([...peeked, ...beginningsOf(notationOf(calls)), ...fences])];
}

function beginningsOf(notation: Notation): readonly string[] {
  if (notation.kind === 'tagged') return [notation.open];
  return notation.kind === 'json' || notation.kind === 'bare' ? ['{'] : [];
}
