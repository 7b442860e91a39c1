/** An answer as a stream of text_completion chunks. */

import type { JsonObject } from '../../base/json.ts';
import { sseComment, sseData, sseDone } from '../../base/sse.ts';
import type { ChatEvent, ChoiceEvent, FinishReason, Report, Usage } from '../../chat/event.ts';
import type { DrawnLogprob } from '../../chat/logprob.ts';
import type { Warning } from '../../chat/request.ts';
import { lineText } from '../line-text.ts';
import { encodeFailure, encodeReport, encodeUsage } from '../openai-chat/encode.ts';
import type { FrameEncoder, Reply } from '../protocol.ts';
import { completionReason, encodeHead } from './encode.ts';
import { LogprobEncoder } from './logprobs.ts';

interface ChoiceState {
  readonly logprobs: LogprobEncoder;
  /** The prompt the client wants back; goes out with the first thing said. */
  echo: string;
}

interface Said {
  readonly choice: number;
  readonly text: string;
  readonly logprobs?: readonly DrawnLogprob[];
  readonly finish?: FinishReason;
}

/** Encodes one stream. */
export class CompletionEncoder implements FrameEncoder {
  readonly #reply: Reply;
  readonly #choices: ChoiceState[] = [];
  readonly #warnings: Warning[] = [];
  #head: JsonObject;
  #usage: Usage | undefined;
  #report: Report | undefined;

  constructor(reply: Reply) {
    this.#reply = reply;
    this.#head = encodeHead('', reply);
  }

  encode(event: ChatEvent): string {
    switch (event.type) {
      case 'progress':
        return sseComment(event.position === undefined ? event.stage : `${event.stage} ${event.position}`);
      case 'warning':
        this.#warnings.push(event.warning);
        return '';
      case 'usage':
        this.#usage = event.usage;
        return '';
      case 'report':
        this.#report = event.report;
        return '';
      case 'error':
        return sseData(lineText(encodeFailure(event.error)));
      default:
        return this.#choice(event);
    }
  }

  end(): string {
    const { includeUsage, report } = this.#reply;
    if (!includeUsage && !report) return sseDone;
    const usage = this.#usage && { usage: this.#usage };
    const told = { calls: [], warnings: this.#warnings, ...usage, ...(this.#report && { report: this.#report }) };
    const last = {
      ...this.#head,
      choices: [],
      ...(includeUsage && { usage: encodeUsage(this.#usage) }),
      ...(report && { aimindserve: encodeReport(told) }),
    };
    return sseData(lineText(last)) + sseDone;
  }

  #choice(event: ChoiceEvent & { readonly choice: number }): string {
    const { choice } = event;
    switch (event.type) {
      case 'start':
        if (this.#choices.length === 0) this.#head = encodeHead(event.id, this.#reply);
        this.#choices[choice] = { logprobs: new LogprobEncoder(), echo: this.#reply.echo?.[choice] ?? '' };
        return '';
      case 'text-delta':
        return this.#echo(choice) + this.#chunk(event);
      case 'finish':
        return this.#echo(choice) + this.#chunk({ choice, text: '', finish: event.reason });
      default:
        return '';
    }
  }

  #echo(choice: number): string {
    const state = this.#choices[choice];
    if (state === undefined || state.echo === '') return '';
    const text = state.echo;
    state.echo = '';
    return this.#chunk({ choice, text });
  }

  #chunk({ choice, text, logprobs = [], finish }: Said): string {
    const told = logprobs.length > 0 ? (this.#choices[choice]?.logprobs.encode(logprobs) ?? null) : null;
    const reason = finish === undefined ? null : completionReason(finish);
    return sseData(
      lineText({
        ...this.#head,
        choices: [{ text, index: choice, logprobs: told, finish_reason: reason }],
        ...(this.#reply.includeUsage && { usage: null }),
      }),
    );
  }
}
