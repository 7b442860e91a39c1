/** Which pictures of a request are shown: those that the engine takes, from where an administrator allows. */

import { RequestError } from '../base/errors.ts';
import type { ContentPart, Message } from '../chat/message.ts';
import { hasPictures, hidePictures, isPictured, withoutPictures } from '../chat/pictures.ts';
import type { ChatRequest, Warning } from '../chat/request.ts';

/** What decides. */
export interface Gallery {
  /** Does the engine take pictures? */
  readonly takesImages: boolean;
  /** Has an administrator listed this address's host? */
  readonly isListed: (url: URL) => boolean;
}

/** A request whose pictures can all be shown. */
export interface Shown {
  readonly request: ChatRequest;
  readonly warnings: readonly Warning[];
}

const notListed = 'its address is on a host that no administrator has listed';

/**
 * Pictures that cannot be shown become notes: an agent must not end because a tool gave it one. An address that a person
 * wrote is a RequestError if its host is not listed: whoever fetches it would be sent wherever the person likes.
 */
export function showPictures(request: ChatRequest, { takesImages, isListed }: Gallery): Shown {
  if (!hasPictures(request)) return { request, warnings: [] };
  if (!takesImages) return withoutPictures(request);
  return hidePictures(request, ({ url, path }, { role }) => {
    if (url.startsWith('data:') || isListed(new URL(url))) return undefined;
    if (role === 'tool') return notListed;
    const message = `The picture at '${path}' is not fetched: ${notListed} (settings, 'allowedHosts'). Send it as a data: URL.`;
    throw new RequestError('address_refused', message, { param: path });
  });
}

/** Gives folded messages the pictures of those that went into them; their text names each one's place. */
export function withPicturesOf(originals: readonly Message[], folded: readonly Message[]): readonly Message[] {
  const messages = [...folded];
  let last = -1;
  let from = 0;
  for (const original of originals) {
    // Results of one turn go into one message.
    if (original.role !== 'tool') from = last + 1;
    if (!isPictured(original)) continue;
    const index = messages.findIndex(
      ({ role, content }, place) => place >= from && role === 'user' && content.includes(original.content),
    );
    const found = messages[index];
    if (found?.role !== 'user') continue;
    const pictures = original.parts.filter(({ type }) => type === 'image');
    const parts: readonly ContentPart[] = found.parts ?? [{ type: 'text', text: found.content }];
    messages[index] = { ...found, parts: [...parts, ...pictures] };
    last = index;
  }
  return messages;
}
