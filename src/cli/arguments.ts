/** Reads the words after `serve`: our flags, vLLM's spellings of them, and flags that only others know. */

import { ConfigError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { foreignArity, foreignNames, refusalOf } from './foreign-flags.ts';
import { findSetting, type SettingName, settingNames, settingsTable } from './settings-table.ts';

/** The values someone gave for a setting, and where, for messages (`--port`, `AIMINDSERVE_PORT` …). */
export interface Given {
  readonly values: readonly string[];
  readonly source: string;
}

/** What the command line said. */
export interface ServeArguments {
  readonly given: ReadonlyMap<SettingName, Given>;
  /** The settings file that `--config` named. */
  readonly configFile?: string;
  /** vLLM's `--tool-call-parser`: a hint, weaker than `--tool-format`. */
  readonly toolCallParser?: string;
  /** Flags that were accepted and do nothing. */
  readonly withoutEffect: readonly string[];
  /** The same flags with their values, and the parser's, word by word: an engine of their own kind understands them. */
  readonly foreign: readonly string[];
}

/** Understands a command line or throws ConfigError naming the nearest known spelling. */
export function parseArguments(words: readonly string[]): ServeArguments {
  return new ArgumentReader(words).read();
}

/** Every spelling that is accepted, without the dashes. */
export function knownSpellings(): readonly string[] {
  const own = settingNames.flatMap((name) => [name, ...settingsTable[name].aliases]);
  return [...own, 'config', 'help', 'tool-call-parser', ...foreignNames];
}

class ArgumentReader {
  readonly #words: string[];
  readonly #given = new Map<SettingName, Given>();
  readonly #withoutEffect: string[] = [];
  readonly #foreignWords: string[] = [];
  #configFile: string | undefined;
  #toolCallParser: string | undefined;

  constructor(words: readonly string[]) {
    this.#words = [...words];
  }

  read(): ServeArguments {
    let onlyPositionals = false;
    for (let word = this.#words.shift(); word !== undefined; word = this.#words.shift()) {
      if (word === '--') onlyPositionals = true;
      else if (onlyPositionals || !looksLikeFlag(word)) this.#positional(word);
      else this.#flag(word);
    }
    return {
      given: this.#given,
      withoutEffect: this.#withoutEffect,
      foreign: this.#foreignWords,
      ...(this.#configFile === undefined ? {} : { configFile: this.#configFile }),
      ...(this.#toolCallParser === undefined ? {} : { toolCallParser: this.#toolCallParser }),
    };
  }

  #positional(word: string): void {
    if (this.#given.has('model')) {
      throw new ConfigError('invalid_config', `'${word}' is one word too many: the model was given already.`);
    }
    this.#given.set('model', { values: [word], source: 'the model argument' });
  }

  #flag(word: string): void {
    const equals = word.indexOf('=');
    const spelling = equals < 0 ? word : word.slice(0, equals);
    const inline = equals < 0 ? undefined : word.slice(equals + 1);
    const name = spelling.replace(/^--?/, '').replaceAll('_', '-');
    const setting = findSetting(name);
    if (setting !== undefined && spelling.startsWith('--')) this.#setting(setting, spelling, inline);
    else if (name === 'config') this.#configFile = this.#value(spelling, inline);
    else if (name === 'tool-call-parser') this.#parser(this.#value(spelling, inline));
    else this.#foreign(name, spelling, inline);
  }

  #setting(name: SettingName, source: string, inline: string | undefined): void {
    const { takes } = settingsTable[name];
    const values = [takes === 'none' ? (inline ?? 'true') : this.#value(source, inline)];
    if (takes === 'words' && inline === undefined) values.push(...this.#followingWords());
    const earlier = takes === 'one' || takes === 'none' ? [] : (this.#given.get(name)?.values ?? []);
    this.#given.set(name, { values: [...earlier, ...values], source });
  }

  #parser(name: string): void {
    this.#toolCallParser = name;
    this.#foreignWords.push(`--tool-call-parser=${name}`);
  }

  #foreign(name: string, spelling: string, inline: string | undefined): void {
    const refusal = refusalOf(name);
    if (refusal !== undefined) throw new ConfigError('invalid_config', `${spelling}: ${refusal}.`);
    const arity = foreignArity(name);
    if (arity === undefined) throw unknownFlag(spelling, name);
    this.#foreignWords.push(inline === undefined ? spelling : `${spelling}=${inline}`);
    if (inline === undefined && arity === 'words') this.#foreignWords.push(...this.#followingWords());
    if (inline === undefined && arity === 'one' && this.#nextIsValue())
      this.#foreignWords.push(this.#words.shift() ?? '');
    this.#withoutEffect.push(spelling);
  }

  #value(spelling: string, inline: string | undefined): string {
    if (inline !== undefined) return inline;
    const next = this.#nextIsValue() ? this.#words.shift() : undefined;
    if (next === undefined) throw new ConfigError('invalid_config', `${spelling} needs a value.`);
    return next;
  }

  #followingWords(): string[] {
    const found: string[] = [];
    while (this.#nextIsValue()) found.push(this.#words.shift() ?? '');
    return found;
  }

  #nextIsValue(): boolean {
    const next = this.#words[0];
    return next !== undefined && !looksLikeFlag(next);
  }
}

function looksLikeFlag(word: string): boolean {
  return /^-[^\d.]/.test(word);
}

function unknownFlag(spelling: string, name: string): ConfigError {
  const close = nearest(name, knownSpellings());
  const advice = close === undefined ? "'aimindserve serve --help' lists them" : `did you mean --${close}?`;
  return new ConfigError('unknown_flag', `${spelling} is not a flag of this server: ${advice}`);
}
