/** Runs the suite of all formats, or of those that the environment variable FORMAT names, separated by commas. */

import process from 'node:process';
import { formatContract } from './formats.contract.ts';
import { allFormats } from './formats.ts';

/** Formats that write an object by its members. */
const flattens = new Set(['nano']);

/** Formats whose keys are tags. */
const namesKeys = new Set(['minimax-m3', 'xml']);

const wanted = process.env['FORMAT']?.split(',');

for (const format of allFormats)
  if (wanted === undefined || wanted.includes(format.name))
    formatContract({ format, flattens: flattens.has(format.name), namesKeys: namesKeys.has(format.name) });
