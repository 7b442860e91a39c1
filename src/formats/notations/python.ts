/** Python's keyword arguments, whose values are literals. */

import { type ExactJson, JsonNumber } from '../../base/json.ts';
import type { JsonSchema } from '../../chat/tool.ts';
import type { PythonNotation } from '../../grammar/notation.ts';
import type { AnswerSource, Waiting } from '../answer-source.ts';
import { skipBlanks } from '../read-marker.ts';
import { argumentsOf, letters } from './arguments-text.ts';
import { JsonWriter } from './json-writer.ts';
import type { ArgumentsEnd, NotationInterpreter } from './notation-interpreter.ts';
import { isPrefix, pythonString, readPythonString } from './python-string.ts';
import { maxHeldBlanks } from './read-mark.ts';
import { type ReadKey, readStructure, type StructureRules } from './read-structure.ts';
import { SchemaGuide } from './schema-guide.ts';

/** `city="Oslo", days=3, far=True` */
export const pythonInterpreter: NotationInterpreter<PythonNotation> = {
  render(json, { quote }) {
    const value = argumentsOf(json);
    if (value === undefined) return [letters(json)];
    return [letters([...value].map(([key, item]) => `${key}=${pythonLiteral(item, quote)}`).join(', '))];
  },
  read(source, _notation, place, sink) {
    const rules = new PythonRules(source, new SchemaGuide(place.schema), new JsonWriter(sink));
    return rules.keywords(place.schema);
  },
};

/** The literal of a value. */
export function pythonLiteral(value: ExactJson, quote: '"' | "'"): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return pythonString(value, quote);
  if (value instanceof JsonNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map((item) => pythonLiteral(item, quote)).join(', ')}]`;
  const members = [...value].map(([key, item]) => `${pythonString(key, quote)}: ${pythonLiteral(item, quote)}`);
  return `{${members.join(', ')}}`;
}

/** Longest name or number that is read. */
const maxWord = 10_000;
const lineEnds: ReadonlySet<string> = new Set(['\n']);
const wordEnds = /[\s=,()'"[\]{}:#]/u;
const constants: ReadonlyMap<string, string> = new Map([
  ['True', 'true'],
  ['False', 'false'],
  ['None', 'null'],
  ['true', 'true'],
  ['false', 'false'],
  ['null', 'null'],
]);

class PythonRules implements StructureRules {
  readonly source: AnswerSource;
  readonly guide: SchemaGuide;
  readonly writer: JsonWriter;
  readonly hasTuples = true;
  /** Names of parameters for arguments without one. */
  #names: readonly string[] | undefined;

  constructor(source: AnswerSource, guide: SchemaGuide, writer: JsonWriter) {
    this.source = source;
    this.guide = guide;
    this.writer = writer;
  }

  /** All arguments, up to the closing parenthesis. */
  *keywords(schema: JsonSchema): Waiting<ArgumentsEnd> {
    const { source, writer } = this;
    let isStarted = false;
    for (;;) {
      yield* this.blanks();
      if (!(yield* source.more())) return 'ended';
      if (!isStarted) writer.startObject();
      isStarted = true;
      if (source.letter === ')') break;
      const end = yield* this.#argument(schema);
      if (end !== 'whole') return end;
      yield* this.blanks();
      if (!(yield* source.more())) return 'ended';
      if (source.letter === ')') break;
      if (source.letter !== ',') return 'foreign';
      source.skip();
    }
    writer.end();
    return 'whole';
  }

  *#argument(schema: JsonSchema): Waiting<ArgumentsEnd> {
    const name = yield* this.#keyword();
    if (name === 'ended' || name === 'foreign') return name;
    const key = name?.key ?? this.#unnamed(schema);
    if (key === undefined) return 'foreign';
    this.writer.key(key);
    return yield* readStructure(this, this.guide.property(schema, key));
  }

  /** The name and `=` before a value; undefined, and nothing read, if there is none. */
  *#keyword(): Waiting<ReadKey | undefined> {
    const { source } = this;
    source.mark();
    const word = yield* this.#word();
    yield* skipBlanks(source, maxHeldBlanks);
    const isEnd = !(yield* source.more());
    if (word !== '' && source.letter === '=') {
      source.skip();
      source.commit();
      return { key: word };
    }
    source.rewind();
    return isEnd ? 'ended' : undefined;
  }

  /** The parameter that the next argument without a name stands for. */
  #unnamed(schema: JsonSchema): string | undefined {
    this.#names ??= this.guide.declared(schema);
    return this.#names.find((name) => !this.writer.has(name));
  }

  /** Blanks and comments. */
  *blanks(): Waiting<void> {
    for (;;) {
      yield* skipBlanks(this.source);
      if (this.source.letter !== '#') return;
      do {
        this.source.skipPlain(lineEnds);
        if (this.source.special !== undefined) return;
      } while (this.source.isDry && (yield* this.source.more()));
    }
  }

  *key(): Waiting<ReadKey> {
    if (!(yield* this.source.more())) return 'ended';
    if (yield* this.#isString()) {
      const parts: string[] = [];
      const end = yield* this.#strings((text) => parts.push(text));
      return end === 'whole' ? { key: parts.join('') } : end;
    }
    const word = yield* this.#word();
    if (this.source.isDry) return 'ended';
    const key = constants.get(word) ?? pythonNumber(word, false);
    return key === undefined ? 'foreign' : { key };
  }

  *scalar(schema: JsonSchema): Waiting<ArgumentsEnd> {
    const { writer } = this;
    if (yield* this.#isString()) {
      writer.startString();
      const end = yield* this.#strings((text) => writer.text(text));
      if (end === 'whole') writer.endString();
      return end;
    }
    const sign = yield* this.#sign();
    const word = sign + (yield* this.#word());
    if (this.source.isDry) return 'ended';
    const types = this.guide.types(schema);
    const json = constants.get(word) ?? pythonNumber(word, types.has('integer') && !types.has('string'));
    if (json !== undefined) writer.value(json);
    else if (/^\d+$/.test(word)) writer.value(JSON.stringify(word));
    else return 'foreign';
    return 'whole';
  }

  *#sign(): Waiting<string> {
    const { letter } = this.source;
    if (letter !== '-' && letter !== '+') return '';
    this.source.skip();
    yield* this.blanks();
    return letter === '-' ? '-' : '';
  }

  /** Letters up to what ends a name; for more than the longest there is no word. */
  *#word(): Waiting<string> {
    const parts: string[] = [];
    for (let count = 0; count < maxWord; count++) {
      if (this.source.isDry && !(yield* this.source.more())) break;
      const { letter } = this.source;
      if (letter === undefined || wordEnds.test(letter)) break;
      parts.push(letter);
      this.source.skip();
    }
    return parts.join('');
  }

  /** Does a string stand here, its prefix first? Reads nothing. */
  *#isString(): Waiting<boolean> {
    const { source } = this;
    source.mark();
    let prefix = '';
    while ((yield* source.more()) && prefix.length < 3 && /[a-z]/i.test(source.letter ?? '')) {
      prefix += source.letter ?? '';
      source.skip();
    }
    const isString = isQuote(source.letter) && (prefix === '' || isPrefix(prefix));
    source.rewind();
    return isString;
  }

  /** A string and those that follow it with nothing but blanks between. */
  *#strings(pass: (text: string) => void): Waiting<ArgumentsEnd> {
    do {
      const prefix = yield* this.#word();
      if (!(yield* readPythonString(this.source, /r/i.test(prefix), pass))) return 'ended';
      yield* this.blanks();
      if (!(yield* this.source.more())) return 'ended';
    } while (yield* this.#isString());
    return 'whole';
  }
}

function isQuote(letter: string | undefined): boolean {
  return letter === '"' || letter === "'";
}

/** A number as JSON has it; a zero too many at its beginning only where `isNumber`: it may be a code. */
function pythonNumber(word: string, isNumber: boolean): string | undefined {
  const plain = /\d_\d/.test(word) ? word.replaceAll('_', '') : word;
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(plain)) return plain;
  const based = /^(-?)(0[xX][0-9a-fA-F]{1,256}|0[oO][0-7]{1,256}|0[bB][01]{1,1024})$/.exec(plain);
  if (based !== null) return `${based[1]}${BigInt(based[2] ?? '0')}`;
  const parts = /^(-?)(0*)(\d*)(\.\d*)?([eE][+-]?\d+)?$/.exec(plain);
  if (parts === null) return undefined;
  const [, sign = '', zeros = '', whole = '', fraction = '', exponent = ''] = parts;
  const isCode = zeros !== '' && (whole !== '' || zeros !== '0') && fraction === '' && exponent === '';
  if (`${zeros}${whole}` === '' && fraction.length < 2) return undefined;
  if (isCode && !isNumber) return undefined;
  const decimals = fraction === '.' ? '.0' : fraction;
  return `${sign}${whole === '' ? '0' : whole}${decimals}${exponent}`;
}
