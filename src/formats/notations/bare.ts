/** Objects with bare keys, whose strings stand between two marks and know no escapes. */

import { type ExactJson, JsonNumber } from '../../base/json.ts';
import type { Prompt, PromptSegment } from '../../chat/prompt.ts';
import { joinSegments } from '../../chat/prompt.ts';
import type { JsonSchema } from '../../chat/tool.ts';
import type { BareNotation } from '../../grammar/notation.ts';
import type { AnswerSource, Waiting } from '../answer-source.ts';
import { readJson } from '../read-json.ts';
import { skipBlanks } from '../read-marker.ts';
import { argumentsOf, letters, marker } from './arguments-text.ts';
import { JsonWriter } from './json-writer.ts';
import type { ArgumentsEnd, NotationInterpreter } from './notation-interpreter.ts';
import { readMark } from './read-mark.ts';
import { type ReadKey, readStructure, type StructureRules } from './read-structure.ts';
import { readText, type TextEnd } from './read-text.ts';
import { SchemaGuide } from './schema-guide.ts';
import { literalJson, plainJson, typedJson } from './typed-value.ts';

/** `{city:<|"|>Oslo<|"|>,days:3}` */
export const bareInterpreter: NotationInterpreter<BareNotation> = {
  render(json, notation) {
    const value = argumentsOf(json);
    return value === undefined ? [letters(json)] : renderBare(value, notation);
  },
  *read(source, notation, place, sink) {
    yield* skipBlanks(source);
    if (!(yield* source.more())) return 'ended';
    if (source.letter !== '{') return 'foreign';
    const rules = new BareRules(source, notation, new SchemaGuide(place.schema), new JsonWriter(sink));
    return yield* readStructure(rules, place.schema);
  },
};

/** The value as it is written. */
export function renderBare(value: ExactJson, notation: BareNotation): Prompt {
  const mark = marker(notation.mark);
  const scalar = (text: string): PromptSegment[] =>
    notation.marked === 'scalars' ? [mark, letters(text), mark] : [letters(text)];
  const write = (node: ExactJson): PromptSegment[] => {
    if (typeof node === 'string') return [mark, letters(node), mark];
    if (node instanceof JsonNumber) return scalar(node.text);
    if (Array.isArray(node)) return [letters('['), ...joined(node.map(write)), letters(']')];
    if (node instanceof Map)
      return [
        letters('{'),
        ...joined([...node].map(([key, item]) => [letters(`${key}:`), ...write(item)])),
        letters('}'),
      ];
    return scalar(String(node));
  };
  return joinSegments(write(value));
}

function joined(items: readonly PromptSegment[][]): PromptSegment[] {
  return items.flatMap((item, index) => (index === 0 ? item : [letters(','), ...item]));
}

/** Longer keys are not read. */
const maxKey = 1_000;
const keyEnds: ReadonlySet<string> = new Set([':', ',', '{', '}', '[', ']']);
const wordEnds: ReadonlySet<string> = new Set([',', '{', '}', '[', ']']);
const nullWords: ReadonlySet<string> = new Set(['null', 'none', 'nil']);

class BareRules implements StructureRules {
  readonly source: AnswerSource;
  readonly writer: JsonWriter;
  readonly guide: SchemaGuide;
  readonly hasTuples = false;
  readonly #notation: BareNotation;

  constructor(source: AnswerSource, notation: BareNotation, guide: SchemaGuide, writer: JsonWriter) {
    this.source = source;
    this.guide = guide;
    this.writer = writer;
    this.#notation = notation;
  }

  blanks(): Waiting<void> {
    return skipBlanks(this.source);
  }

  *key(): Waiting<ReadKey> {
    const marked = yield* readMark(this.source, this.#notation.mark);
    if (marked === 'cut') return 'ended';
    if (marked === 'yes') {
      let key = '';
      const end = yield* this.#marked((text) => {
        key += text;
      });
      return end === 'closed' ? { key } : 'ended';
    }
    if (this.source.letter === '"') {
      const held = yield* this.#quoted();
      return typeof held === 'string' ? held : { key: unquoted(held.json) };
    }
    const start = this.source.mark();
    const isRead = yield* this.#to(keyEnds, maxKey);
    const key = this.source.since(start).trim();
    this.source.commit();
    if (isRead) return key === '' ? 'foreign' : { key };
    return this.source.isDry ? 'ended' : 'foreign';
  }

  *scalar(schema: JsonSchema): Waiting<ArgumentsEnd> {
    const marked = yield* readMark(this.source, this.#notation.mark);
    if (marked === 'cut') return 'ended';
    if (marked === 'yes') return yield* this.#markedValue(schema);
    if (this.source.letter === '"') {
      const held = yield* this.#quoted();
      if (typeof held === 'string') return held;
      this.writer.value(JSON.stringify(unquoted(held.json)));
      return 'whole';
    }
    return yield* this.#word(schema);
  }

  *#markedValue(schema: JsonSchema): Waiting<ArgumentsEnd> {
    const isString = this.#notation.marked === 'strings' || this.guide.isText(schema);
    if (isString) {
      this.writer.startString();
      const end = yield* this.#marked((text) => this.writer.text(text));
      if (end !== 'closed') return 'ended';
      this.writer.endString();
      return 'whole';
    }
    const parts: string[] = [];
    const end = yield* this.#marked((text) => parts.push(text));
    if (end !== 'closed') return 'ended';
    this.writer.value(typedJson(parts.join(''), schema, this.guide));
    return 'whole';
  }

  #marked(pass: (text: string) => void): Waiting<TextEnd> {
    const close = this.#notation.mark;
    const rules = { close, isPadded: false, escapes: 'none', fences: [], next: [] } as const;
    return readText(this.source, rules, pass);
  }

  /** Text in JSON's quotes. */
  *#quoted(): Waiting<{ readonly json: string } | 'ended' | 'foreign'> {
    const parts: string[] = [];
    const end = yield* readJson(this.source, (text) => parts.push(text));
    return end === 'whole' ? { json: parts.join('') } : end;
  }

  *#word(schema: JsonSchema): Waiting<ArgumentsEnd> {
    const parts: string[] = [];
    for (;;) {
      const start = this.source.at;
      this.source.skipPlain(wordEnds);
      if (this.source.at > start) parts.push(this.source.since(start));
      if (this.source.isDry && !(yield* this.source.more())) return 'ended';
      const { letter } = this.source;
      if (letter !== '\uFFFF' && (letter === undefined || wordEnds.has(letter))) break;
      if (letter === '\uFFFF') this.source.skip();
    }
    const word = parts.join('').trim();
    if (word === '') return 'foreign';
    this.writer.value(this.#wordJson(word, schema));
    return 'whole';
  }

  #wordJson(word: string, schema: JsonSchema): string {
    if (this.guide.isText(schema)) return JSON.stringify(word);
    if (nullWords.has(word.toLowerCase()) && this.guide.types(schema).has('null')) return 'null';
    return plainJson(word, schema, this.guide);
  }

  /** Moves on to one of these letters; false if none comes within `limit`. */
  *#to(ends: ReadonlySet<string>, limit: number): Waiting<boolean> {
    for (let count = 0; count < limit; count++) {
      if (this.source.isDry && !(yield* this.source.more())) return false;
      const { letter } = this.source;
      if (letter === undefined) return false;
      if (ends.has(letter)) return true;
      this.source.skip();
    }
    return false;
  }
}

/** What stands in JSON's quotes, or in quotes that only look like them. */
function unquoted(json: string): string {
  const read = literalJson(json);
  const value: unknown = read === undefined ? undefined : JSON.parse(read);
  return typeof value === 'string' ? value : json.slice(1, -1);
}
