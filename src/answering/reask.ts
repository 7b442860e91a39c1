/** Asks again for a call that was not valid, with the validator's words. */

import type { ChatRequest } from '../chat/request.ts';
import type { BrokenCall } from './guarantee.ts';

/** The same request, the failed call and its problems appended, for just that call. */
export function reaskRequest(request: ChatRequest, broken: BrokenCall): ChatRequest {
  const problems = broken.problems.slice(0, 8).join('; ');
  const complaint = `The call was not made: ${problems}. Call '${broken.name}' again with arguments that are valid.`;
  const call = { id: broken.id, name: broken.name, arguments: broken.arguments };
  const known = request.tools.some((tool) => tool.name === broken.name);
  return {
    ...request,
    messages: [
      ...request.messages,
      { role: 'assistant', content: '', calls: [call], path: 'messages' },
      { role: 'tool', callId: broken.id, name: broken.name, content: complaint, path: 'messages' },
    ],
    toolChoice: known ? { type: 'tool', name: broken.name } : request.toolChoice,
    parallelCalls: false,
  };
}
