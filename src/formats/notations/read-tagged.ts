/** Reads arguments of which each stands in a pair of tags. */

import type { TaggedNotation } from '../../grammar/notation.ts';
import { isTypeName } from '../../schema/json-schema.ts';
import type { AnswerSource, Waiting } from '../answer-source.ts';
import { readJson } from '../read-json.ts';
import { skipBlanks } from '../read-marker.ts';
import { JsonWriter } from './json-writer.ts';
import type { ArgumentsEnd, ReadingPlace } from './notation-interpreter.ts';
import {
  type MarkMatch,
  maxHeldBlanks,
  readAnyMark,
  readBefore,
  readMark,
  readTags,
  skipSurplusBlanks,
  type TextBefore,
  tagsOf,
} from './read-mark.ts';
import { readText, type TextEnd, type TextRules } from './read-text.ts';
import { SchemaGuide } from './schema-guide.ts';
import { literalJson, typedJson } from './typed-value.ts';
import { decodeXml } from './xml.ts';

/** Longest key and longest type that are read. */
const maxKey = 1_000;
const maxType = 64;

/** How a tag may be spelled: quotes in it may be the other ones, or missing. */
interface TagSpelling {
  readonly open: string;
  readonly type: readonly string[];
  readonly middle: readonly string[];
}

/** Reads the arguments of one call. */
export class TaggedReader {
  readonly #source: AnswerSource;
  readonly #notation: TaggedNotation;
  readonly #place: ReadingPlace;
  readonly #sink: (json: string) => void;
  readonly #guide: SchemaGuide;
  readonly #writer: JsonWriter;
  readonly #spellings: readonly TagSpelling[];
  readonly #fences: readonly string[];
  readonly #declared: ReadonlySet<string>;
  readonly #longestKey: number;
  #isStarted = false;

  constructor(source: AnswerSource, notation: TaggedNotation, place: ReadingPlace, sink: (json: string) => void) {
    this.#source = source;
    this.#notation = notation;
    this.#place = place;
    this.#sink = sink;
    this.#guide = new SchemaGuide(place.schema);
    this.#writer = new JsonWriter(sink);
    this.#spellings = spellingsOf(notation);
    this.#fences = [...new Set(place.fences.flatMap((fence) => [fence, fence.trimStart()]))];
    this.#declared = new Set(this.#guide.declared(place.schema));
    this.#longestKey = Math.max(0, ...[...this.#declared].map((key) => key.length));
  }

  *read(): Waiting<ArgumentsEnd> {
    const source = this.#source;
    yield* skipSurplusBlanks(source);
    source.mark();
    yield* skipBlanks(source);
    if (source.letter === '{' && !this.#spellings.some(({ open }) => open.startsWith('{'))) {
      // Models that know many formats write JSON where tags belong.
      source.commit();
      return yield* readJson(source, this.#sink);
    }
    source.rewind();
    for (;;) {
      const next = yield* this.#toNext();
      if (typeof next === 'string') return next === 'whole' ? this.#finish() : next;
      const end = yield* this.#argument(next);
      if (end !== 'whole') return end;
    }
  }

  /** Reads up to the next argument's key; else how the arguments end, and nothing is read. */
  *#toNext(): Waiting<TagSpelling | ArgumentsEnd> {
    const source = this.#source;
    yield* skipSurplusBlanks(source);
    source.mark();
    let end: ArgumentsEnd = 'whole';
    if (!this.#isStarted || (yield* readAnyMark(source, this.#fences)) !== 'yes') {
      yield* this.#betweenTags();
      for (const spelling of this.#spellings) {
        if ((yield* readMark(source, spelling.open)) !== 'yes') continue;
        source.commit();
        return spelling;
      }
      end = yield* this.#end();
    }
    source.rewind();
    return end;
  }

  /** Blanks, what joins two arguments, closing marks too many. */
  *#betweenTags(): Waiting<void> {
    const { separator, close } = this.#notation;
    const surplus = this.#isStarted ? [separator.trim(), close, '>'] : [];
    do yield* skipBlanks(this.#source, maxHeldBlanks);
    while ((yield* readAnyMark(this.#source, surplus)) === 'yes');
  }

  /** How the arguments end here, where no other begins. */
  *#end(): Waiting<ArgumentsEnd> {
    const source = this.#source;
    const atEnd = (): ArgumentsEnd => (source.ended === 'stop' ? 'whole' : 'ended');
    if (!(yield* source.more())) return atEnd();
    const isSpecial = source.special !== undefined;
    source.mark();
    const open = yield* readAnyMark(
      source,
      this.#spellings.map((spelling) => spelling.open),
    );
    source.rewind();
    const fence = yield* readAnyMark(source, this.#fences);
    if (fence === 'yes') return 'whole';
    if (open === 'cut') return fence === 'cut' ? atEnd() : 'ended';
    if (isSpecial) return 'whole';
    return fence === 'cut' ? atEnd() : 'foreign';
  }

  *#argument(spelling: TagSpelling): Waiting<ArgumentsEnd> {
    const { type, middle } = spelling;
    const found = yield* this.#before([...type.slice(0, 1), ...middle.slice(0, 1)], maxKey);
    if (typeof found === 'string') return found;
    const key = this.#key(found.text);
    let word: string | undefined;
    if (found.mark === type[0] && type.length > 0) {
      const opened = yield* this.#tags(type.slice(1));
      if (opened !== 'whole') return opened;
      const named = yield* this.#before(middle.slice(0, 1), maxType);
      if (typeof named === 'string') return named;
      word = named.text.trim();
    }
    const opened = yield* this.#tags(middle.slice(1));
    return opened === 'whole' ? yield* this.#value(key, word) : opened;
  }

  *#before(marks: readonly string[], limit: number): Waiting<TextBefore | Exclude<ArgumentsEnd, 'whole'>> {
    return (yield* readBefore(this.#source, marks, limit)) ?? 'foreign';
  }

  *#tags(tags: readonly string[]): Waiting<ArgumentsEnd> {
    const match = yield* readTags(this.#source, tags);
    return match === 'cut' ? 'ended' : match === 'yes' ? 'whole' : 'foreign';
  }

  #key(text: string): string {
    return bareKey(text, this.#notation, this.#declared);
  }

  *#value(key: string, word: string | undefined): Waiting<ArgumentsEnd> {
    const writer = this.#writer;
    const schema = this.#guide.property(this.#place.schema, key);
    const isString = isStringWord(this.#notation, word);
    if (!this.#isStarted) writer.startObject();
    this.#isStarted = true;
    writer.key(key);
    if (isString ?? this.#guide.isText(schema)) {
      writer.startString();
      if ((yield* this.#text((text) => writer.text(text))) === 'ended') return 'ended';
      writer.endString();
      return 'whole';
    }
    const parts: string[] = [];
    if ((yield* this.#text((text) => parts.push(text))) === 'ended') return 'ended';
    const text = parts.join('');
    writer.value(isString === false ? markedJson(text) : typedJson(text, schema, this.#guide));
    return 'whole';
  }

  #text(pass: (text: string) => void): Waiting<TextEnd> {
    const { close, pad, escapes } = this.#notation;
    const next = this.#spellings.map(({ open }) => open);
    const missing = { fences: this.#place.fences, next, isNext: () => this.#isNext() };
    const isBound = this.#place.isBound === true;
    const rules: TextRules = {
      close,
      isPadded: pad !== '',
      escapes,
      ...(isBound ? { fences: [], next: [] } : missing),
    };
    return readText(this.#source, rules, pass);
  }

  /** A special token, or the key of an argument that has not come yet. */
  *#isNext(): Waiting<MarkMatch> {
    const source = this.#source;
    let match: MarkMatch = 'no';
    const start = source.mark();
    for (const spelling of this.#spellings) {
      match = yield* readMark(source, spelling.open);
      if (match === 'no') continue;
      const isSpecial = source.at - start < spelling.open.length;
      if (match === 'yes' && !isSpecial) match = yield* this.#isNewKey(spelling);
      break;
    }
    source.rewind();
    return match;
  }

  *#isNewKey({ type, middle }: TagSpelling): Waiting<MarkMatch> {
    const ends = [...type.slice(0, 1), ...middle.slice(0, 1)];
    const found = yield* readBefore(this.#source, ends, this.#longestKey + 2);
    if (found === 'ended') return 'cut';
    if (found === undefined) return 'no';
    const key = this.#key(found.text);
    return this.#declared.has(key) && !this.#writer.has(key) ? 'yes' : 'no';
  }

  #finish(): ArgumentsEnd {
    if (!this.#isStarted) this.#writer.startObject();
    this.#writer.end();
    return 'whole';
  }
}

/** A key without what models put around it, as far as it is then one of the declared. */
export function bareKey(text: string, { escapes }: TaggedNotation, declared: ReadonlySet<string>): string {
  const key = escapes === 'xml' ? decodeXml(text) : text;
  if (declared.has(key)) return key;
  const trimmed = key.trim();
  const unquoted = /^(["'])(.*)\1$/s.exec(trimmed)?.[2] ?? trimmed;
  return [trimmed, unquoted].find((candidate) => declared.has(candidate)) ?? key;
}

/** Does the type's word say that this is a string? Undefined if it says nothing. */
function isStringWord({ type }: TaggedNotation, word: string | undefined): boolean | undefined {
  if (type === undefined || word === undefined) return undefined;
  if (type.words === 'type') return isTypeName(word) ? word === 'string' : undefined;
  const flag = word.toLowerCase();
  return flag === 'true' || flag === 'false' ? flag === 'true' : undefined;
}

/** A value that is said to be no string. */
function markedJson(text: string): string {
  return literalJson(text.trim()) ?? JSON.stringify(text);
}

function spellingsOf({ open, type, middle }: TaggedNotation): readonly TagSpelling[] {
  const spelled = (quote: string): TagSpelling => ({
    open: open.replaceAll('"', quote),
    type: type === undefined ? [] : tagsOf(type.open.replaceAll('"', quote)),
    middle: tagsOf(middle.replaceAll('"', quote)),
  });
  return open.includes('"') ? [spelled('"'), spelled("'"), spelled('')] : [spelled('"')];
}
