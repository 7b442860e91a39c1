/** An answer as one text_completion body. */

import type { JsonObject } from '../../base/json.ts';
import type { FinishReason } from '../../chat/event.ts';
import type { FoldedAnswer } from '../../chat/fold.ts';
import { encodeReport, encodeUsage, systemFingerprint } from '../openai-chat/encode.ts';
import type { Reply } from '../protocol.ts';
import { LogprobEncoder } from './logprobs.ts';

/** The body of an answer that is not streamed. */
export function encodeBody(answer: FoldedAnswer, reply: Reply): JsonObject {
  return {
    ...encodeHead(answer.choices[0]?.id ?? '', reply),
    choices: answer.choices.map((choice, index) => {
      const echo = reply.echo?.[index] ?? '';
      const logprobs = choice.logprobs ? new LogprobEncoder().encode(choice.logprobs) : null;
      return { text: echo + choice.text, index, logprobs, finish_reason: completionReason(choice.finish) };
    }),
    usage: encodeUsage(answer.usage),
    ...(reply.report && { aimindserve: encodeReport({ ...answer, calls: [] }) }),
  };
}

/** What a body and each of a stream's chunks begin with. */
export function encodeHead(id: string, reply: Reply): JsonObject {
  return {
    // Ids are made where nobody knows the protocol.
    id: id.replace(/^chat/, ''),
    object: 'text_completion',
    created: reply.created,
    model: reply.model,
    system_fingerprint: systemFingerprint,
  };
}

/** A text ends by itself or by its limit; calls are unknown here. */
export function completionReason(reason: FinishReason): string {
  return reason === 'length' ? 'length' : 'stop';
}
