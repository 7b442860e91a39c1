/** Where a promise is kept or reported: holds, mends, coerces, validates and withholds calls. */

import type { CallOutcome, Kept, ParserEvent } from '../chat/event.ts';
import type { DrawnLogprob } from '../chat/logprob.ts';
import type { PieceEnd } from '../chat/piece.ts';
import type { GuaranteeLevel, Warning } from '../chat/request.ts';
import type { Tool, ToolChoice } from '../chat/tool.ts';
import { textDelta } from './answer-reader.ts';
import { CallCheck, type WrittenCall } from './call-check.ts';

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

/** What is worth another attempt: one withheld call, or the call that was demanded and never came. */
export type Shortfall =
  | { readonly type: 'broken'; readonly call: BrokenCall }
  | { readonly type: 'missing'; readonly text: string };

interface OpenCall {
  readonly id: string;
  readonly name: string;
  readonly held: boolean;
  /** Was the whole schema enforced while sampling? */
  readonly enforced: boolean;
  json: string;
}

const noKeywords: readonly string[] = [];

/** So much of an answer that should have been a call is shown to the model again. */
const maxQuotedText = 2_000;

/**
 * Passes a parser's events on, changed where a promise demands it. Calls are numbered anew, since one that is
 * withheld leaves no gap. Text that is only blanks before a call is dropped.
 */
export class Guarantee {
  readonly warnings: Warning[] = [];
  readonly #promises: Promises;
  readonly #check: CallCheck;
  /** Calls that were withheld and may be asked for again. */
  readonly #withheld: BrokenCall[] = [];
  /** Calls that were withheld for good. */
  readonly #broken: BrokenCall[] = [];
  /** The withheld call that another attempt was to replace and has not. */
  #asked: BrokenCall | undefined;
  #call: OpenCall | undefined;
  /** Blanks at the beginning of a stretch of text, until it is known whether a call follows them. */
  #blank = '';
  #blankLogprobs: readonly DrawnLogprob[] = [];
  #textSeen = false;
  #shownText = '';
  /** Is this another attempt, of which nothing but calls is shown? */
  #isRepeat = false;
  #sent = 0;
  /** What was sent, to be recognised when it comes again. */
  readonly #made = new Set<string>();
  #repeated = false;

  constructor(promises: Promises) {
    this.#promises = promises;
    this.#check = new CallCheck(promises.tools, promises.choice);
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
        return this.#isRepeat ? [] : [event];
      case 'text-delta':
        return this.#isRepeat ? [] : this.#text(event.text, event.logprobs);
      case 'call-start':
        return this.#start(event.id, event.name, event.unbound !== true);
      case 'call-delta':
        return this.#delta(event.json);
      case 'call-end':
        return this.#end(event.outcome);
    }
  }

  /** The attempt is over: blanks that no call followed are text after all, unless calls were sent. */
  finish(): ParserEvent[] {
    const text = this.#blank;
    this.#blank = '';
    return text === '' || this.#sent > 0 ? [] : [textDelta(text, this.#blankLogprobs)];
  }

  /**
   * What another attempt should bring, if one is worth it: not once the token limit was hit, or enough was sent.
   * From here on nothing but calls is shown, and a call that fails again is withheld for good.
   */
  takeShortfall(reason: PieceEnd): Shortfall | undefined {
    if (reason === 'length' || this.satisfied || this.#promises.level !== 'enforce') return undefined;
    const call = this.#withheld.shift();
    if (call === undefined && (!this.#isDemanded || this.#sent > 0 || this.#isRepeat)) return undefined;
    this.#isRepeat = true;
    this.#settleAsked();
    this.#asked = call;
    return call === undefined ? { type: 'missing', text: this.#shownText } : { type: 'broken', call };
  }

  /** Says what was not kept: warnings for calls left out, a sentence if a call was demanded and none is valid. */
  conclude(reason: PieceEnd): string | undefined {
    this.#settleAsked();
    const broken = [...this.#broken, ...this.#withheld];
    for (const { name, problems } of broken)
      this.#warn('call_left_out', `A call of '${name}' was left out, it is not valid: ${problems.join('; ')}`);
    const { level } = this.#promises;
    if (!this.#isDemanded || this.#sent > 0 || reason === 'length') return undefined;
    if (level === 'report') this.#warn('call_missing', 'A tool call was demanded, but the model did not make one.');
    if (level !== 'enforce') return undefined;
    const problems = broken.flatMap((call) => call.problems);
    return `A tool call was demanded, but the model did not make a valid one. ${problems.join('; ')}`.trim();
  }

  /** A call for which another attempt brought nothing is withheld for good. */
  #settleAsked(): void {
    if (this.#asked !== undefined) this.#broken.push(this.#asked);
    this.#asked = undefined;
  }

  get #isDemanded(): boolean {
    return this.#promises.choice.type === 'required' || this.#promises.choice.type === 'tool';
  }

  #text(text: string, logprobs: readonly DrawnLogprob[] = []): ParserEvent[] {
    const whole = this.#blank + text;
    const wholeLogprobs = this.#blank === '' ? logprobs : [...this.#blankLogprobs, ...logprobs];
    if (!this.#textSeen && text.trim() === '') {
      this.#blank = whole;
      this.#blankLogprobs = wholeLogprobs;
      return [];
    }
    this.#blank = '';
    this.#textSeen = true;
    if (this.#isDemanded && this.#shownText.length < maxQuotedText)
      this.#shownText = (this.#shownText + whole).slice(0, maxQuotedText);
    return [textDelta(whole, wholeLogprobs)];
  }

  /** `bound`: did the grammar bind from the call's first byte on? */
  #start(id: string, name: string, bound: boolean): ParserEvent[] {
    this.#blank = '';
    this.#textSeen = false;
    const enforced = bound && this.#promises.constrained && this.#relaxed(name).length === 0;
    const doubtful = !enforced || this.#check.problemWithName(name) !== undefined;
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
    const problems = outcome === 'cut' ? [] : this.#check.problems(call);
    for (const problem of problems)
      this.#warn('invalid_tool_call', `The call of '${call.name}' is not valid: ${problem}`);
    const kept: Kept = { enforced: call.enforced, relaxed: this.#relaxed(call.name), mended: [] };
    return [...begun, { type: 'call-end', index, outcome: problems.length > 0 ? 'broken' : outcome, kept }];
  }

  #endHeld(call: OpenCall, outcome: CallOutcome): ParserEvent[] {
    this.#asked = undefined;
    if (outcome === 'cut') {
      this.#warn('call_cut', `The call of '${call.name}' was cut by the token limit before it was complete.`);
      return [];
    }
    const { name, json, mended, problems } = this.#check.repair(call);
    if (problems.length > 0) {
      const list = this.#isRepeat ? this.#broken : this.#withheld;
      list.push({ id: call.id, name: call.name, arguments: call.json, problems });
      return [];
    }
    if (this.#promises.endsAtRepeat && this.#made.has(identity({ name, json }))) {
      this.#repeated = true;
      this.#warn('repeated_call', `The model began to repeat the call of '${name}'; its answer was ended there.`);
      return [];
    }
    this.#made.add(identity({ name, json }));
    const index = this.#sent++;
    const kept: Kept = { enforced: call.enforced, relaxed: this.#relaxed(name), mended };
    return [
      { type: 'call-start', index, id: call.id, name },
      { type: 'call-delta', index, json },
      { type: 'call-end', index, outcome: 'ok', kept },
    ];
  }

  #relaxed(name: string): readonly string[] {
    return this.#promises.relaxed.get(name) ?? noKeywords;
  }

  #warn(code: string, message: string): void {
    this.warnings.push({ code, message });
  }
}

/** Equal for calls of one tool with the same arguments text. */
function identity({ name, json }: WrittenCall): string {
  return `${name}\n${json}`;
}
