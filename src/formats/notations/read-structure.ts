/** Reads values with braces and brackets, however deep, for notations that differ in keys and scalars only. */

import type { JsonSchema } from '../../chat/tool.ts';
import type { AnswerSource, Waiting } from '../answer-source.ts';
import type { JsonWriter } from './json-writer.ts';
import type { ArgumentsEnd } from './notation-interpreter.ts';
import type { SchemaGuide } from './schema-guide.ts';

/** Deeper values are not read. */
export const maxNesting = 256;

/** What the notations differ in. */
export interface StructureRules {
  readonly source: AnswerSource;
  readonly writer: JsonWriter;
  readonly guide: SchemaGuide;
  /** Do parentheses hold a tuple, or one value? */
  readonly hasTuples: boolean;
  blanks(): Waiting<void>;
  /** Reads a key without the `:` behind it. */
  key(): Waiting<ReadKey>;
  /** Reads a value that is no structure. */
  scalar(schema: JsonSchema): Waiting<ArgumentsEnd>;
}

/** A key that was read, or why there is none. */
export type ReadKey = { readonly key: string } | Exclude<ArgumentsEnd, 'whole'>;

/** Something that is open; `paren`: it shows only later whether this is a tuple. */
interface Frame {
  kind: 'object' | 'array' | 'paren' | 'tuple';
  readonly schema: JsonSchema;
  /** Of the value that comes next. */
  next: JsonSchema;
  count: number;
}

const openers: ReadonlyMap<string, Frame['kind']> = new Map([
  ['{', 'object'],
  ['[', 'array'],
  ['(', 'paren'],
]);
const closers: Readonly<Record<Frame['kind'], string>> = { object: '}', array: ']', paren: ')', tuple: ')' };

/** Reads one value with all that is in it. */
export function readStructure(rules: StructureRules, schema: JsonSchema): Waiting<ArgumentsEnd> {
  return new StructureReader(rules).value(schema);
}

class StructureReader {
  readonly #rules: StructureRules;
  readonly #frames: Frame[] = [];

  constructor(rules: StructureRules) {
    this.#rules = rules;
  }

  *value(schema: JsonSchema): Waiting<ArgumentsEnd> {
    let next = schema;
    do {
      const begun = yield* this.#begin(next);
      if (begun !== 'whole') return begun;
      const ended = yield* this.#goOn();
      if (ended !== 'whole') return ended;
      next = this.#frames.at(-1)?.next ?? true;
    } while (this.#frames.length > 0);
    return 'whole';
  }

  /** Reads a scalar, or opens structures up to the first scalar or closing bracket. */
  *#begin(schema: JsonSchema): Waiting<ArgumentsEnd> {
    const { source, hasTuples } = this.#rules;
    for (let place = schema; ; ) {
      yield* this.#rules.blanks();
      if (!(yield* source.more())) return 'ended';
      const kind = openers.get(source.letter ?? '');
      if (kind === undefined || (kind === 'paren' && !hasTuples)) return yield* this.#rules.scalar(place);
      if (this.#frames.length >= maxNesting) return 'foreign';
      source.skip();
      const frame = this.#open(kind, place);
      const member = yield* this.#toMember(frame);
      if (member !== 'member') return member;
      place = frame.next;
    }
  }

  #open(kind: Frame['kind'], schema: JsonSchema): Frame {
    const { writer } = this.#rules;
    if (kind === 'object') writer.startObject();
    else if (kind === 'array') writer.startArray();
    else writer.hold();
    const frame: Frame = { kind, schema, next: true, count: 0 };
    this.#frames.push(frame);
    return frame;
  }

  /** Behind a value: reads on to the next one, or closes all that is open. */
  *#goOn(): Waiting<ArgumentsEnd> {
    for (let frame = this.#frames.at(-1); frame !== undefined; frame = this.#frames.at(-1)) {
      yield* this.#rules.blanks();
      const { source } = this.#rules;
      if (!(yield* source.more())) return 'ended';
      const { letter } = source;
      if (letter === closers[frame.kind]) {
        source.skip();
        this.#close();
        continue;
      }
      if (letter !== ',') return 'foreign';
      source.skip();
      if (frame.kind === 'paren') this.#turnToTuple(frame);
      const member = yield* this.#toMember(frame);
      if (member === 'member') return 'whole';
      if (member !== 'whole') return member;
    }
    return 'whole';
  }

  /** Reads up to the next member's value (`member`), or closes the frame (`whole`). */
  *#toMember(frame: Frame): Waiting<ArgumentsEnd | 'member'> {
    const { source, guide, writer } = this.#rules;
    yield* this.#rules.blanks();
    if (!(yield* source.more())) return 'ended';
    if (source.letter === closers[frame.kind]) {
      source.skip();
      this.#close();
      return 'whole';
    }
    if (frame.kind !== 'object') {
      frame.next = frame.kind === 'paren' ? frame.schema : guide.item(frame.schema, frame.count);
      frame.count++;
      return 'member';
    }
    const read = yield* this.#rules.key();
    if (typeof read === 'string') return read;
    yield* this.#rules.blanks();
    if (!(yield* source.more())) return 'ended';
    if (source.letter !== ':') return 'foreign';
    source.skip();
    writer.key(read.key);
    frame.next = guide.property(frame.schema, read.key);
    return 'member';
  }

  #turnToTuple(frame: Frame): void {
    const { writer } = this.#rules;
    const first = writer.release();
    writer.startArray();
    writer.value(first);
    frame.kind = 'tuple';
  }

  #close(): void {
    const { writer } = this.#rules;
    const frame = this.#frames.pop();
    if (frame?.kind !== 'paren') writer.end();
    else writer.value(frame.count === 0 ? emptyTuple(writer) : writer.release());
  }
}

function emptyTuple(writer: JsonWriter): string {
  writer.release();
  return '[]';
}
