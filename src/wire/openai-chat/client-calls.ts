/** Puts a streamed answer's texts and calls into order: servers interleave, misnumber, repeat and run calls together. */

import { EngineError } from '../../base/errors.ts';
import type { ParserEvent } from '../../chat/event.ts';
import { ObjectEnd } from './object-end.ts';

/** One `tool_calls` entry of a chunk; '' and absent are the same. */
export interface CallDelta {
  readonly index?: number;
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** Text of either kind. */
export type TextEvent = Extract<ParserEvent, { type: 'text-delta' | 'reasoning-delta' }>;

interface Call {
  readonly kind: 'call';
  /** As the server wrote it; '' = it wrote none. */
  readonly writtenId: string;
  readonly hasIndex: boolean;
  readonly end: ObjectEnd;
  /** What its start says: its own id, or a fresh one where that is missing, taken or too long. */
  readonly id: string;
  name: string;
  json: string;
  /** The part of `json` that was not passed on yet: cutting it off `json` would cost more with every piece. */
  unsent: string;
  isStarted: boolean;
  isEnded: boolean;
}

type Item = Call | { readonly kind: 'text'; readonly event: TextEvent };

/** No model means more calls than this in one answer. */
const maxCalls = 1_024;
const maxIdLength = 1_024;
const maxNameLength = 1_024;
/** Of everything that one answer says. */
const maxCharacters = 64 << 20;
/** What a piece takes besides its text, so that a flood of empty ones ends too. */
const pieceCharacters = 128;

/**
 * One answer. The first unfinished call is passed on as it comes; what follows it waits until its arguments are a whole
 * object, because the events of two calls must not mix.
 */
export class CallOrder {
  readonly #newCallId: () => string;
  readonly #queue: Item[] = [];
  readonly #byIndex = new Map<number, Call>();
  readonly #byId = new Map<string, Call>();
  readonly #ids = new Set<string>();
  #last: Call | undefined;
  #begun = 0;
  #sent = 0;
  #characters = 0;

  constructor(newCallId: () => string) {
    this.#newCallId = newCallId;
  }

  /** Has any call begun? */
  get hasCalls(): boolean {
    return this.#begun > 0;
  }

  text(event: TextEvent): ParserEvent[] {
    this.#count(event.text);
    this.#queue.push({ kind: 'text', event });
    return this.#drain();
  }

  call(delta: CallDelta): ParserEvent[] {
    this.#count(delta.arguments);
    const known = this.#find(delta);
    const call = known === undefined || isAnother(known, delta) ? this.#begin(delta) : known;
    if (call === known) addName(call, delta.name);
    if (delta.index !== undefined) this.#byIndex.set(delta.index, call);
    this.#add(call, delta);
    return this.#drain();
  }

  /** The answer is over; `isCut`: by the token limit. */
  end(isCut: boolean): ParserEvent[] {
    const events: ParserEvent[] = [];
    for (const item of this.#queue.splice(0)) {
      if (item.kind === 'text') events.push(item.event);
      else events.push(...this.#pass(item), ...this.#close(item, isCut));
    }
    return events;
  }

  /** The call that a delta goes on with, if it may be one that is there. */
  #find({ index, id, name }: CallDelta): Call | undefined {
    if (index === undefined) return (id === '' ? undefined : this.#byId.get(id)) ?? this.#lastFor(id, name);
    const known = this.#byIndex.get(index);
    const isBare = id === '' && name === '';
    return known ?? (isBare && this.#last?.hasIndex === false ? this.#last : undefined);
  }

  /** Without a number: another call begins with another name, or with an id of its own. */
  #lastFor(id: string, name: string): Call | undefined {
    const last = this.#last;
    if (last === undefined || name === '') return last;
    const isSame = last.name === name && id === last.writtenId && !last.end.isWhole;
    return isSame ? last : undefined;
  }

  #begin({ index, id, name }: CallDelta): Call {
    if (++this.#begun > maxCalls) throw tooMuch(`more than ${maxCalls} calls`);
    const isUsable = id !== '' && id.length <= maxIdLength && !this.#ids.has(id);
    const call: Call = {
      kind: 'call',
      writtenId: id,
      hasIndex: index !== undefined,
      end: new ObjectEnd(),
      id: isUsable ? id : this.#newCallId(),
      name: '',
      json: '',
      unsent: '',
      isStarted: false,
      isEnded: false,
    };
    addName(call, name);
    this.#ids.add(call.id);
    if (id !== '') this.#byId.set(id, call);
    this.#last = call;
    this.#queue.push(call);
    return call;
  }

  /** Behind a whole object another one is another call (some servers give all calls one number), or the same once more. */
  #add(call: Call, { index, name, arguments: text }: CallDelta): void {
    const length = call.end.isWhole ? 0 : call.end.push(text);
    addJson(call, text.slice(0, length));
    const rest = text.slice(length);
    if (rest === '' || rest.trim() === '') return;
    if (!rest.trimStart().startsWith('{')) {
      if (!call.isEnded) addJson(call, rest);
    } else if (rest.trim() !== call.json) {
      const next = this.#begin({
        id: '',
        name: name || call.name,
        arguments: '',
        ...(index !== undefined && { index }),
      });
      if (index !== undefined) this.#byIndex.set(index, next);
      this.#add(next, { id: '', name: '', arguments: rest.trimStart(), ...(index !== undefined && { index }) });
    }
  }

  #drain(): ParserEvent[] {
    const events: ParserEvent[] = [];
    let passed = 0;
    for (const item of this.#queue) {
      if (item.kind === 'text') events.push(item.event);
      else {
        events.push(...this.#pass(item));
        if (!item.end.isWhole || passed === this.#queue.length - 1) break;
        events.push(...this.#close(item, false));
      }
      passed++;
    }
    this.#queue.splice(0, passed);
    return events;
  }

  /** What of a call can be told by now: its name may come in pieces until its arguments begin. */
  #pass(call: Call): ParserEvent[] {
    const json = call.unsent;
    if (call.name === '' || json === '') return [];
    call.unsent = '';
    return [...this.#start(call), { type: 'call-delta', index: this.#sent, json }];
  }

  #start(call: Call): ParserEvent[] {
    if (call.isStarted) return [];
    call.isStarted = true;
    return [{ type: 'call-start', index: this.#sent, id: call.id, name: call.name }];
  }

  #close(call: Call, isCut: boolean): ParserEvent[] {
    call.isEnded = true;
    if (call.name === '') {
      if (call.json === '') return [];
      throw new EngineError('engine_protocol', 'The engine made a call without a name.');
    }
    const isOk = call.end.isWhole || (call.json === '' && !isCut);
    const outcome = isOk ? 'ok' : isCut ? 'cut' : 'broken';
    return [...this.#start(call), { type: 'call-end', index: this.#sent++, outcome }];
  }

  #count(text: string): void {
    this.#characters += text.length + pieceCharacters;
    if (this.#characters > maxCharacters) throw tooMuch(`more than ${maxCharacters} characters`);
  }
}

/** The number is the same, the call is not: what is there is whole, and a name comes, with an id of its own or another one. */
function isAnother(call: Call, { id, name }: CallDelta): boolean {
  if (name === '' || call.name === '') return false;
  const hasOtherId = id !== '' && call.writtenId !== '' && id !== call.writtenId;
  const hasOtherName = name !== call.name;
  return call.end.isWhole ? hasOtherId || hasOtherName : hasOtherId && hasOtherName;
}

function addJson(call: Call, json: string): void {
  call.json += json;
  call.unsent += json;
}

/** Some servers repeat the name with every piece, some send it in pieces, some begin with an empty one. */
function addName(call: Call, name: string): void {
  if (name === '' || call.isStarted || name === call.name) return;
  call.name = name.startsWith(call.name) ? name : call.name + name;
  if (call.name.length > maxNameLength) throw tooMuch(`a tool's name of more than ${maxNameLength} characters`);
}

function tooMuch(what: string): EngineError {
  return new EngineError('engine_protocol', `The engine answered ${what}.`);
}
