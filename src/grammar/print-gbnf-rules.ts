/** The rules of a grammar that is being printed: unique names, and bodies that are written one after the other. */

/** A printed part, and whether it must stand in parentheses beside others. */
export interface Printed {
  readonly text: string;
  readonly level: 'item' | 'sequence' | 'choice';
}

/** A part that stands for itself: a terminal, a rule's name. */
export const item = (text: string): Printed => ({ text, level: 'item' });

/** One of these. */
export function alternatives(parts: readonly Printed[]): Printed {
  const [one] = parts;
  if (parts.length === 1 && one !== undefined) return one;
  return { text: parts.map(({ text }) => text).join(' | '), level: 'choice' };
}

/** One after the other. */
export const row = (...texts: readonly string[]): Printed => ({ text: texts.join(' '), level: 'sequence' });

/** As a part of a sequence. */
export function inSequence({ text, level }: Printed): string {
  return level === 'choice' ? `(${text})` : text;
}

/** llama.cpp knows letters, digits and hyphens; names of rules it makes itself hold an underscore. */
const foreign = /[^a-zA-Z0-9-]+/g;

/** Collects rules. */
export class RuleBook {
  readonly #bodies = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  readonly #pending: (() => void)[] = [];

  /** A name that no other rule has, with this beginning. */
  reserve(base: string): string {
    const plain = base.replace(foreign, '-').replace(/^[^a-zA-Z]+/, '') || 'rule';
    for (;;) {
      const count = (this.#counts.get(plain) ?? 0) + 1;
      this.#counts.set(plain, count);
      const name = count === 1 ? plain : `${plain}-${count}`;
      if (this.#bodies.has(name)) continue;
      this.#bodies.set(name, '');
      return name;
    }
  }

  /** The body of a reserved rule, written later: the depth of a grammar is not bounded by our stack. */
  define(name: string, body: () => string): void {
    this.#pending.push(() => {
      this.#bodies.set(name, body());
    });
  }

  /** A new rule. */
  add(base: string, body: (name: string) => string): string {
    const name = this.reserve(base);
    this.define(name, () => body(name));
    return name;
  }

  /** All rules, in the order of their names' reservation. */
  print(): string {
    for (let next = this.#pending.pop(); next !== undefined; next = this.#pending.pop()) next();
    return [...this.#bodies].map(([name, body]) => `${name} ::= ${body}\n`).join('');
  }
}
