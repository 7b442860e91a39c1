/** Requests with pictures, and what is left of them where none can be shown. */

import type { Message } from './message.ts';
import type { ChatRequest, Warning } from './request.ts';

/** Does any message hold a picture? */
export function hasPictures({ messages }: ChatRequest): boolean {
  return messages.some((message) => 'parts' in message && message.parts !== undefined);
}

/** The same request in which `content`, which names the pictures' places, is all there is; each picture is told of. */
export function withoutPictures(request: ChatRequest): { request: ChatRequest; warnings: readonly Warning[] } {
  const warnings: Warning[] = [];
  const messages = request.messages.map((message): Message => {
    if (!('parts' in message) || message.parts === undefined) return message;
    const { parts, ...rest } = message;
    for (const part of parts) if (part.type === 'image') warnings.push(notShown(part.image.path));
    return rest;
  });
  return { request: { ...request, messages }, warnings };
}

function notShown(param: string): Warning {
  const message = `The picture at '${param}' is not shown to the model: it takes text only.`;
  return { code: 'image_not_shown', message, param };
}
