/** The key that a remote server wants: from a file or a variable, never from the command line, which others can read. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '../../base/errors.ts';
import type { Remote } from './remote-command.ts';

const variable = 'AIMINDSERVE_REMOTE_KEY';

/** The file that `--remote-key-file` names, else the variable where `usesVariable`; nothing = there is no key. */
export function readRemoteKey(
  { options, surroundings }: Pick<Remote, 'options' | 'surroundings'>,
  usesVariable: boolean,
): { readonly remoteKey?: string } {
  const file = options.text('remote-key-file');
  const text = file === undefined ? variableOf(surroundings, usesVariable) : readKeyFile(file, surroundings.folder);
  return text === undefined ? {} : { remoteKey: text };
}

function variableOf({ environment }: Remote['surroundings'], usesVariable: boolean): string | undefined {
  const text = usesVariable ? environment[variable]?.trim() : undefined;
  return text === '' ? undefined : text;
}

function readKeyFile(file: string, folder: string): string {
  let text: string;
  try {
    text = readFileSync(resolve(folder, file), 'utf8').trim();
  } catch (cause) {
    throw new ConfigError('invalid_config', `--remote-key-file: ${file} cannot be read.`, { cause });
  }
  if (text === '') throw new ConfigError('invalid_config', `--remote-key-file: ${file} is empty.`);
  return text;
}
