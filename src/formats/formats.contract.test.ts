/** Runs the suite of all formats. */

import { formatContract } from './formats.contract.ts';
import { allFormats } from './formats.ts';

/** Formats that write an object by its members. */
const flattens = new Set(['nano']);

for (const format of allFormats) formatContract({ format, flattens: flattens.has(format.name) });
