/** Reads the lines of one call as they come and turns them into the JSON of its arguments. */

import type { CallOutcome } from '../../chat/event.ts';
import type { AnswerSource, Waiting } from '../answer-source.ts';
import type { EventSink } from '../event-sink.ts';
import { readJson } from '../read-json.ts';
import { readMarker } from '../read-marker.ts';
import { NanoArguments } from './nano-arguments.ts';
import { type NanoLine, type NanoTool, wholeKey } from './nano-parameters.ts';
import { nanoTokens } from './nano-render.ts';

/** What a line's value belongs to: a parameter, or a member that the schema does not name. */
type Target = Pick<NanoLine, 'path' | 'kind' | 'nullable' | 'members' | 'requiredDepth'>;

const lineBreak: ReadonlySet<string> = new Set(['\n']);
const wholeTarget: Target = { path: [], kind: 'json', nullable: false, members: new Map(), requiredDepth: 0 };
/** No key of ours is longer than this with what stands behind it; what is longer is no line. */
const longestLead = 10_000;

/** Reads one call from behind its name's line break; it ends with its tool's last line. */
export class NanoCallReader {
  readonly #source: AnswerSource;
  readonly #sink: EventSink;
  readonly #tool: NanoTool;
  readonly #arguments: NanoArguments;
  readonly #pending: Set<NanoLine>;
  #isBroken = false;
  /** Was the whole object written by one line? */
  #isWhole = false;

  constructor(source: AnswerSource, sink: EventSink, tool: NanoTool) {
    this.#source = source;
    this.#sink = sink;
    this.#tool = tool;
    this.#arguments = new NanoArguments(sink);
    this.#pending = new Set(tool.lines);
  }

  *call(): Waiting<void> {
    if (this.#tool.lines.length === 0 && (yield* readMarker(this.#source, [`${wholeKey} = `]))) {
      if ((yield* this.#value(wholeTarget)) === 'ended') return this.#break();
    }
    while (this.#pending.size > 0 && (yield* this.#toLine()))
      if ((yield* this.#line()) === 'ended') return this.#break();
    if (this.#pending.size > 0 && this.#source.ended === 'length') return this.#end('cut');
    if (!this.#isWhole) this.#arguments.finish();
    this.#end(this.#isBroken ? 'broken' : 'ok');
  }

  /** The answer ended inside a value that cannot be closed any more. */
  #break(): void {
    this.#end(this.#source.ended === 'length' ? 'cut' : 'broken');
  }

  #end(outcome: CallOutcome): void {
    this.#sink.endCall(outcome);
  }

  /** Is there another line? Not if the answer ends, or the next call begins. */
  *#toLine(): Waiting<boolean> {
    while (yield* this.#source.more()) {
      const token = this.#source.special;
      if (token === undefined) return true;
      if (token === nanoTokens.call || token === nanoTokens.end) return false;
      this.#source.skip();
    }
    return false;
  }

  /** One line; `ended` if the answer ended where the call cannot be closed. */
  *#line(): Waiting<'read' | 'ended'> {
    const target = (yield* this.#known()) ?? (yield* this.#unknown());
    if (target !== undefined) return yield* this.#value(target);
    this.#isBroken ||= this.#source.ended !== 'length';
    return 'read';
  }

  /** A lead that is spelled as the tool's lines are. */
  *#known(): Waiting<Target | undefined> {
    const leads = [...this.#pending].flatMap((line) => [line.documented, line.bare].map((lead) => ({ lead, line })));
    this.#source.mark();
    let left = leads;
    for (let length = 0; left.length > 0; length++) {
      const found = left.find(({ lead }) => lead.length === length);
      if (found !== undefined) {
        this.#source.commit();
        this.#pending.delete(found.line);
        return found.line;
      }
      if (!(yield* this.#source.more())) break;
      const letter = this.#source.letter;
      left = left.filter(({ lead }) => letter !== undefined && lead[length] === letter);
      if (left.length > 0) this.#source.skip();
    }
    this.#source.rewind();
    return undefined;
  }

  /** Any other key, up to the first ` = ` behind it; without one the line is skipped. */
  *#unknown(): Waiting<Target | undefined> {
    let lead = '';
    while ((yield* this.#source.more()) && lead.length < longestLead) {
      const letter = this.#source.letter;
      if (letter === undefined) break;
      this.#source.skip();
      if (letter === '\n') return undefined;
      lead += letter;
      const path = lead.endsWith(' = ') ? readKey(lead) : undefined;
      if (path !== undefined) return this.#targetAt(path);
    }
    yield* this.#toLineBreak();
    return undefined;
  }

  #targetAt(path: readonly string[]): Target {
    const known = [...this.#pending].find((line) => line.path.join('\n') === path.join('\n'));
    if (known !== undefined) this.#pending.delete(known);
    return known ?? { ...wholeTarget, path };
  }

  *#value(target: Target): Waiting<'read' | 'ended'> {
    const { path, requiredDepth } = target;
    if (requiredDepth > 0) this.#arguments.ensure(path.slice(0, requiredDepth));
    const hasMore = yield* this.#source.more();
    if (hasMore && this.#source.special === nanoTokens.skip) {
      yield* this.#toLineBreak();
      return 'read';
    }
    if (!hasMore && this.#source.ended === 'length') return 'ended';
    const first = this.#source.letter;
    if (target.kind === 'str' && first !== '"') return yield* this.#raw(target);
    const streams =
      first === '"' || ((target.kind === 'json' || target.kind === 'list') && (first === '{' || first === '['));
    return yield* streams && target.kind !== 'enum' ? this.#streamed(path) : this.#held(target);
  }

  /** A string as it stands, escaped as it comes. */
  *#raw(target: Target): Waiting<'read' | 'ended'> {
    let held = '';
    if (target.nullable) {
      held = yield* this.#upTo('null'.length);
      if (held === 'null' && (yield* this.#isLineEnd())) {
        if (this.#source.ended === 'length') return 'ended';
        if (this.#begin(target.path)) this.#arguments.write('null');
        yield* this.#toLineBreak();
        return 'read';
      }
    }
    const isPlaced = this.#begin(target.path);
    const write = (text: string): void => {
      if (isPlaced && text !== '') this.#arguments.write(JSON.stringify(text).slice(1, -1));
    };
    if (isPlaced) this.#arguments.write('"');
    write(held);
    yield* this.#restOfLine(write);
    if (this.#source.isDry && this.#source.ended === 'length') return 'ended';
    if (isPlaced) this.#arguments.write('"');
    yield* this.#toLineBreak();
    return 'read';
  }

  /** JSON that is passed on as it comes. */
  *#streamed(path: readonly string[]): Waiting<'read' | 'ended'> {
    const isPlaced = this.#begin(path);
    let whole = '';
    const end = yield* readJson(this.#source, (text) => {
      whole += text;
      if (isPlaced) this.#arguments.write(text);
    });
    if (end === 'ended') return 'ended';
    this.#isBroken ||= end !== 'whole' || !isJson(whole);
    let rest = '';
    yield* this.#restOfLine((text) => {
      rest += text;
    });
    this.#isBroken ||= rest.trim() !== '';
    yield* this.#toLineBreak();
    return 'read';
  }

  /** A short value, read to the end of its line: JSON as it is, a member of an enum, and anything else as a string. */
  *#held(target: Target): Waiting<'read' | 'ended'> {
    let text = '';
    yield* this.#restOfLine((more) => {
      text += more;
    });
    if (this.#source.isDry && this.#source.ended === 'length') return 'ended';
    const json = target.members.get(text) ?? (isJson(text) ? text.trim() : JSON.stringify(text));
    if (this.#begin(target.path)) this.#arguments.write(json);
    yield* this.#toLineBreak();
    return 'read';
  }

  /** Writes what precedes a value; false if it is to be dropped. */
  #begin(path: readonly string[]): boolean {
    if (path.length === 0) {
      const isFirst = !this.#isWhole;
      this.#isWhole = true;
      return isFirst;
    }
    const isPlaced = this.#arguments.place(path);
    this.#isBroken ||= !isPlaced;
    return isPlaced;
  }

  /** Reads at most `count` letters of this line. */
  *#upTo(count: number): Waiting<string> {
    let text = '';
    while (text.length < count && !(yield* this.#isLineEnd())) {
      text += this.#source.letter ?? '';
      this.#source.skip();
    }
    return text;
  }

  /** Does the line, or the call, end here? */
  *#isLineEnd(): Waiting<boolean> {
    while (yield* this.#source.more()) {
      const token = this.#source.special;
      if (token === undefined) return this.#source.letter === '\n';
      if (token === nanoTokens.call || token === nanoTokens.end) return true;
      this.#source.skip();
    }
    return true;
  }

  /** Passes on the letters up to the line's end. */
  *#restOfLine(sink: (text: string) => void): Waiting<void> {
    while (!(yield* this.#isLineEnd())) {
      const start = this.#source.at;
      this.#source.skipPlain(lineBreak);
      if (this.#source.at === start) this.#source.skip();
      sink(this.#source.since(start));
    }
  }

  /** Skips the rest of the line with its break. */
  *#toLineBreak(): Waiting<void> {
    yield* this.#restOfLine(() => {});
    if (this.#source.letter === '\n') this.#source.skip();
  }
}

/** The path of `address."a.b"* str: … = `; undefined if it is no key. */
function readKey(lead: string): string[] | undefined {
  const key = /^((?:"(?:[^"\\]|\\.)*"|[^. =*:(),"<]+)(?:\.(?:"(?:[^"\\]|\\.)*"|[^. =*:(),"<]+))*)[* ]/.exec(lead)?.[1];
  if (key === undefined) return undefined;
  const parts = key.match(/"(?:[^"\\]|\\.)*"|[^."]+/g) ?? [];
  return parts.map((part) => (part.startsWith('"') && isJson(part) ? String(JSON.parse(part)) : part));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
