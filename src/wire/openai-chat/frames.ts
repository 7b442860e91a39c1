/** An answer as a stream of chat.completion.chunk frames. */

import type { AppError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import { sseComment, sseData } from '../../base/sse.ts';
import type { ChatEvent, ChoiceEvent } from '../../chat/event.ts';
import { lineText } from '../line-text.ts';
import type { FrameEncoder, Reply } from '../protocol.ts';
import { encodeEnvelope, encodeFailure, finishReason, type ReportedCall, systemFingerprint } from './encode.ts';
import { LastFrame } from './last-frame.ts';
import { encodeLogprobs } from './logprobs.ts';

interface ChoiceState {
  /** Everything of a chunk before and after its delta: made once, because every token needs it. */
  readonly before: string;
  /** The role goes out with the first thing said, whose kind decides whether content is '' or null. */
  hasRole: boolean;
  openCall: { readonly index: number; readonly id: string; hasArguments: boolean } | undefined;
  readonly calls: ReportedCall[];
}

interface ChunkEnd {
  /** As JSON. */
  readonly logprobs?: string;
  readonly finish?: string;
}

/** Encodes one stream. */
export class ChunkEncoder implements FrameEncoder {
  readonly #reply: Reply;
  readonly #tail: string;
  readonly #choices: ChoiceState[] = [];
  readonly #last: LastFrame;
  #id = '';

  constructor(reply: Reply) {
    this.#reply = reply;
    this.#last = new LastFrame(reply);
    this.#tail = reply.includeUsage ? '],"usage":null}' : ']}';
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
        return this.#failure(event.error);
      default:
        return this.#choice(event);
    }
  }

  end(): string {
    return this.#last.text(
      this.#head(),
      this.#choices.flatMap((choice) => choice.calls),
    );
  }

  #choice(event: ChoiceEvent & { readonly choice: number }): string {
    if (event.type === 'start') {
      if (this.#id === '') this.#id = event.id;
      this.#choices[event.choice] = this.#newChoice(event.choice);
      return '';
    }
    const state = this.#choices[event.choice];
    if (state === undefined) return '';
    switch (event.type) {
      case 'text-delta':
        return this.#role(state, '""') + this.#text(state, event);
      case 'reasoning-delta':
        return this.#role(state, '""') + this.#chunk(state, `{"reasoning_content":${lineText(event.text)}}`);
      case 'call-delta':
        return this.#arguments(state, event.json);
      case 'call-start': {
        state.openCall = { index: event.index, id: event.id, hasArguments: false };
        const head = `"id":${lineText(event.id)},"type":"function",`;
        return this.#role(state, 'null') + this.#call(state, head, `"name":${lineText(event.name)},"arguments":""`);
      }
      case 'call-end':
        return this.#endCall(state, event);
      case 'finish':
        return this.#role(state, '""') + this.#chunk(state, '{}', { finish: finishReason(event.reason, this.#reply) });
    }
  }

  #endCall(state: ChoiceState, event: Extract<ChoiceEvent, { type: 'call-end' }>): string {
    const { openCall } = state;
    const { outcome, kept } = event;
    state.calls.push({ id: openCall?.id ?? '', outcome, ...(kept && { kept }) });
    const isEmpty = openCall !== undefined && !openCall.hasArguments && outcome !== 'cut';
    // Readers drop a call that never got an arguments delta.
    return isEmpty ? this.#arguments(state, '{}') : '';
  }

  #arguments(state: ChoiceState, json: string): string {
    const { openCall } = state;
    if (openCall === undefined || json === '') return '';
    openCall.hasArguments = true;
    return this.#call(state, '', `"arguments":${lineText(json)}`);
  }

  /** A part of the open call; `head` stands before its function, where there is room for more than that. */
  #call(state: ChoiceState, head: string, said: string): string {
    if (this.#reply.functionCall) return this.#chunk(state, `{"function_call":{${said}}}`);
    return this.#chunk(state, `{"tool_calls":[{"index":${state.openCall?.index ?? 0},${head}"function":{${said}}}]}`);
  }

  #text(state: ChoiceState, { text, logprobs }: Extract<ChoiceEvent, { type: 'text-delta' }>): string {
    const encoded = encodeLogprobs(logprobs);
    return this.#chunk(state, `{"content":${lineText(text)}}`, encoded === null ? {} : { logprobs: lineText(encoded) });
  }

  #role(state: ChoiceState, content: '""' | 'null'): string {
    if (state.hasRole) return '';
    state.hasRole = true;
    return this.#chunk(state, `{"role":"assistant","content":${content}}`);
  }

  #chunk(state: ChoiceState, delta: string, { logprobs = 'null', finish }: ChunkEnd = {}): string {
    const reason = finish === undefined ? 'null' : `"${finish}"`;
    return `${state.before}${delta},"logprobs":${logprobs},"finish_reason":${reason}}${this.#tail}\n\n`;
  }

  #newChoice(index: number): ChoiceState {
    const head = lineText(this.#head()).slice(0, -1);
    const before = `data: ${head},"choices":[{"index":${index},"delta":`;
    return { before, hasRole: false, openCall: undefined, calls: [] };
  }

  #head(): JsonObject {
    return {
      ...encodeEnvelope(this.#id, this.#reply),
      id: this.#id,
      object: 'chat.completion.chunk',
      created: this.#reply.created,
      model: this.#reply.model,
      system_fingerprint: systemFingerprint,
    };
  }

  #failure(error: AppError): string {
    return sseData(lineText(encodeFailure(error)));
  }
}
