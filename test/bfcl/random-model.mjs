/**
 * Writes a GGUF file with the header of another and random weights: `node random-model.mjs FROM TO [--seed N]
 * [--template FILE] [--specials '<tool_call>,</tool_call>']`. A template replaces the chat template; the specials take
 * the place of the vocabulary's last tokens, whose numbers are printed.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createRandom } from './items.mjs';

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    template: { type: 'string' },
    specials: { type: 'string', default: '' },
  },
});
const [from, to] = positionals;
if (to === undefined) {
  console.error('usage: node test/bfcl/random-model.mjs FROM TO [--seed N] [--template FILE] [--specials A,B,…]');
  process.exit(2);
}

const [stringType, arrayType] = [8, 9];
const scalarBytes = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };
const control = 3;

const source = readFileSync(from);
let at = 24;
const header = Buffer.from(source.subarray(0, at));
const [tensorCount, entryCount] = [8, 16].map((offset) => Number(source.readBigUInt64LE(offset)));
const entries = Array.from({ length: entryCount }, readEntry);
const tensors = Array.from({ length: tensorCount }, readTensor);
const specials = options.specials === '' ? [] : options.specials.split(',');
const alignment = 32;
const dataStart = Math.ceil(at / alignment) * alignment;

const infos = source.subarray(tensors[0].headerAt, at);
const head = Buffer.concat([header, ...entries.map(writeEntry), infos]);
const padding = Buffer.alloc(Math.ceil(head.length / alignment) * alignment - head.length);
const data = Buffer.from(source.subarray(dataStart));
const random = createRandom(Number(options.seed));
for (const tensor of tensors) fill(tensor);
writeFileSync(to, Buffer.concat([head, padding, data]));

function readCount() {
  at += 8;
  return Number(source.readBigUInt64LE(at - 8));
}

function readBytes() {
  const length = readCount();
  at += length;
  return source.subarray(at - length, at);
}

function readEntry() {
  const key = readBytes().toString();
  const type = source.readUInt32LE(at);
  at += 4;
  const start = at;
  skipValue(type);
  return { key, type, value: source.subarray(start, at) };
}

function skipValue(type) {
  if (type === stringType) readBytes();
  else if (type !== arrayType) at += scalarBytes[type];
  else {
    const element = source.readUInt32LE(at);
    at += 4;
    const count = readCount();
    for (let i = 0; i < count; i++) skipValue(element);
  }
}

function readTensor() {
  const headerAt = at;
  const name = readBytes().toString();
  const dimensions = source.readUInt32LE(at);
  at += 4;
  const shape = Array.from({ length: dimensions }, readCount);
  const type = source.readUInt32LE(at);
  at += 4;
  return { headerAt, name, type, count: shape.reduce((product, extent) => product * extent, 1), offset: readCount() };
}

function writeEntry({ key, type, value }) {
  const head = Buffer.concat([writeString(key), writeNumber(type)]);
  if (key === 'tokenizer.chat_template' && options.template !== undefined)
    return Buffer.concat([head, writeString(readFileSync(options.template, 'utf8'))]);
  if (key === 'tokenizer.ggml.tokens') return Buffer.concat([head, withSpecials(value)]);
  if (key === 'tokenizer.ggml.token_type') return Buffer.concat([head, withSpecialTypes(value)]);
  return Buffer.concat([head, value]);
}

function withSpecials(value) {
  const count = Number(value.readBigUInt64LE(4));
  const texts = [];
  for (let offset = 12; texts.length < count; ) {
    const length = Number(value.readBigUInt64LE(offset));
    texts.push(value.subarray(offset + 8, offset + 8 + length).toString());
    offset += 8 + length;
  }
  texts.splice(count - specials.length, specials.length, ...specials);
  for (const [index, text] of specials.entries()) console.log(`${count - specials.length + index} ${text}`);
  return Buffer.concat([value.subarray(0, 12), ...texts.map(writeString)]);
}

function withSpecialTypes(value) {
  const types = Buffer.from(value);
  for (let back = 1; back <= specials.length; back++) types.writeInt32LE(control, types.length - 4 * back);
  return types;
}

function writeString(text) {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([length, bytes]);
}

function writeNumber(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Norms stay near one, biases small; a Q8_0 block of 32 values is a 16-bit scale and its bytes. */
function fill({ name, type, count, offset }) {
  if (type === 0) {
    const middle = name.includes('norm') ? 1 : 0;
    for (let i = 0; i < count; i++) data.writeFloatLE(middle + (random() - 0.5) * 0.2, offset + 4 * i);
  } else if (type === 8) {
    const scale = halfOf(name.startsWith('token_embd') ? 2 ** -8 : 2 ** -9);
    for (let block = 0; block < count / 32; block++) {
      const start = offset + 34 * block;
      data.writeUInt16LE(scale, start);
      for (let i = 0; i < 32; i++) data.writeInt8(Math.floor(random() * 128) - 64, start + 2 + i);
    }
  } else throw new Error(`${name}: only F32 and Q8_0 tensors are filled`);
}

/** A power of two as a 16-bit float. */
function halfOf(power) {
  return (Math.log2(power) + 15) << 10;
}
