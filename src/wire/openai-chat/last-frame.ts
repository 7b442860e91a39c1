/** What a stream of OpenAI's shape says at its end: usage, and how the answer came about. */

import type { JsonObject } from '../../base/json.ts';
import { sseData, sseDone } from '../../base/sse.ts';
import type { ChatEvent, Report, Usage } from '../../chat/event.ts';
import type { Warning } from '../../chat/request.ts';
import { lineText } from '../line-text.ts';
import type { Reply } from '../protocol.ts';
import { encodeReport, encodeUsage, type ReportedCall } from './encode.ts';

/** Gathers what is said only at the end. */
export class LastFrame {
  readonly #reply: Reply;
  readonly #warnings: Warning[] = [];
  #usage: Usage | undefined;
  #report: Report | undefined;

  constructor(reply: Reply) {
    this.#reply = reply;
  }

  note(event: Extract<ChatEvent, { type: 'warning' | 'usage' | 'report' }>): void {
    if (event.type === 'warning') this.#warnings.push(event.warning);
    else if (event.type === 'usage') this.#usage = event.usage;
    else this.#report = event.report;
  }

  /** The last frames of a stream with this head, in which these calls were made. */
  text(head: JsonObject, calls: readonly ReportedCall[]): string {
    const { includeUsage, report } = this.#reply;
    if (!includeUsage && !report) return sseDone;
    const usage = this.#usage && { usage: this.#usage };
    const told = { calls, warnings: this.#warnings, ...usage, ...(this.#report && { report: this.#report }) };
    const last = {
      ...head,
      choices: [],
      ...(includeUsage && { usage: encodeUsage(this.#usage) }),
      ...(report && { aimindserve: encodeReport(told) }),
    };
    return sseData(lineText(last)) + sseDone;
  }
}
