/** Requests with pictures, and what is left of them where some, or all, cannot be shown. */

import type { ContentPart, Image, Message } from './message.ts';
import type { ChatRequest, Warning } from './request.ts';

/** A message that holds pictures. */
export type Pictured = Extract<Message, { role: 'user' | 'tool' }> & { readonly parts: readonly ContentPart[] };

/** Does this message hold any? */
export function isPictured(message: Message): message is Pictured {
  return 'parts' in message && message.parts !== undefined;
}

/** Does any message? */
export function hasPictures({ messages }: ChatRequest): boolean {
  return messages.some(isPictured);
}

/** The text of parts, each picture as a note of its place. */
export function textOfParts(parts: readonly ContentPart[]): string {
  let pictures = 0;
  return parts.map((part) => (part.type === 'text' ? part.text : `[image ${++pictures}]`)).join('\n');
}

/** Why a picture is not shown, for the model and for people; undefined = it is. */
export type WhyHidden = (image: Image, message: Pictured) => string | undefined;

/** The same request in which hidden pictures are notes that say why; people are told of each. */
export function hidePictures(
  request: ChatRequest,
  why: WhyHidden,
): { readonly request: ChatRequest; readonly warnings: readonly Warning[] } {
  const warnings: Warning[] = [];
  const messages = request.messages.map((message) => (isPictured(message) ? hide(message, why, warnings) : message));
  return { request: { ...request, messages }, warnings };
}

/** All of them: for models that take text only. */
export function withoutPictures(request: ChatRequest): ReturnType<typeof hidePictures> {
  return hidePictures(request, () => 'this model takes text only');
}

function hide(message: Pictured, why: WhyHidden, warnings: Warning[]): Message {
  let pictures = 0;
  const parts = message.parts.map((part): ContentPart => {
    if (part.type === 'text') return part;
    pictures++;
    const reason = why(part.image, message);
    if (reason === undefined) return part;
    warnings.push(notShown(part.image.path, reason));
    return { type: 'text', text: `[image ${pictures}: not shown, ${reason}]` };
  });
  const content = textOfParts(parts);
  if (parts.some(({ type }) => type === 'image')) return { ...message, content, parts };
  const { parts: _, ...rest } = message;
  return { ...rest, content };
}

function notShown(param: string, reason: string): Warning {
  return { code: 'image_not_shown', message: `The picture at '${param}' is not shown to the model: ${reason}.`, param };
}
