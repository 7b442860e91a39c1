/** Reads the tool formats that people keep on this machine: one JSON file each. */

import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../base/errors.ts';
import { type CustomFormat, loadFormat } from '../formats/load-format.ts';

/** Larger files are no formats. */
const maxFileBytes = 1_000_000;

/** The format in one file; a ConfigError says what is wrong with it. */
export function loadFormatFile(path: string): CustomFormat {
  const file = openFormat(path);
  try {
    const facts = fstatSync(file);
    if (!facts.isFile()) throw new ConfigError('invalid_config', `${path} is not a regular file.`);
    if (facts.size > maxFileBytes) throw new ConfigError('invalid_config', `${path} is too large for a tool format.`);
    return loadFormat(readFileSync(file, 'utf8'), path);
  } finally {
    closeSync(file);
  }
}

/** Without waiting: a pipe would hold the whole server until somebody writes to it. */
function openFormat(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new ConfigError('invalid_config', `The tool format ${path} cannot be read.`, { cause });
  }
}

/** The formats of all JSON files in a folder, by file name; none if there is no such folder. */
export function loadFormatsFrom(folder: string): readonly CustomFormat[] {
  return jsonFilesIn(folder).map((file) => loadFormatFile(join(folder, file)));
}

function jsonFilesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .sort();
  } catch {
    return [];
  }
}
