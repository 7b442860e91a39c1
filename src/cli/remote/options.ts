/** The flags that were given to a command, as commander left them. */

import { ConfigError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import { toInteger, toTokens } from '../setting-values.ts';

/** Read by their flag's name, `--keep-alive` as `keep-alive`; the name is what complaints show. */
export class Options {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: unknown) {
    this.#values = isObject(values) ? values : {};
  }

  text(name: string): string | undefined {
    const value = this.#values[camelCase(name)];
    return typeof value === 'string' ? value : undefined;
  }

  isSet(name: string): boolean {
    return this.#values[camelCase(name)] === true;
  }

  /** A flag that can be said both ways, `--gguf` and `--no-gguf`. */
  choice(name: string): boolean | undefined {
    const value = this.#values[camelCase(name)];
    return typeof value === 'boolean' ? value : undefined;
  }

  /** All values of a flag that can be repeated. */
  list(name: string): readonly string[] {
    const value = this.#values[camelCase(name)];
    return Array.isArray(value) ? value.map(String) : [];
  }

  /** All values, split at commas. */
  words(name: string): readonly string[] {
    const all = this.list(name).flatMap((value) => value.split(','));
    return [...new Set(all.map((word) => word.trim()).filter((word) => word !== ''))];
  }

  integer(name: string, min = 0, max = 1_000_000_000_000): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : toInteger({ values: [text], source: `--${name}` }, min, max);
  }

  /** `8192`, `8k`, `8K`; undefined also for `auto`. */
  tokens(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : toTokens({ values: [text], source: `--${name}` });
  }

  /** Pairs written `KEY=VALUE`. */
  pairs(name: string): ReadonlyArray<readonly [key: string, value: string]> {
    return this.list(name).map((pair) => toPair(pair, `--${name}`));
  }
}

/** `KEY=VALUE`; the value may hold further signs of equality. */
export function toPair(text: string, source: string): readonly [key: string, value: string] {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new ConfigError('invalid_config', `${source}: '${text}' is not KEY=VALUE.`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
