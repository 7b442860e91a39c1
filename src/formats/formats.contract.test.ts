/** Runs the suite of all formats. */

import { formatContract } from './formats.contract.ts';
import { allFormats } from './formats.ts';

/** Formats whose markers, spelled in letters, are text. */
const onlySpecial = new Set(['nano']);

/** Formats that write an object by its members. */
const flattens = new Set(['nano']);

for (const format of allFormats)
  formatContract({ format, onlySpecial: onlySpecial.has(format.name), flattens: flattens.has(format.name) });
