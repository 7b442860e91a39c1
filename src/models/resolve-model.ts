/** From what a person typed after `--model` to the GGUF file that will be served, or to advice that helps. */

import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { ConfigError } from '../base/errors.ts';
import { findParts, isFolder, lookIntoFolder } from './gguf-files.ts';

/** The absolute path of the file to open; what is on a hub is fetched before. */
export function resolveModel(input: string, cwd: string): string {
  const path = resolve(cwd, input);
  if (!existsSync(path)) throw nothingThere(input, path);
  if (isFolder(path)) return resolveFolder(input, path);
  if (/\.(bin|pt|pth|ckpt)$/i.test(path)) throw pickled(input, path);
  if (/\.json$/i.test(path)) throw advise(`'${input}' holds no weights; name its folder.`, input, dirname(path));
  const [first] = findParts(path);
  return first ?? path;
}

/** The folder of safetensors that a person means, if it is one; such weights are converted before they are served. */
export function findSafetensors(input: string, cwd: string): string | undefined {
  const path = resolve(cwd, input);
  if (/\.safetensors(\.index\.json)?$/i.test(path)) return existsSync(path) ? dirname(path) : undefined;
  if (!isFolder(path)) return undefined;
  const { models, safetensors } = lookIntoFolder(path);
  return safetensors && models.length === 0 ? path : undefined;
}

/** The folder of safetensors to open as it is, whatever else lies in it; throws advice that helps. */
export function resolveWeightsFolder(input: string, cwd: string): string {
  const path = resolve(cwd, input);
  if (!existsSync(path)) throw nothingThere(input, path);
  const folder = isFolder(path) ? path : dirname(path);
  const isMeant = folder === path || /\.(safetensors(\.index\.json)?|json)$/i.test(path);
  const { models, safetensors, pickles } = lookIntoFolder(folder);
  if (isMeant && safetensors) return folder;
  if (pickles && models.length === 0) throw pickled(input, folder);
  const held = models.length > 0 ? 'GGUF, which the embedded engine runs (--backend embedded)' : 'no weights';
  throw new ConfigError('model_unusable', `'${input}' holds ${held}; this engine opens folders of safetensors.`);
}

function resolveFolder(input: string, folder: string): string {
  const { models, pickles } = lookIntoFolder(folder);
  const [first] = models;
  if (first !== undefined && models.length === 1) return findParts(first)[0] ?? first;
  if (first !== undefined) {
    const list = models.map((path) => `  ${basename(path)}`).join('\n');
    throw advise(`The folder '${input}' holds ${models.length} models; name the one to serve:\n${list}`, input, first);
  }
  if (pickles) throw pickled(input, folder);
  throw advise(
    `The folder '${input}' holds no weights: neither a GGUF file nor safetensors.`,
    input,
    '/path/to/model.gguf',
  );
}

function nothingThere(input: string, path: string): ConfigError {
  const where = input === path ? '' : ` (looked for ${path})`;
  return advise(`There is nothing at '${input}'${where}.`, input, '/path/to/model.gguf');
}

function pickled(input: string, path: string): ConfigError {
  const name = basename(path).replace(/\.(bin|pt|pth|ckpt)$/i, '');
  return advise(
    `'${input}' holds weights as Python pickles (.bin, .pt), which can run code when loaded and are not served.\n` +
      `Take the same model in safetensors form, or its GGUF (on the hub usually in '${name}-GGUF', file '${name}-Q4_K_M.gguf').`,
    input,
    `./${name}-Q4_K_M.gguf`,
  );
}

/** Ends with the command that works once the file is there. */
function advise(reason: string, input: string, file: string): ConfigError {
  const name = basename(input).replace(/(-GGUF|\.gguf|\.safetensors)$/i, '') || 'my-model';
  const command = `sh scripts/run_assistant_server.sh --served-model-name ${quote(name)} --model ${quote(file)}`;
  return new ConfigError('model_unusable', `${reason}\nThen this command works:\n  ${command}`);
}

/** Quoted for a POSIX shell where it must be. */
function quote(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
