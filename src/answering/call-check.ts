/** Makes a held call valid where only one reading makes sense, and says what is wrong with it where not. */

import { type ExactJson, parseExact, printExact, toPlain } from '../base/json.ts';
import type { Tool, ToolChoice } from '../chat/tool.ts';
import { mend } from '../formats/mend.ts';
import { mendName } from '../formats/mend-name.ts';
import { unwrapArguments } from '../formats/mend-wrapping.ts';
import { coerceExact } from '../schema/coerce-exact.ts';
import { validate } from '../schema/validate.ts';

/** A call as it was written: the tool's name and the arguments' text. */
export interface WrittenCall {
  readonly name: string;
  readonly json: string;
}

/** A call after all repairs; empty `problems` = it may be sent. */
export interface CheckedCall extends WrittenCall {
  /** Names of the repairs. */
  readonly mended: readonly string[];
  /** Why it may not be sent, in sentences a model can act on. */
  readonly problems: readonly string[];
}

/** Checks the calls of one answer. */
export class CallCheck {
  readonly #tools: ReadonlyMap<string, Tool>;
  readonly #choice: ToolChoice;

  constructor(tools: readonly Tool[], choice: ToolChoice) {
    this.#tools = new Map(tools.map((tool) => [tool.name, tool]));
    this.#choice = choice;
  }

  /** Why no tool of this name may be called, if so. */
  problemWithName(name: string): string | undefined {
    const choice = this.#choice;
    if (choice.type === 'none') return 'no call was allowed';
    if (choice.type === 'tool') {
      if (choice.name !== name) return `only '${choice.name}' was allowed`;
    } else if (choice.allowed !== undefined && !choice.allowed.includes(name)) {
      return `only ${quoted(choice.allowed)} may be called, not '${name}'`;
    }
    return this.#tools.has(name) ? undefined : `there is no tool '${name}', only ${quoted([...this.#tools.keys()])}`;
  }

  /** Why the call as it stands is not valid; empty = it is. */
  problems(call: WrittenCall): readonly string[] {
    const wrongName = this.problemWithName(call.name);
    if (wrongName !== undefined) return [wrongName];
    const { value, problem } = read(call.json);
    return value === undefined ? [problem] : this.#violations(call.name, value);
  }

  /** The call with its name and arguments mended and coerced where that makes them valid. */
  repair(call: WrittenCall): CheckedCall {
    const mended: string[] = [];
    const name = this.#repairName(call.name, mended);
    const wrongName = this.problemWithName(name);
    if (wrongName !== undefined) return { ...call, mended, problems: [wrongName] };
    const { text, value, problem } = this.#repairJson({ name, json: call.json }, mended);
    if (value === undefined) return { ...call, mended, problems: [problem] };
    const fitted = this.#fit(name, value);
    if (fitted.problems.length === 0 && fitted.changes.length > 0)
      return { name, json: printExact(fitted.value), mended: [...mended, ...fitted.changes], problems: [] };
    return { name, json: text, mended, problems: fitted.problems };
  }

  /** The arguments coerced, or those inside a wrapping, whichever is valid; else what is wrong with them. */
  #fit(name: string, value: Map<string, ExactJson>): Fitted {
    const asWritten = this.#coerced(name, value, []);
    if (asWritten.problems.length === 0) return asWritten;
    const inside = unwrapArguments(value, name);
    const unwrapped = inside && this.#coerced(name, inside, ['unwrapped-arguments']);
    return unwrapped?.problems.length === 0 ? unwrapped : asWritten;
  }

  #coerced(name: string, value: Map<string, ExactJson>, changes: readonly string[]): Fitted {
    const problems = this.#violations(name, value);
    const schema = this.#tools.get(name)?.parameters;
    if (problems.length === 0 || schema === undefined) return { value, changes, problems };
    const coerced = coerceExact(schema, value);
    const left = coerced.changes.length === 0 ? problems : this.#violations(name, coerced.value);
    return { value: coerced.value, changes: [...changes, ...coerced.changes], problems: left };
  }

  #repairName(written: string, mended: string[]): string {
    if (this.#tools.has(written)) return written;
    const found = mendName(written, [...this.#tools.keys()]);
    if (found === undefined) return written;
    mended.push(found.rule);
    return found.name;
  }

  #repairJson({ name, json }: WrittenCall, mended: string[]): ReadArguments & { readonly text: string } {
    const asWritten = read(json);
    if (asWritten.value !== undefined) return { text: json, ...asWritten };
    const repair = mend(json, this.#tools.get(name)?.parameters);
    if (repair === undefined) return { text: json, ...asWritten };
    mended.push(...repair.rules);
    return { text: repair.text, ...read(repair.text) };
  }

  #violations(name: string, value: ExactJson): readonly string[] {
    const tool = this.#tools.get(name);
    const violations = tool === undefined ? [] : validate(tool.parameters, toPlain(value));
    return violations.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  }
}

interface Fitted {
  readonly value: ExactJson;
  readonly changes: readonly string[];
  readonly problems: readonly string[];
}

/** Arguments as an object, or what is wrong with their text. */
interface ReadArguments {
  readonly value?: Map<string, ExactJson>;
  readonly problem: string;
}

function read(json: string): ReadArguments {
  try {
    const value = parseExact(json);
    if (value instanceof Map) return { value, problem: '' };
    return { problem: 'the arguments are not a JSON object' };
  } catch (cause) {
    return { problem: `the arguments are not JSON: ${cause instanceof Error ? cause.message : String(cause)}` };
  }
}

/** The first few of these names; a model needs to be told what there is, a log need not hold thousands. */
function quoted(names: readonly string[]): string {
  const most = 20;
  const shown = names.slice(0, most).map((name) => `'${name}'`);
  return names.length > most ? `${shown.join(', ')} …` : shown.join(', ');
}
