/** Asks again for what is missing: one call that was not valid, or the call that was demanded and never came. */

import type { Message } from '../chat/message.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { ToolChoice } from '../chat/tool.ts';
import type { BrokenCall, Shortfall } from './guarantee.ts';

/** Complaints told to the model; the rest would follow from the first ones. */
const maxProblems = 8;

/** The same request with what went wrong appended, for just that call; `maxTokens` = what is left of the client's. */
export function reaskRequest(request: ChatRequest, shortfall: Shortfall, maxTokens: number | undefined): ChatRequest {
  const { messages, toolChoice } =
    shortfall.type === 'broken' ? complaint(request, shortfall.call) : demand(request, shortfall.text);
  return {
    ...request,
    messages: [...request.messages, ...messages],
    toolChoice,
    parallelCalls: false,
    sampling: { ...request.sampling, ...(maxTokens !== undefined && { maxTokens }) },
    // They hold for visible text, of which another attempt has none.
    stop: [],
  };
}

interface Complaint {
  readonly messages: readonly Message[];
  readonly toolChoice: ToolChoice;
}

function complaint(request: ChatRequest, broken: BrokenCall): Complaint {
  const problems = broken.problems.slice(0, maxProblems).join('; ');
  const { id, name } = broken;
  const content = `The call was not made: ${problems}. Call '${name}' again with arguments that are valid.`;
  const isKnown = request.tools.some((tool) => tool.name === name);
  return {
    messages: [
      { role: 'assistant', content: '', calls: [{ id, name, arguments: broken.arguments }], path: 'messages' },
      { role: 'tool', callId: id, name, content, path: 'messages' },
    ],
    toolChoice: isKnown ? { type: 'tool', name } : request.toolChoice,
  };
}

function demand(request: ChatRequest, text: string): Complaint {
  const { toolChoice } = request;
  const which = toolChoice.type === 'tool' ? `the tool '${toolChoice.name}'` : 'one of the tools';
  const content = `No tool was called. Call ${which} now; write nothing but the call.`;
  const said: Message = { role: 'assistant', content: text, calls: [], path: 'messages' };
  const messages: readonly Message[] = [...(text === '' ? [] : [said]), { role: 'user', content, path: 'messages' }];
  return { messages, toolChoice };
}
