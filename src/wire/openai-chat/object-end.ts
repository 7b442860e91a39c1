/** Finds where a JSON object that comes in pieces ends, without reading what it says. */

const interesting = /["\\{}[\]]/g;

/** One object. */
export class ObjectEnd {
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #hasBegun = false;

  /** Has its last brace come? */
  get isWhole(): boolean {
    return this.#hasBegun && this.#depth === 0;
  }

  /** How many of these characters belong to the object and what stands before it. */
  push(text: string): number {
    if (text === '') return 0;
    interesting.lastIndex = this.#isEscaped ? 1 : 0;
    this.#isEscaped = false;
    for (let found = interesting.exec(text); found !== null; found = interesting.exec(text)) {
      if (this.#isInString) this.#inString(found[0], text.length);
      else this.#outside(found[0]);
      if (this.isWhole) return interesting.lastIndex;
    }
    return text.length;
  }

  #inString(character: string, length: number): void {
    if (character === '"') this.#isInString = false;
    if (character !== '\\') return;
    // The next character means nothing; it may be the first of the next piece.
    this.#isEscaped = interesting.lastIndex === length;
    interesting.lastIndex++;
  }

  #outside(character: string): void {
    if (character === '"') this.#isInString = true;
    else if (character === '{' || character === '[') {
      this.#depth++;
      this.#hasBegun = true;
    } else if ((character === '}' || character === ']') && this.#depth > 0) this.#depth--;
  }
}
