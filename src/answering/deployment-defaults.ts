/** What a deployment says where a request does not: sampling and the system prompt. */

import type { Message } from '../chat/message.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { DeploymentSpec } from '../fleet/deployment.ts';

/** The request with its gaps filled; a request's own settings and its own system message win. */
export function withDefaults(
  request: ChatRequest,
  deployment: Pick<DeploymentSpec, 'sampling' | 'systemPrompt'>,
): ChatRequest {
  const { sampling, systemPrompt } = deployment;
  const isRaw = request.raw !== undefined;
  const hasSystem = request.messages.some(({ role }) => role === 'system');
  const messages =
    systemPrompt === undefined || isRaw || hasSystem ? request.messages : [system(systemPrompt), ...request.messages];
  return { ...request, messages, sampling: { ...sampling, ...request.sampling } };
}

function system(content: string): Message {
  return { role: 'system', content, path: 'the deployment’s system prompt' };
}
