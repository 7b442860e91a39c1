/** An answer as one chat.completion body, and a failure as OpenAI's error object. */

import type { AppError, ErrorKind } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { FinishReason, Kept, Report, Usage } from '../../chat/event.ts';
import type { FoldedAnswer, FoldedCall, FoldedChoice } from '../../chat/fold.ts';
import type { Warning } from '../../chat/request.ts';
import type { Reply } from '../protocol.ts';
import { encodeLogprobs } from './logprobs.ts';

/** Clients compare it to notice that a backend changed; ours says which product answered. */
export const systemFingerprint = 'fp_aimindserve';

/** The body of an answer that is not streamed. */
export function encodeBody(answer: FoldedAnswer, reply: Reply): JsonObject {
  const id = answer.choices[0]?.id ?? '';
  const calls = answer.choices.flatMap((choice) => choice.calls);
  return {
    ...encodeEnvelope(id, reply),
    id,
    object: 'chat.completion',
    created: reply.created,
    model: reply.model,
    system_fingerprint: systemFingerprint,
    choices: answer.choices.map((choice, index) => encodeChoice(choice, { index, reply })),
    usage: encodeUsage(answer.usage),
    ...(reply.report && { aimindserve: encodeReport({ ...answer, calls }) }),
  };
}

/** The first seed's extra fields; only clients that write its list dialect expect them. */
export function encodeEnvelope(id: string, reply: Reply): JsonObject {
  return reply.envelope ? { request_id: id, message: '', output: null } : {};
}

function encodeChoice(choice: FoldedChoice, { index, reply }: { index: number; reply: Reply }): JsonObject {
  const [first] = choice.calls;
  const calls = reply.functionCall
    ? first && { function_call: encodeFunction(first) }
    : first && { tool_calls: choice.calls.map(encodeCall) };
  const message = {
    role: 'assistant',
    content: choice.text === '' && first !== undefined ? null : choice.text,
    refusal: null,
    ...(choice.reasoning !== '' && { reasoning_content: choice.reasoning }),
    ...calls,
  };
  return {
    index,
    message,
    logprobs: encodeLogprobs(choice.logprobs),
    finish_reason: finishReason(choice.finish, reply),
  };
}

/** Why a choice ended, in the words that go with its calls. */
export function finishReason(reason: FinishReason, { functionCall }: Reply): string {
  return reason === 'tool_calls' && functionCall ? 'function_call' : reason;
}

function encodeCall(call: FoldedCall): JsonObject {
  return { id: call.id, type: 'function', function: encodeFunction(call) };
}

function encodeFunction({ name, arguments: text, outcome }: FoldedCall): JsonObject {
  // A tool without parameters is called with an empty object: readers parse `arguments` in any case.
  return { name, arguments: text === '' && outcome !== 'cut' ? '{}' : text };
}

/** Usage in OpenAI's words; zeros where the engine was silent, because readers add them up. */
export function encodeUsage(usage: Usage | undefined): JsonObject {
  const { promptTokens, completionTokens, cachedTokens } = usage ?? {
    promptTokens: 0,
    completionTokens: 0,
    cachedTokens: 0,
  };
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  };
}

/** What the report says of one call. */
export interface ReportedCall {
  readonly id: string;
  readonly outcome: string;
  readonly kept?: Kept;
}

/** Everything the report is made of. */
export interface Reportable {
  readonly calls: readonly ReportedCall[];
  readonly warnings: readonly Warning[];
  readonly usage?: Usage;
  readonly report?: Report;
}

/** The `aimindserve` object, for clients that asked how the answer came about. */
export function encodeReport({ calls, warnings, usage, report }: Reportable): JsonObject {
  return {
    ...(report && {
      format: report.format,
      path: report.path,
      deployment: report.deployment,
      queue_ms: report.queueMs,
    }),
    ...(report?.raw !== undefined && { raw: report.raw }),
    calls: calls.map(({ id, outcome, kept }) => ({
      id,
      outcome,
      enforced: kept?.enforced ?? false,
      relaxed: kept?.relaxed ?? [],
      mended: kept?.mended ?? [],
    })),
    cached_tokens: usage?.cachedTokens ?? 0,
    ...(report?.trace !== undefined && { trace: report.trace }),
    warnings: warnings.map(({ code, message, param }) => ({ code, message, ...(param !== undefined && { param }) })),
  };
}

const errorTypes: Record<ErrorKind, string> = {
  request: 'invalid_request_error',
  auth: 'invalid_request_error',
  limit: 'rate_limit_error',
  unavailable: 'server_error',
  engine: 'server_error',
  output: 'server_error',
  config: 'server_error',
  bug: 'server_error',
};

/** An error in OpenAI's shape; what only operators may know stays behind. */
export function encodeFailure(error: AppError): JsonObject {
  const isOurs = error.kind === 'bug' || error.kind === 'config';
  const message = isOurs ? 'The server had an internal error; its log says more.' : error.message;
  const code = isOurs ? 'internal_error' : error.code;
  return { error: { message, type: errorTypes[error.kind], param: error.detail.param ?? null, code } };
}
