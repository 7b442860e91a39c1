/** Names weights by what is in them, so that what was found out about them is found again wherever they lie. */

import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { Deployment } from '../../fleet/deployment.ts';
import type { ModelSpec } from '../../fleet/model-spec.ts';
import { isFolder } from '../../models/gguf-files.ts';
import { hashTemplate } from '../../models/template-hash.ts';

/** So many samples, evenly over all files from the first byte to the last: 768 kB in all. */
const samples = 24;
const sampleBytes = 32 * 1_024;

/** What was read of files already; the same facts stand for the same files. */
const known = new WeakMap<ModelSpec, string>();

/**
 * 32 hexadecimal digits. Differs with the model's facts, the sizes of its files, samples of their content (two
 * fine-tunes of one model have the same header), and the chat template that is used: it decides as much about calls as
 * the weights do. Not with names or places of files. Never throws: models without files, or with files
 * that cannot be read, are told apart by their names.
 */
export function weightsId(spec: ModelSpec, { chatTemplate }: Pick<Deployment, 'chatTemplate'>): string {
  const template = hashTemplate(chatTemplate ?? spec.template ?? '');
  return createHash('sha256')
    .update(`${filesId(spec)}\n${template}`)
    .digest('hex')
    .slice(0, 32);
}

function filesId(spec: ModelSpec): string {
  const found = known.get(spec);
  if (found !== undefined) return found;
  const { name, architecture, parameterCount = 0, vocabularySize, trainedContext, files } = spec;
  const content = readContent(files);
  // A file that does not name its model lends it its own name, which says nothing of the weights.
  const label = content === undefined || files.length === 0 ? name : '';
  const facts = [label, architecture, parameterCount, vocabularySize, trainedContext, content ?? null];
  const id = createHash('sha256').update(JSON.stringify(facts)).digest('hex');
  // Files that could not be read may be readable the next time.
  if (content !== undefined) known.set(spec, id);
  return id;
}

function readContent(files: readonly string[]): string | undefined {
  // Of a folder that an engine opens the files follow it.
  const regular = files.filter((path) => !isFolder(path));
  if (regular.length === 0 && files.length > 0) return undefined;
  const hash = createHash('sha256');
  try {
    hashFiles(regular, hash);
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}

interface Part {
  readonly path: string;
  /** Where it begins in the row of all files. */
  readonly begin: number;
  readonly sizeBytes: number;
}

function hashFiles(files: readonly string[], hash: Hash): void {
  const parts: Part[] = [];
  let total = 0;
  for (const path of files) {
    const { size } = statSync(path);
    parts.push({ path, begin: total, sizeBytes: size });
    total += size;
  }
  hash.update(JSON.stringify(parts.map(({ sizeBytes }) => sizeBytes)));
  const last = Math.max(0, total - sampleBytes);
  const places = Array.from({ length: samples }, (_, index) => Math.floor((last * index) / (samples - 1)));
  const buffer = Buffer.alloc(sampleBytes);
  for (const part of parts) {
    const inside = places.filter((place) => place >= part.begin && place < part.begin + part.sizeBytes);
    if (inside.length > 0) hashSamples(part, inside, { hash, buffer });
  }
}

function hashSamples(
  { path, begin }: Part,
  places: readonly number[],
  { hash, buffer }: { readonly hash: Hash; readonly buffer: Buffer },
): void {
  const file = openSync(path, 'r');
  try {
    for (const place of places) hash.update(buffer.subarray(0, readSync(file, buffer, 0, sampleBytes, place - begin)));
  } finally {
    closeSync(file);
  }
}
