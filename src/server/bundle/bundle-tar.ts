/** Archives in the tar format (POSIX ustar): regular files only, names without surprises. */

import { Bug, RequestError } from '../../base/errors.ts';

/** A file before it is in an archive. */
export interface TarFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly isExecutable?: boolean;
  /** Exactly `sizeBytes`. */
  content(): AsyncIterable<Buffer>;
}

/** A file in an archive; the next one can be read once its content was. */
export interface TarEntry {
  readonly name: string;
  readonly sizeBytes: number;
  readonly content: AsyncIterable<Buffer>;
}

const blockBytes = 512;
/** What eleven octal digits hold; larger sizes are written in binary, as GNU tar does. */
const largestOctal = 8 ** 11 - 1;
/** 1985-10-26, as in npm's own packages: the same files make the same archive. */
const modifiedAt = 499_162_500;

/** Where each field of a header begins, and how long it is. */
const fields = {
  name: [0, 100],
  mode: [100, 8],
  owner: [108, 8],
  group: [116, 8],
  size: [124, 12],
  time: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 8],
  prefix: [345, 155],
} as const;

type FieldName = keyof typeof fields;

/** The archive's bytes. */
export async function* writeTar(files: Iterable<TarFile> | AsyncIterable<TarFile>): AsyncGenerator<Buffer> {
  for await (const file of files) {
    yield headerOf(file);
    let written = 0;
    for await (const chunk of file.content()) {
      written += chunk.length;
      yield chunk;
    }
    if (written !== file.sizeBytes)
      throw new RequestError('conflict', `'${file.name}' changed while it was read; begin again.`);
    yield Buffer.alloc(paddingOf(written));
  }
  yield Buffer.alloc(2 * blockBytes);
}

/** The archive's files, in order; what is not a plain file or a folder is refused. */
export async function* readTar(bytes: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const reader = new ByteReader(bytes);
  for (;;) {
    const header = await reader.take(blockBytes);
    if (header.every((byte) => byte === 0)) return;
    const { type, ...entry } = readHeader(header);
    if (type === '5') continue;
    const content = reader.flow(entry.sizeBytes);
    yield { ...entry, content };
    // Whoever did not want all of it may have left early.
    for await (const rest of content) void rest;
    await reader.take(paddingOf(entry.sizeBytes));
  }
}

function headerOf({ name, sizeBytes, isExecutable = false }: TarFile): Buffer {
  const header = Buffer.alloc(blockBytes);
  const put = (field: FieldName, text: string): void => {
    header.write(text, fields[field][0], 'utf8');
  };
  const { first, last } = splitName(name);
  put('prefix', first);
  put('name', last);
  put('mode', isExecutable ? '0000755\0' : '0000644\0');
  put('owner', '0000000\0');
  put('group', '0000000\0');
  putSize(header, sizeBytes);
  put('time', `${octal(modifiedAt, 11)}\0`);
  put('type', '0');
  put('magic', 'ustar\u000000');
  put('checksum', `${octal(checksumOf(header), 6)}\0 `);
  return header;
}

/** Long names are cut in two at a slash. */
function splitName(name: string): { first: string; last: string } {
  if (Buffer.byteLength(name) <= fields.name[1]) return { first: '', last: name };
  for (let at = name.indexOf('/'); at !== -1; at = name.indexOf('/', at + 1)) {
    const [first, last] = [name.slice(0, at), name.slice(at + 1)];
    if (Buffer.byteLength(first) <= fields.prefix[1] && Buffer.byteLength(last) <= fields.name[1] && last !== '')
      return { first, last };
  }
  throw new Bug(`the name '${name}' is too long for an archive`);
}

function putSize(header: Buffer, sizeBytes: number): void {
  const [at, length] = fields.size;
  if (sizeBytes <= largestOctal) {
    header.write(`${octal(sizeBytes, 11)}\0`, at, 'latin1');
    return;
  }
  header.writeUInt8(0x80, at);
  header.writeBigUInt64BE(BigInt(sizeBytes), at + length - 8);
}

function readHeader(header: Buffer): { name: string; sizeBytes: number; type: string } {
  const text = (field: FieldName): string => {
    const [at, length] = fields[field];
    const [value = ''] = header.toString('utf8', at, at + length).split('\0');
    return value;
  };
  if (!text('magic').startsWith('ustar') || Number.parseInt(text('checksum').trim(), 8) !== checksumOf(header))
    throw broken('it is not an archive of the tar format, or damaged');
  const name = [text('prefix'), text('name')].filter((part) => part !== '').join('/');
  const type = text('type') || '0';
  if (type !== '0' && type !== '5') throw broken(`'${name}' in it is not a plain file`);
  return { name, type, sizeBytes: readSize(header) };
}

function readSize(header: Buffer): number {
  const [at, length] = fields.size;
  const isBinary = header.readUInt8(at) === 0x80;
  const size = isBinary
    ? Number(header.readBigUInt64BE(at + length - 8))
    : Number.parseInt(
        header
          .toString('latin1', at, at + length)
          .replaceAll('\0', ' ')
          .trim() || '0',
        8,
      );
  if (!Number.isSafeInteger(size) || size < 0) throw broken('a size in it is none');
  return size;
}

/** The sum of all bytes, those of the checksum itself taken as blanks. */
function checksumOf(header: Buffer): number {
  const [at, length] = fields.checksum;
  return header.reduce((sum, byte, index) => sum + (index >= at && index < at + length ? 0x20 : byte), 0);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function paddingOf(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
}

/** Takes a stream of bytes in the pieces that are wanted. */
class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  #ahead: Buffer = Buffer.alloc(0);

  constructor(bytes: AsyncIterable<Buffer>) {
    this.#source = bytes[Symbol.asyncIterator]();
  }

  /** Exactly so many, at once: only for little. */
  async take(count: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.flow(count)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** Exactly so many, as they come; leaving early and beginning again goes on where it stopped. */
  flow(count: number): AsyncIterable<Buffer> {
    let left = count;
    const next = async (): Promise<IteratorResult<Buffer, undefined>> => {
      if (left === 0) return { done: true, value: undefined };
      const piece = await this.#upTo(left);
      left -= piece.length;
      return { done: false, value: piece };
    };
    return { [Symbol.asyncIterator]: () => ({ next }) };
  }

  async #upTo(count: number): Promise<Buffer> {
    while (this.#ahead.length === 0) {
      const { done, value } = await this.#source.next();
      if (done === true) throw broken('it ends too early');
      this.#ahead = value;
    }
    const piece = this.#ahead.subarray(0, count);
    this.#ahead = this.#ahead.subarray(piece.length);
    return piece;
  }
}

function broken(reason: string): RequestError {
  return new RequestError('invalid_value', `The bundle cannot be read: ${reason}.`);
}
