/** From what a person typed after `--model` to the GGUF file that will be served, or to advice that helps. */

import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { ConfigError } from '../base/errors.ts';
import { findParts, isFolder, lookIntoFolder } from './gguf-files.ts';

/** The absolute path of the file to open; what is on a hub is fetched before. */
export function resolveModel(input: string, cwd: string): string {
  const path = resolve(cwd, input);
  if (!existsSync(path)) throw nothingThere(input, path);
  if (isFolder(path)) return resolveFolder(input, path);
  if (/\.(bin|pt|pth|ckpt)$/i.test(path)) throw pickled(input, path);
  if (/\.(safetensors|json)$/i.test(path)) throw safetensors(input, path);
  const [first] = findParts(path);
  return first ?? path;
}

function resolveFolder(input: string, folder: string): string {
  const { models, safetensors: hasSafetensors, pickles } = lookIntoFolder(folder);
  const [first] = models;
  if (first !== undefined && models.length === 1) return findParts(first)[0] ?? first;
  if (first !== undefined) {
    const list = models.map((path) => `  ${basename(path)}`).join('\n');
    throw advise(`The folder '${input}' holds ${models.length} models; name the one to serve:\n${list}`, input, first);
  }
  if (hasSafetensors) throw safetensors(input, folder);
  if (pickles) throw pickled(input, folder);
  throw advise(`The folder '${input}' holds no GGUF file.`, input, '/path/to/model.gguf');
}

function nothingThere(input: string, path: string): ConfigError {
  const where = input === path ? '' : ` (looked for ${path})`;
  return advise(`There is nothing at '${input}'${where}.`, input, '/path/to/model.gguf');
}

function safetensors(input: string, path: string): ConfigError {
  const name = basename(path).replace(/\.(safetensors|json)$/i, '');
  return advise(
    `'${input}' holds weights in safetensors form, which the embedded engine cannot serve; it serves GGUF files.\n` +
      `Take the GGUF of the same model (on the hub usually in '${name}-GGUF', file '${name}-Q4_K_M.gguf'), ` +
      `or convert it with llama.cpp:\n  python convert_hf_to_gguf.py ${quote(path)} --outfile ${quote(`${name}.gguf`)}`,
    input,
    `./${name}.gguf`,
  );
}

function pickled(input: string, path: string): ConfigError {
  const name = basename(path).replace(/\.(bin|pt|pth|ckpt)$/i, '');
  return advise(
    `'${input}' holds weights as Python pickles (.bin, .pt), which can run code when loaded and are not served.\n` +
      `Take the GGUF of the same model (on the hub usually in '${name}-GGUF', file '${name}-Q4_K_M.gguf').`,
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
