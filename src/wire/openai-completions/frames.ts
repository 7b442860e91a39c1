/** An answer as a stream of text_completion chunks. */

import type { JsonObject } from '../../base/json.ts';
import { sseComment, sseData } from '../../base/sse.ts';
import type { ChatEvent, ChoiceEvent, FinishReason } from '../../chat/event.ts';
import type { DrawnLogprob } from '../../chat/logprob.ts';
import { lineText } from '../line-text.ts';
import { encodeFailure } from '../openai-chat/encode.ts';
import { LastFrame } from '../openai-chat/last-frame.ts';
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
  readonly #last: LastFrame;
  #head: JsonObject;

  constructor(reply: Reply) {
    this.#reply = reply;
    this.#last = new LastFrame(reply);
    this.#head = encodeHead('', reply);
  }

  encode(event: ChatEvent): string {
    switch (event.type) {
      case 'progress':
        return sseComment(event.position === undefined ? event.stage : `${event.stage} ${event.position}`);
      case 'warning':
      case 'usage':
      case 'report':
        this.#last.note(event);
        return '';
      case 'error':
        return sseData(lineText(encodeFailure(event.error)));
      default:
        return this.#choice(event);
    }
  }

  end(): string {
    return this.#last.text(this.#head, []);
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
