/** Takes what must not be kept out of a captured request: by paths, and wherever else it is spelled. */

import { isDeeperThan, isObject, maxDepth } from '../base/json.ts';

/** What stands where something was taken out. */
export const masked = '[masked]';
/** What stands for a text that may hold something that cannot be found in it. */
const withheld = '[withheld]';

/** Shorter spellings would be found everywhere. */
const minSpelling = 4;
/** Characters looked through for one transcript, over all values: beyond it texts are withheld, so that nobody waits. */
const maxSearched = 50_000_000;

/** A step of a path: a field or place, or all of them. */
type Step = string | typeof every;
const every = Symbol('every');

/** Masks by paths such as `request.messages[*].content` and `arguments.customer.iban`. */
export class Mask {
  readonly #request: ReadonlyArray<readonly Step[]>;
  readonly #arguments: ReadonlyArray<readonly Step[]>;
  /** How the values that were taken out are spelled. */
  readonly #values = new Set<string>();
  #isGivenUp = false;

  constructor(paths: readonly string[]) {
    const read = paths.map(stepsOf);
    this.#request = read.filter(([root]) => root === 'request').map((steps) => steps.slice(1));
    this.#arguments = read.filter(([root]) => root === 'arguments').map((steps) => steps.slice(1));
  }

  /** Is nothing masked? */
  get isEmpty(): boolean {
    return this.#request.length === 0 && this.#arguments.length === 0;
  }

  /** What the paths lead to was not looked for: any text may hold it. */
  giveUp(): void {
    this.#isGivenUp = true;
  }

  /** A request's body without what its paths lead to; nor is it in the calls of earlier turns. */
  request(body: unknown): unknown {
    const plain = this.#take(body, this.#request);
    if (this.#arguments.length === 0 || !isObject(plain) || !Array.isArray(plain['messages'])) return plain;
    return { ...plain, messages: plain['messages'].map((message: unknown) => this.#message(message)) };
  }

  /** The text of a call's arguments; what is no JSON cannot be looked into. */
  argumentsText(json: string): string {
    if (this.#arguments.length === 0) return json;
    try {
      const value: unknown = JSON.parse(json);
      return isDeeperThan(value, maxDepth) ? withheld : JSON.stringify(this.#take(value, this.#arguments));
    } catch {
      return withheld;
    }
  }

  /** What takes the spellings of all that was taken out so far from a text; `chars` = how much text there is in all. */
  scrubber(chars: number): (text: string) => string {
    if (this.#isGivenUp) return () => withheld;
    const spellings = [...this.#values].flatMap(spellingsOf).sort((one, other) => other.length - one.length);
    if (spellings.length === 0) return (text) => text;
    const isLost = spellings.length * chars > maxSearched || spellings.some(({ length }) => length < minSpelling);
    return isLost ? () => withheld : (text) => without(text, spellings);
  }

  #message(message: unknown): unknown {
    if (!isObject(message)) return message;
    const { tool_calls: calls, function_call: call } = message;
    return {
      ...message,
      ...(Array.isArray(calls) && { tool_calls: calls.map((one: unknown) => this.#call(one)) }),
      ...(isObject(call) && { function_call: this.#written(call) }),
    };
  }

  #call(call: unknown): unknown {
    if (!isObject(call) || !isObject(call['function'])) return call;
    return { ...call, function: this.#written(call['function']) };
  }

  /** Arguments are text, or, as some clients send them, an object. */
  #written(call: Readonly<Record<string, unknown>>): unknown {
    const { arguments: written } = call;
    if (typeof written === 'string') return { ...call, arguments: this.argumentsText(written) };
    return { ...call, arguments: this.#take(written, this.#arguments) };
  }

  #take(value: unknown, paths: ReadonlyArray<readonly Step[]>): unknown {
    return paths.reduce((left: unknown, steps) => this.#takeAt(left, steps), value);
  }

  #takeAt(value: unknown, [step, ...rest]: readonly Step[]): unknown {
    if (step === undefined) return this.#hide(value);
    if (Array.isArray(value))
      return value.map((item: unknown, index) => (isAt(step, String(index)) ? this.#takeAt(item, rest) : item));
    if (!isObject(value)) return value;
    const fields = Object.entries(value);
    return Object.fromEntries(fields.map(([name, item]) => [name, isAt(step, name) ? this.#takeAt(item, rest) : item]));
  }

  #hide(value: unknown): unknown {
    if (Array.isArray(value)) for (const item of value) this.#hide(item);
    else if (isObject(value)) for (const item of Object.values(value)) this.#hide(item);
    else if (value !== masked && value !== null && value !== '') this.#values.add(String(value));
    return masked;
  }
}

function isAt(step: Step, name: string): boolean {
  return step === every || step === name;
}

function stepsOf(path: string): readonly Step[] {
  const words = path.match(/[^.[\]]+/g) ?? [];
  return words.map((word) => (word === '*' ? every : word));
}

/** As it is, without blanks around it, and as JSON writes it, with and without characters beyond ASCII. */
function spellingsOf(value: string): readonly string[] {
  const quoted = JSON.stringify(value).slice(1, -1);
  const ascii = quoted.replaceAll(
    /[\u0080-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return [...new Set([value, value.trim(), quoted, ascii])].filter((text) => text !== '');
}

function without(text: string, spellings: readonly string[]): string {
  return spellings.reduce((left, spelling) => left.replaceAll(spelling, masked), text);
}

/** The same value with every text in it changed. */
export function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item: unknown) => mapTexts(item, change));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTexts(item, change)]));
}
