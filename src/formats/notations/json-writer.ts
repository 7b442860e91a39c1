/** Writes JSON as it comes to be known, strings piece by piece; of a repeated key the first value counts. */

/** An object or list that is open, or a value that is held. */
interface Level {
  readonly kind: 'object' | 'array' | 'held';
  readonly keys: Set<string>;
  isEmpty: boolean;
}

const toEscape = /["\\\u0000-\u001f\ud800-\udfff]/;
/** Of longer texts JSON.stringify is as fast. */
const maxLooked = 64;

/** The content of a JSON string; halves of surrogate pairs become escapes. */
export function escapeJson(text: string): string {
  if (text.length < maxLooked && !toEscape.test(text)) return text;
  return JSON.stringify(text).slice(1, -1);
}

/** Passes JSON text to a sink; who calls it in order gets well-formed JSON. */
export class JsonWriter {
  readonly #sinks: ((json: string) => void)[];
  readonly #levels: Level[] = [];
  readonly #held: string[][] = [];
  /** As many levels were open when a key came again, whose value is dropped. */
  #dropped: number | undefined;

  constructor(sink: (json: string) => void) {
    this.#sinks = [sink];
  }

  /** How many objects and lists are open. */
  get depth(): number {
    return this.#levels.length;
  }

  startObject(): void {
    this.#open('object', '{');
  }

  startArray(): void {
    this.#open('array', '[');
  }

  /** Closes the innermost object or list. */
  end(): void {
    const level = this.#levels.pop();
    this.#write(level?.kind === 'array' ? ']' : '}');
    this.#endValue();
  }

  key(name: string): void {
    const level = this.#levels.at(-1);
    if (level === undefined || this.#dropped !== undefined) return;
    if (level.keys.has(name)) {
      this.#dropped = this.#levels.length;
      return;
    }
    this.#write(`${level.isEmpty ? '' : ','}${JSON.stringify(name)}:`);
    level.keys.add(name);
    level.isEmpty = false;
  }

  /** Has the innermost object a member of this name? */
  has(name: string): boolean {
    return this.#levels.at(-1)?.keys.has(name) === true;
  }

  /** A whole value. */
  value(json: string): void {
    this.#startValue();
    this.#write(json);
    this.#endValue();
  }

  startString(): void {
    this.#startValue();
    this.#write('"');
  }

  text(text: string): void {
    if (text !== '') this.#write(escapeJson(text));
  }

  endString(): void {
    this.#write('"');
    this.#endValue();
  }

  /** Keeps what follows, one value, until it is released. */
  hold(): void {
    const held: string[] = [];
    this.#held.push(held);
    this.#sinks.push((json) => held.push(json));
    this.#levels.push({ kind: 'held', keys: new Set(), isEmpty: true });
  }

  /** Ends the latest `hold` and returns what was kept. */
  release(): string {
    this.#levels.pop();
    this.#sinks.pop();
    return this.#held.pop()?.join('') ?? '';
  }

  #open(kind: 'object' | 'array', bracket: string): void {
    this.#startValue();
    this.#levels.push({ kind, keys: new Set(), isEmpty: true });
    this.#write(bracket);
  }

  #startValue(): void {
    const level = this.#levels.at(-1);
    if (level?.kind !== 'array') return;
    if (!level.isEmpty) this.#write(',');
    level.isEmpty = false;
  }

  #endValue(): void {
    if (this.#dropped === this.#levels.length) this.#dropped = undefined;
  }

  #write(json: string): void {
    if (this.#dropped === undefined) this.#sinks.at(-1)?.(json);
  }
}
