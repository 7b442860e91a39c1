/** What a conversation is known by, so that it stays where its prefix is kept: who asks, how it began, with which tools. */

import { hashText } from '../base/text-hash.ts';
import type { ChatRequest } from '../chat/request.ts';

/** Of long texts the beginning tells enough. */
const lookedAt = 500;
const maxMessages = 4;
const maxTools = 64;

/** The same for every turn of a conversation; a few microseconds, whatever its length. */
export function affinityOf({ caller = '', messages, tools, raw = [] }: ChatRequest): string {
  const firstQuestion = messages.findIndex(({ role }) => role === 'user');
  const opening = messages.slice(0, Math.min(maxMessages, Math.max(1, firstQuestion + 1)));
  const texts = opening.map(({ role, content }) => `${role} ${content.slice(0, lookedAt)}`);
  const prompts = raw.slice(0, 1).map(({ text }) => `raw ${text.slice(0, lookedAt)}`);
  const names = tools.slice(0, maxTools).map(({ name }) => name);
  return `${hashText([caller, ...texts, ...prompts, ...names].join('\n'))}`;
}
