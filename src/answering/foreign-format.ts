/** Notices text that looks like a call in another format than the model's own: a sign of a wrong format. */

import type { ToolFormat } from '../formats/format.ts';

/** Shorter ones, and those that begin with a letter or a bracket of JSON, stand in too many honest texts. */
const minLength = 5;
const telling = /^(?:<|\[[A-Z]|[^\p{ASCII}\p{L}])/u;

/** Which marker is whose, and one expression that finds any of them. */
interface ForeignMarkers {
  readonly owners: ReadonlyMap<string, string>;
  readonly pattern: RegExp;
  readonly longest: number;
}

/** Reads visible text as it comes; constant work for each letter. */
export class ForeignFormatReader {
  readonly #markers: ForeignMarkers | undefined;
  #tail = '';
  #found: string | undefined;

  constructor(own: ToolFormat, all: readonly ToolFormat[]) {
    this.#markers = markersBeside(own, all);
  }

  /** The name of the first other format whose marker was seen. */
  get found(): string | undefined {
    return this.#found;
  }

  push(text: string): void {
    if (this.#found !== undefined || this.#markers === undefined) return;
    const { pattern, owners, longest } = this.#markers;
    const seen = this.#tail + text;
    const marker = pattern.exec(seen)?.[0];
    this.#found = marker === undefined ? undefined : owners.get(marker);
    this.#tail = seen.slice(Math.max(0, seen.length - longest + 1));
  }
}

/** By format: its markers are worked out once. */
const known = new WeakMap<ToolFormat, ForeignMarkers>();

function markersBeside(own: ToolFormat, all: readonly ToolFormat[]): ForeignMarkers | undefined {
  const ready = known.get(own);
  if (ready !== undefined) return ready;
  const owners = new Map<string, string>();
  for (const { name, beginnings } of all)
    for (const marker of beginnings) {
      const isOwn = own.beginnings.some((mine) => mine.includes(marker) || marker.includes(mine));
      if (marker.length >= minLength && telling.test(marker) && !isOwn && !owners.has(marker)) owners.set(marker, name);
    }
  if (owners.size === 0) return undefined;
  const spellings = [...owners.keys()].sort((a, b) => a.length - b.length);
  const pattern = new RegExp(spellings.map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'));
  const markers = { owners, pattern, longest: spellings.at(-1)?.length ?? 0 };
  known.set(own, markers);
  return markers;
}
