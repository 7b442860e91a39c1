/** Reads arguments of which each stands in a tag of its own name, and so do their parts. */

import type { JsonSchema } from '../../chat/tool.ts';
import type { NestedNotation } from '../../grammar/notation.ts';
import { AnswerSource, type Waiting } from '../answer-source.ts';
import { readJson } from '../read-json.ts';
import { skipBlanks } from '../read-marker.ts';
import { JsonWriter } from './json-writer.ts';
import { isTagName, maxTagName } from './nested-names.ts';
import type { ArgumentsEnd, ReadingPlace } from './notation-interpreter.ts';
import { maxHeldBlanks, readAnyMark, readBefore, readMark, skipSurplusBlanks } from './read-mark.ts';
import { maxNesting } from './read-structure.ts';
import { readText, type TextEnd } from './read-text.ts';
import { isListOnly, RepeatedMembers } from './repeated-members.ts';
import type { SchemaGuide } from './schema-guide.ts';
import { typedJson } from './typed-value.ts';
import { decodeXml } from './xml.ts';

/** What a reader works with. */
export interface NestedPlace extends ReadingPlace {
  readonly notation: NestedNotation;
  readonly guide: SchemaGuide;
  /** Is this a text that was held because it may be a string? */
  readonly isHeld: boolean;
}

/** An object or list that is open. */
interface Frame {
  readonly kind: 'object' | 'array';
  readonly schema: JsonSchema;
  /** The name in its closing tag, as it was written; the outermost has none. */
  readonly name: string | undefined;
  /** Its members from the first on that may be a list. */
  readonly repeated: RepeatedMembers;
  /** The member whose value is kept, while it is being read. */
  kept: { readonly key: string; readonly schema: JsonSchema } | undefined;
  count: number;
}

/** A tag: its name as written, and as it is meant. */
interface Tag {
  readonly written: string;
  readonly name: string;
}

/** Reads the arguments of one call, or the inside of one value. */
export class NestedReader {
  readonly #source: AnswerSource;
  readonly #place: NestedPlace;
  readonly #notation: NestedNotation;
  readonly #guide: SchemaGuide;
  readonly #fences: readonly string[];
  readonly #sink: (json: string) => void;
  readonly #writer: JsonWriter;
  readonly #frames: Frame[] = [];

  constructor(source: AnswerSource, place: NestedPlace, sink: (json: string) => void) {
    this.#source = source;
    this.#place = place;
    this.#notation = place.notation;
    this.#guide = place.guide;
    this.#fences = [...new Set(place.fences.flatMap((fence) => [fence, fence.trimStart()]))];
    this.#sink = sink;
    this.#writer = new JsonWriter(sink);
  }

  /** All arguments. */
  *read(): Waiting<ArgumentsEnd> {
    const source = this.#source;
    yield* skipSurplusBlanks(source);
    source.mark();
    yield* skipBlanks(source);
    if (source.letter === '{' && !this.#notation.start[0].startsWith('{')) {
      // Models that know many formats write JSON where tags belong.
      source.commit();
      return yield* readJson(source, this.#sink);
    }
    source.rewind();
    this.#frames.push(this.#frame('object', this.#place.schema, undefined));
    return yield* this.#inside();
  }

  /** The members or items between the tags of a value. */
  *readInside(kind: Frame['kind']): Waiting<ArgumentsEnd> {
    this.#frames.push(this.#frame(kind, this.#place.schema, undefined));
    return yield* this.#inside();
  }

  *#inside(): Waiting<ArgumentsEnd> {
    for (let frame = this.#frames.at(-1); frame !== undefined; frame = this.#frames.at(-1)) {
      const end = yield* this.#step(frame);
      if (end !== 'whole') return end;
    }
    return 'whole';
  }

  #frame(kind: Frame['kind'], schema: JsonSchema, name: string | undefined): Frame {
    const repeated = new RepeatedMembers(this.#guide, (text, of) => this.#typed(text, of));
    return { kind, schema, name, repeated, kept: undefined, count: 0 };
  }

  /** Reads one tag with the text in it, or closes the frame. */
  *#step(frame: Frame): Waiting<ArgumentsEnd> {
    const source = this.#source;
    yield* skipSurplusBlanks(source);
    source.mark();
    const isAtFence = frame.name === undefined && this.#writer.depth > 0 && (yield* this.#isAtFence());
    if (!isAtFence) yield* skipBlanks(source);
    if (frame.name !== undefined) {
      const closed = yield* readMark(source, this.#endTag(frame.name));
      if (closed !== 'no') {
        source.commit();
        return closed === 'yes' ? this.#close(frame) : 'ended';
      }
    } else if (isAtFence || (yield* this.#isAtFence())) {
      source.rewind();
      return this.#close(frame);
    }
    const isEnd = !(yield* source.more());
    const tag = isEnd ? 'ended' : yield* this.#tag();
    if (typeof tag === 'object') {
      source.commit();
      return yield* this.#member(frame, tag);
    }
    source.rewind();
    return isEnd && frame.name === undefined ? this.#atEnd(frame) : (tag ?? 'foreign');
  }

  /** Where the answer ends between two arguments, they are whole unless the token limit ended it. */
  #atEnd(frame: Frame): ArgumentsEnd {
    return this.#source.ended === 'stop' ? this.#close(frame) : 'ended';
  }

  /** What ends the call; reads nothing. */
  *#isAtFence(): Waiting<boolean> {
    const source = this.#source;
    source.mark();
    const isFence = (yield* source.more()) && (yield* readAnyMark(source, this.#fences)) === 'yes';
    source.rewind();
    return isFence;
  }

  /** Reads an opening tag; attributes are none of this notation. */
  *#tag(): Waiting<Tag | 'ended' | undefined> {
    const source = this.#source;
    const { start, escapes } = this.#notation;
    const opened = yield* readMark(source, start[0]);
    if (opened !== 'yes') return opened === 'cut' ? 'ended' : undefined;
    const found = yield* readBefore(source, [start[1]], maxTagName);
    if (typeof found !== 'object') return found;
    const name = escapes === 'xml' ? decodeXml(found.text) : found.text;
    return isTagName(name, this.#notation) ? { written: found.text, name } : undefined;
  }

  *#member(frame: Frame, tag: Tag): Waiting<ArgumentsEnd> {
    if (frame.kind === 'array') {
      if (tag.name !== this.#notation.item) return 'foreign';
      this.#begin(frame);
      return yield* this.#value(frame, tag, this.#guide.item(frame.schema, frame.count++));
    }
    this.#begin(frame);
    const schema = this.#guide.property(frame.schema, tag.name);
    const mayRepeat = this.#notation.item === undefined && this.#guide.types(schema).has('array');
    if (!mayRepeat && frame.repeated.isEmpty) {
      this.#writer.key(tag.name);
      return yield* this.#value(frame, tag, schema);
    }
    frame.kept = { key: tag.name, schema };
    const isItem = mayRepeat && (isListOnly(this.#guide, schema) || frame.repeated.count(tag.name) > 0);
    const of = isItem ? this.#guide.item(schema, frame.repeated.count(tag.name)) : schema;
    return yield* this.#value(frame, tag, of);
  }

  /** The outermost bracket waits for the first argument or the end. */
  #begin(frame: Frame): void {
    if (frame.name !== undefined || this.#writer.depth > 0) return;
    if (frame.kind === 'object') this.#writer.startObject();
    else this.#writer.startArray();
  }

  *#value(frame: Frame, tag: Tag, schema: JsonSchema): Waiting<ArgumentsEnd> {
    const { guide, isHeld } = this.#place;
    const types = guide.types(schema);
    if (guide.isText(schema) && frame.kept === undefined) {
      this.#writer.startString();
      const end = yield* this.#text(tag, this.#notation.escapes, (text) => this.#writer.text(text));
      if (end === 'ended') return 'ended';
      this.#writer.endString();
      return 'whole';
    }
    const kind = types.has('string') && !isHeld ? undefined : yield* this.#nestedKind(schema);
    if (kind !== undefined) return this.#open(frame, kind, { schema, tag });
    const parts: string[] = [];
    const end = yield* this.#text(tag, 'none', (text) => parts.push(text));
    if (end === 'ended') return 'ended';
    if (frame.kept === undefined) this.#writer.value(this.#typed(parts.join(''), schema));
    else this.#keep(frame, { text: parts.join('') });
    return 'whole';
  }

  #keep(frame: Frame, value: { readonly text: string } | { readonly json: string }): void {
    if (frame.kept === undefined) return;
    frame.repeated.add(frame.kept.key, value, frame.kept.schema);
    frame.kept = undefined;
  }

  #open(frame: Frame, kind: Frame['kind'], { schema, tag }: { schema: JsonSchema; tag: Tag }): ArgumentsEnd {
    if (this.#frames.length >= maxNesting) return 'foreign';
    if (frame.kept !== undefined) this.#writer.hold();
    if (kind === 'object') this.#writer.startObject();
    else this.#writer.startArray();
    this.#frames.push(this.#frame(kind, schema, tag.written));
    return 'whole';
  }

  #close(frame: Frame): ArgumentsEnd {
    this.#begin(frame);
    for (const [key, json] of frame.repeated.whole()) {
      this.#writer.key(key);
      this.#writer.value(json);
    }
    this.#writer.end();
    this.#frames.pop();
    const outer = this.#frames.at(-1);
    if (outer?.kept !== undefined) this.#keep(outer, { json: this.#writer.release() });
    return 'whole';
  }

  #mayNest(schema: JsonSchema): boolean {
    const types = this.#guide.types(schema);
    return types.has('object') || (this.#notation.item !== undefined && types.has('array'));
  }

  /** Does a tag that can belong to a value of this schema stand here? Reads nothing. */
  *#nestedKind(schema: JsonSchema): Waiting<Frame['kind'] | undefined> {
    if (!this.#mayNest(schema)) return undefined;
    const types = this.#guide.types(schema);
    const source = this.#source;
    source.mark();
    yield* skipBlanks(source, maxHeldBlanks);
    const tag = yield* this.#tag();
    source.rewind();
    if (typeof tag !== 'object') return undefined;
    if (tag.name === this.#notation.item && types.has('array')) return 'array';
    return types.has('object') ? 'object' : undefined;
  }

  #text(tag: Tag, escapes: 'none' | 'xml', pass: (text: string) => void): Waiting<TextEnd> {
    const { start } = this.#notation;
    const rules = {
      close: this.#endTag(tag.written),
      isPadded: false,
      escapes,
      fences: this.#place.isBound === true ? [] : this.#place.fences,
      next: this.#place.isBound === true ? [] : [start[0] + tag.written + start[1]],
    };
    return readText(this.#source, rules, pass);
  }

  #endTag(name: string): string {
    return this.#notation.end[0] + name + this.#notation.end[1];
  }

  /** The JSON of a text as it was written: what looks like tags is tried as such first. */
  #typed(text: string, schema: JsonSchema): string {
    const nested = this.#place.isHeld || !this.#mayNest(schema) ? undefined : this.#tried(text, schema);
    return nested ?? typedJson(this.#notation.escapes === 'xml' ? decodeXml(text) : text, schema, this.#guide);
  }

  #tried(text: string, schema: JsonSchema): string | undefined {
    const kind = finished(this.#within(text, schema, []).#nestedKind(schema));
    if (kind === undefined) return undefined;
    const parts: string[] = [];
    const end = finished(this.#within(text, schema, parts).readInside(kind));
    const json = parts.join('');
    return end === 'whole' && this.#guide.isValid(schema, JSON.parse(json)) ? json : undefined;
  }

  #within(text: string, schema: JsonSchema, parts: string[]): NestedReader {
    const source = new AnswerSource();
    source.push({ text, tokens: 0 });
    source.end('stop');
    const place = { ...this.#place, schema, fences: [], isHeld: true };
    return new NestedReader(source, place, (json) => parts.push(json));
  }
}

/** The result of a reader whose whole text is there. */
function finished<Result>(reader: Waiting<Result>): Result | undefined {
  const step = reader.next();
  return step.done === true ? step.value : undefined;
}
