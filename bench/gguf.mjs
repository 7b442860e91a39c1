/** Reading the header of a model file as large as real ones have it. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readGguf } from '../dist/models/gguf.js';
import { compare, printTable, ratio, short } from './measure.mjs';

const types = { uint32: 4, int32: 5, string: 8, array: 9 };
const encoder = new TextEncoder();

function u32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
function u64(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
const text = (value) => {
  const bytes = encoder.encode(value);
  return Buffer.concat([u64(bytes.length), bytes]);
};
const entry = (key, type, ...value) => [text(key), u32(type), ...value];

/** A header with the lists of a tokenizer of this size and 291 tensors; no weights. */
function makeFile(tokens) {
  const list = Buffer.concat(Array.from({ length: tokens }, (_, id) => text(`Ġtoken${id}`)));
  const merges = Buffer.concat(Array.from({ length: tokens }, (_, id) => text(`Ġto ken${id}`)));
  const entries = [
    entry('general.architecture', types.string, text('llama')),
    entry('llama.context_length', types.uint32, u32(32_768)),
    entry('tokenizer.ggml.model', types.string, text('gpt2')),
    entry('tokenizer.ggml.tokens', types.array, u32(types.string), u64(tokens), list),
    entry('tokenizer.ggml.token_type', types.array, u32(types.int32), u64(tokens), Buffer.alloc(4 * tokens)),
    entry('tokenizer.ggml.merges', types.array, u32(types.string), u64(tokens), merges),
    entry('tokenizer.chat_template', types.string, text('{{ messages }}'.repeat(500))),
  ];
  const tensors = Array.from({ length: 291 }, (_, id) => [text(`blk.${id}.weight`), u32(1), u64(32), u32(0), u64(0)]);
  const head = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(entries.length)];
  return Buffer.concat([...head, ...entries.flat(), ...tensors.flat(), Buffer.alloc(4096)]);
}

/** The table: our reader beside reading the same bytes from the disk cache without looking at them. */
export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'aimindserve-bench-'));
  const rows = [['tokens', 'file MB', 'header ms', 'bytes only ms', 'ratio']];
  for (const tokens of [32_000, 152_000]) {
    const path = join(folder, `${tokens}.gguf`);
    const bytes = makeFile(tokens);
    writeFileSync(path, bytes);
    const times = await compare({ ours: () => readGguf(path), bytes: () => readFileSync(path) }, 9);
    rows.push([
      tokens,
      short(bytes.length / 1e6),
      short(times.ours),
      short(times.bytes),
      ratio(times.ours, times.bytes),
    ]);
  }
  rmSync(folder, { recursive: true });
  printTable(rows);
}
