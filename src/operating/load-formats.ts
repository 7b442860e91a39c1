/** Reads the tool formats that people keep on this machine: one JSON file each. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../base/errors.ts';
import { type CustomFormat, loadFormat } from '../formats/load-format.ts';

/** Larger files are no formats. */
const maxFileBytes = 1_000_000;

/** The format in one file; a ConfigError says what is wrong with it. */
export function loadFormatFile(path: string): CustomFormat {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError('invalid_config', `The tool format ${path} cannot be read.`, { cause });
  }
  if (text.length > maxFileBytes) throw new ConfigError('invalid_config', `${path} is too large for a tool format.`);
  return loadFormat(text, path);
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
