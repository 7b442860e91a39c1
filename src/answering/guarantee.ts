/** Where a promise is kept or reported: holds, mends, coerces, validates and withholds calls. */

import { Bug } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import type { CallOutcome, Kept, ParserEvent } from '../chat/event.ts';
import type { GuaranteeLevel, Warning } from '../chat/request.ts';
import type { Tool, ToolChoice } from '../chat/tool.ts';
import { mend } from '../formats/mend.ts';
import { coerce } from '../schema/coerce.ts';
import { validate } from '../schema/validate.ts';

/** What one answer promises. */
export interface Promises {
  readonly level: GuaranteeLevel;
  readonly tools: readonly Tool[];
  readonly choice: ToolChoice;
  readonly parallel: boolean;
  /** Does the engine sample under the plan's grammar? */
  readonly constrained: boolean;
  /** By tool: keywords that the grammar leaves open. */
  readonly relaxed: ReadonlyMap<string, readonly string[]>;
  /** Is an answer over when it makes a call again that it has made? Later calls are then held to be compared. */
  readonly endsAtRepeat: boolean;
}

/** A held call that could not be made valid; it was not sent. */
export interface BrokenCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
  /** What the validator says, in sentences a model can act on. */
  readonly problems: readonly string[];
}

interface OpenCall {
  readonly id: string;
  readonly name: string;
  readonly held: boolean;
  /** Was the whole schema enforced while sampling? */
  readonly enforced: boolean;
  json: string;
}

const noKeywords: readonly string[] = [];

/**
 * Passes a parser's events on, changed where a promise demands it. Calls are numbered anew, since one that is
 * withheld leaves no gap. Text that is only blanks before a call is dropped.
 */
export class Guarantee {
  readonly warnings: Warning[] = [];
  readonly #promises: Promises;
  readonly #tools: ReadonlyMap<string, Tool>;
  /** Calls that were withheld and may be asked for again. */
  readonly #broken: BrokenCall[] = [];
  #call: OpenCall | undefined;
  /** Blanks at the beginning of a stretch of text, until it is known whether a call follows them. */
  #blank = '';
  #textSeen = false;
  #sent = 0;
  /** What was sent, to be recognised when it comes again. */
  readonly #made = new Set<string>();
  #repeated = false;

  constructor(promises: Promises) {
    this.#promises = promises;
    this.#tools = new Map(promises.tools.map((tool) => [tool.name, tool]));
  }

  /** How many calls the client has got (a cut one included). */
  get sentCalls(): number {
    return this.#sent;
  }

  /** Is the answer complete, so that generating more would break a promise? */
  get satisfied(): boolean {
    const single = !this.#promises.parallel || this.#promises.choice.type === 'tool';
    return this.#repeated || (single && this.#sent > 0 && this.#call === undefined);
  }

  push(event: ParserEvent): ParserEvent[] {
    switch (event.type) {
      case 'reasoning-delta':
        return [event];
      case 'text-delta':
        return this.#text(event.text);
      case 'call-start':
        return this.#start(event.id, event.name, event.unbound !== true);
      case 'call-delta':
        return this.#delta(event.json);
      case 'call-end':
        return this.#end(event.outcome);
    }
  }

  /** The answer is over: blanks that no call followed are text after all, unless calls were sent. */
  finish(): ParserEvent[] {
    const text = this.#blank;
    this.#blank = '';
    return text === '' || this.#sent > 0 ? [] : [{ type: 'text-delta', text }];
  }

  /** Is a withheld call worth another attempt? Not once the token limit was hit, or enough was sent. */
  mustAskAgain(reason: 'stop' | 'length'): boolean {
    return reason === 'stop' && this.#broken.length > 0 && !this.satisfied;
  }

  /** The first withheld call, which from now on counts as asked for again. */
  takeBroken(): BrokenCall {
    const broken = this.#broken.shift();
    if (broken === undefined) throw new Bug('no call is withheld');
    return broken;
  }

  /** Says what was not kept: warnings for calls left out, a sentence if a call was demanded and none is valid. */
  conclude(reason: 'stop' | 'length'): string | undefined {
    const { level, choice } = this.#promises;
    for (const { name, problems } of this.#broken)
      this.#warn('call_left_out', `A call of '${name}' was left out, it is not valid: ${problems.join('; ')}`);
    const demanded = choice.type === 'required' || choice.type === 'tool';
    if (level !== 'enforce' || !demanded || this.#sent > 0 || reason === 'length') return undefined;
    const problems = this.#broken.flatMap((call) => call.problems);
    return `A tool call was demanded, but the model did not make a valid one. ${problems.join('; ')}`.trim();
  }

  #text(text: string): ParserEvent[] {
    if (!this.#textSeen && text.trim() === '') {
      this.#blank += text;
      return [];
    }
    const whole = this.#blank + text;
    this.#blank = '';
    this.#textSeen = true;
    return [{ type: 'text-delta', text: whole }];
  }

  /** `bound`: did the grammar bind from the call's first byte on? */
  #start(id: string, name: string, bound: boolean): ParserEvent[] {
    this.#blank = '';
    this.#textSeen = false;
    const enforced = bound && this.#promises.constrained && this.#relaxed(name).length === 0;
    const doubtful = !enforced || this.#problemWithName(name) !== undefined;
    const compared = this.#promises.endsAtRepeat && this.#sent > 0;
    const held = this.#promises.level === 'enforce' && (doubtful || compared);
    this.#call = { id, name, json: '', held, enforced };
    return held ? [] : [{ type: 'call-start', index: this.#sent, id, name }];
  }

  #delta(json: string): ParserEvent[] {
    if (this.#call === undefined) return [];
    this.#call.json += json;
    return this.#call.held ? [] : [{ type: 'call-delta', index: this.#sent, json }];
  }

  #end(outcome: CallOutcome): ParserEvent[] {
    const call = this.#call;
    this.#call = undefined;
    if (call === undefined) return [];
    if (call.held) return this.#endHeld(call, outcome);
    const index = this.#sent++;
    this.#made.add(identity(call));
    // Many clients read no arguments as `{}`: a call cut before its first byte must not look runnable.
    const begun: ParserEvent[] =
      outcome === 'cut' && call.json === '' ? [{ type: 'call-delta', index, json: '{' }] : [];
    if (this.#promises.level === 'off') return [...begun, { type: 'call-end', index, outcome }];
    const problems = outcome === 'cut' ? [] : this.#problems(call);
    for (const problem of problems)
      this.#warn('invalid_tool_call', `The call of '${call.name}' is not valid: ${problem}`);
    const kept: Kept = { enforced: call.enforced, relaxed: this.#relaxed(call.name), mended: [] };
    return [...begun, { type: 'call-end', index, outcome: problems.length > 0 ? 'broken' : outcome, kept }];
  }

  #endHeld(call: OpenCall, outcome: CallOutcome): ParserEvent[] {
    if (outcome === 'cut') {
      this.#warn('call_cut', `The call of '${call.name}' was cut by the token limit before it was complete.`);
      return [];
    }
    const mended: string[] = [];
    const repaired = this.#repair(call, mended);
    const problems = this.#problems(repaired);
    if (problems.length > 0) {
      this.#broken.push({ id: call.id, name: call.name, arguments: call.json, problems });
      return [];
    }
    if (this.#promises.endsAtRepeat && this.#made.has(identity(repaired))) {
      this.#repeated = true;
      this.#warn('repeated_call', `The model began to repeat the call of '${call.name}'; its answer was ended there.`);
      return [];
    }
    this.#made.add(identity(repaired));
    const index = this.#sent++;
    const kept: Kept = { enforced: call.enforced, relaxed: this.#relaxed(call.name), mended };
    return [
      { type: 'call-start', index, id: call.id, name: call.name },
      { type: 'call-delta', index, json: repaired.json },
      { type: 'call-end', index, outcome: 'ok', kept },
    ];
  }

  /** The call with its arguments mended and coerced where that makes them valid; names what was done. */
  #repair(call: OpenCall, mended: string[]): OpenCall {
    let json = call.json;
    let value = readJson(json);
    if (value === undefined) {
      const repair = mend(json);
      if (repair === undefined) return call;
      mended.push(...repair.rules);
      json = repair.text;
      value = readJson(json);
    }
    const tool = this.#tools.get(call.name);
    if (tool === undefined || validate(tool.parameters, value).length === 0) return { ...call, json };
    const coerced = coerce(tool.parameters, value);
    if (coerced.changes.length === 0) return { ...call, json };
    mended.push(...coerced.changes);
    return { ...call, json: JSON.stringify(coerced.value) };
  }

  /** Why this call may not be sent; empty = it may. */
  #problems(call: OpenCall): string[] {
    const wrongName = this.#problemWithName(call.name);
    if (wrongName !== undefined) return [wrongName];
    const value = readJson(call.json);
    if (value === undefined) return ['the arguments are not JSON'];
    if (!isObject(value)) return ['the arguments are not a JSON object'];
    const tool = this.#tools.get(call.name);
    const violations = tool === undefined ? [] : validate(tool.parameters, value);
    return violations.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  }

  #problemWithName(name: string): string | undefined {
    const { choice } = this.#promises;
    if (choice.type === 'none') return 'no call was allowed';
    if (choice.type === 'tool' && choice.name !== name) return `only '${choice.name}' was allowed`;
    return this.#tools.has(name) ? undefined : `there is no tool '${name}'`;
  }

  #relaxed(name: string): readonly string[] {
    return this.#promises.relaxed.get(name) ?? noKeywords;
  }

  #warn(code: string, message: string): void {
    this.warnings.push({ code, message });
  }
}

/** Equal for calls of one tool with the same arguments text. */
function identity({ name, json }: OpenCall): string {
  return `${name}\n${json}`;
}

/** The parsed text, or undefined if it is not JSON. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
