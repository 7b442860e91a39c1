/** What inference does with texts: compares them without cutting markers in two, and makes syntax of them. */

import { gap, type Syntax, text } from './syntax.ts';

/** The longest common beginning that ends in no marker's middle. */
export function commonStart(one: string, other: string): string {
  let length = 0;
  while (length < Math.min(one.length, other.length) && one[length] === other[length]) length++;
  while (length > 0 && (isInsideMarker(one, length) || isInsideMarker(other, length))) length--;
  return one.slice(0, length);
}

/** The longest common end that begins in no marker's middle. */
export function commonEnd(one: string, other: string): string {
  let length = 0;
  const longest = Math.min(one.length, other.length);
  while (length < longest && one[one.length - length - 1] === other[other.length - length - 1]) length++;
  while (length > 0 && (isInsideMarker(one, one.length - length) || isInsideMarker(other, other.length - length)))
    length--;
  return one.slice(one.length - length);
}

/** Longer words in brackets are text. */
const longestMarker = 64;

/** Does this place lie between a bracket and the one that closes it, with no blank before it and none inside? */
function isInsideMarker(whole: string, at: number): boolean {
  const before = whole.slice(Math.max(0, at - longestMarker), at);
  const after = whole.slice(at, at + longestMarker);
  if (/<[^<>\s]*$/.test(before) && /^[^<>\s]*>/.test(after)) return true;
  return /\[[A-Z_/]*$/.test(before) && /^[A-Z_/]*\]/.test(after) && !(before.endsWith('[') && after.startsWith(']'));
}

const pieces = /(<[^<>\s]+>|\[[A-Z_/]+\]|\s+)/;

/** Markers and blanks of a text as nodes; blanks between words are the words'. */
export function toNodes(whole: string): Syntax[] {
  const parts = whole.split(pieces).filter((part) => part !== '');
  const nodes: Syntax[] = [];
  let words = '';
  const flush = (): void => {
    if (words !== '') nodes.push(text(words));
    words = '';
  };
  parts.forEach((part, index) => {
    const isMarker = isMarkerText(part);
    if (part.trim() !== '' && !isMarker) words += part;
    else if (part.trim() === '' && isBetweenWords(parts, index)) words += part;
    else {
      flush();
      nodes.push(isMarker ? text(part) : gap(part));
    }
  });
  flush();
  return nodes;
}

function isBetweenWords(parts: readonly string[], index: number): boolean {
  const [before, after] = [parts[index - 1], parts[index + 1]];
  const isWord = (part: string | undefined): boolean => part !== undefined && !isMarkerText(part);
  return isWord(before) && isWord(after) && !parts[index]?.includes('\n');
}

function isMarkerText(part: string): boolean {
  return /^(?:<[^<>\s]+>|\[[A-Z_/]+\])$/.test(part);
}

/** The first unit of what stands behind a name, which ends it: a marker, a blank, or signs up to either. */
export function firstUnit(whole: string): string {
  const [marker] = /^(?:<[^<>\s]+>|\[[A-Z_/]+\])/.exec(whole) ?? [];
  if (marker !== undefined) return marker;
  if (/^\s/.test(whole)) return whole.charAt(0);
  return /^[^\s<[]+/.exec(whole)?.[0] ?? whole.charAt(0);
}

/** The text between two places of others; undefined if either is missing or they overlap. */
export function between(whole: string, first: string, second: string, from = 0): string | undefined {
  const start = whole.indexOf(first, from);
  if (start === -1) return undefined;
  const end = whole.indexOf(second, start + first.length);
  return end === -1 ? undefined : whole.slice(start + first.length, end);
}
