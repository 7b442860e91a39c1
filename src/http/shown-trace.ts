/** `X-Aimindserve-Report: trace`: the answer says everything that happened, to those whose requests are captured. */

import type { JsonObject } from '../base/json.ts';
import type { ChatEvent } from '../chat/event.ts';
import type { Warning } from '../chat/request.ts';

const notShown: Warning = {
  code: 'trace_not_shown',
  message: 'Only requests that are captured have a trace: switch captures on for the key that asks.',
  param: 'X-Aimindserve-Report',
};

/** The same events; the report holds what `shown` gives by then. Absent = nothing may be seen, and that is said. */
export async function* withTrace(
  events: AsyncIterable<ChatEvent>,
  shown: (() => JsonObject) | undefined,
): AsyncGenerator<ChatEvent> {
  if (shown === undefined) yield { type: 'warning', warning: notShown };
  for await (const event of events)
    yield event.type === 'report' && shown !== undefined
      ? { ...event, report: { ...event.report, trace: shown() } }
      : event;
}
