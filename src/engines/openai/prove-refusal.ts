/** Whether a server refuses what anybody may ask, or only what one client sent: all others must not pay for that. */

import type { ChatRequest } from '../../chat/request.ts';
import type { ChatClient } from '../engine.ts';
import { toolQuestion } from './prove-tools.ts';

/** What may be refused at all. */
export type Refusable = 'text' | 'tools' | 'pictures';

/** A refusal comes at once; a model that is slow to begin has not refused. */
const limitMs = 60_000;
/** 64 × 64 black dots. */
const picture =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAEAAAABAAQAAAACCEkxzAAAAD0lEQVR42mNgGAWjgHwAAAJAAAHgTR1EAAAAAElFTkSuQmCC';

const plain: ChatRequest = { ...toolQuestion, model: '', tools: [], toolChoice: { type: 'none' } };
const image = { url: picture, path: 'messages[0].content[0].image_url' };

const questions: Readonly<Record<Refusable, ChatRequest>> = {
  text: { ...plain, messages: [{ role: 'user', content: 'Hi', path: 'messages[0]' }] },
  tools: { ...toolQuestion, model: '', toolChoice: { type: 'auto' } },
  pictures: {
    ...plain,
    messages: [{ role: 'user', content: '[image 1]', parts: [{ type: 'image', image }], path: 'messages[0]' }],
  },
};

/** Is a harmless question of ours refused in the same way? */
export async function refusesOurs(
  converse: ChatClient['converse'],
  { what, isRefusal }: { readonly what: Refusable; readonly isRefusal: (thrown: unknown) => boolean },
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
    for await (const _ of converse(questions[what], limit)) break;
    return false;
  } catch (thrown) {
    return isRefusal(thrown);
  }
}
