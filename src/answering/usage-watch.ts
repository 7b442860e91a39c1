/** Looks at one answer as it goes by, and says at its end how it went. */

import type { ErrorKind } from '../base/errors.ts';
import type { ChatEvent, Usage } from '../chat/event.ts';
import type { Warning } from '../chat/request.ts';
import { noUsage } from './meter.ts';

/** What became of the calls that a model wrote: those that were withheld are among the cut and the failed. */
export interface CallCounts {
  readonly valid: number;
  readonly mended: number;
  readonly cut: number;
  readonly failed: number;
}

/** How an answer went. */
export interface AnswerSummary {
  /** A finish reason (of several choices the last one's), an error code, or `abandoned`. */
  readonly outcome: string;
  /** Who is to blame, if it failed. */
  readonly failure?: ErrorKind;
  readonly usage: Usage;
  readonly calls: CallCounts;
  /** Absent where it never got a place. */
  readonly queueMs?: number;
  /** Absent where the model never said anything. */
  readonly firstTokenMs?: number;
  readonly totalMs: number;
  /** The deployment that answered, where the answer came so far as to say. */
  readonly deployment?: string;
  /** What had to be adapted while it was made. */
  readonly warnings: readonly Warning[];
}

/** More than this many warnings of one answer help nobody. */
const maxWarnings = 64;

/** One answer. Done for every event of every answer: what happens in `see` must be next to nothing. */
export class AnswerWatch {
  readonly #nowMs: () => number;
  readonly #startMs: number;
  readonly #calls = { valid: 0, mended: 0, cut: 0, failed: 0 };
  readonly #warnings: Warning[] = [];
  #outcome = 'abandoned';
  #failure: ErrorKind | undefined;
  #usage: Usage = noUsage;
  #queueMs: number | undefined;
  #firstMs: number | undefined;
  #deployment: string | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  see(event: ChatEvent): void {
    switch (event.type) {
      case 'text-delta':
      case 'reasoning-delta':
      case 'call-start':
        this.#firstMs ??= this.#nowMs();
        return;
      case 'call-end':
        this.#ended(event);
        return;
      case 'finish':
        this.#firstMs ??= this.#nowMs();
        this.#outcome = event.reason;
        return;
      case 'warning':
        this.#warn(event.warning);
        return;
      case 'usage':
        this.#usage = event.usage;
        return;
      case 'report':
        this.#queueMs = event.report.queueMs;
        this.#deployment = event.report.deployment;
        return;
      case 'error':
        this.#outcome = event.error.code;
        this.#failure = event.error.kind;
        return;
    }
  }

  /** What an answer that ended early is taken to have cost. */
  settle(usage: Pick<Usage, 'promptTokens' | 'completionTokens'>): void {
    this.#usage = { ...noUsage, ...usage };
  }

  summary(): AnswerSummary {
    return {
      outcome: this.#outcome,
      ...(this.#failure !== undefined && { failure: this.#failure }),
      usage: this.#usage,
      calls: this.#calls,
      ...(this.#queueMs !== undefined && { queueMs: this.#queueMs }),
      ...(this.#firstMs !== undefined && { firstTokenMs: this.#firstMs - this.#startMs }),
      totalMs: this.#nowMs() - this.#startMs,
      ...(this.#deployment !== undefined && { deployment: this.#deployment }),
      warnings: this.#warnings,
    };
  }

  #ended({ outcome, kept }: Extract<ChatEvent, { type: 'call-end' }>): void {
    if (outcome === 'cut') this.#calls.cut++;
    else if (outcome === 'broken') this.#calls.failed++;
    else if (kept !== undefined && kept.mended.length > 0) this.#calls.mended++;
    else this.#calls.valid++;
  }

  /** Of a call that was withheld there is a warning and nothing else. */
  #warn(warning: Warning): void {
    if (warning.code === 'call_left_out') this.#calls.failed++;
    if (warning.code === 'call_cut') this.#calls.cut++;
    if (this.#warnings.length < maxWarnings) this.#warnings.push(warning);
  }
}
