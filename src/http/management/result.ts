/** What a handler answers, before it is HTTP. */

import type { Subscription } from './watch.ts';

/** Further headers of an answer. */
export type ResultHeaders = Readonly<Record<string, string | readonly string[]>>;

/** An answer: JSON, nothing, a text, a text that grows, or changes as they happen. */
export type Result =
  | { readonly kind: 'json'; readonly body: unknown; readonly revision?: number; readonly headers?: ResultHeaders }
  | { readonly kind: 'empty'; readonly headers?: ResultHeaders }
  | { readonly kind: 'text'; readonly text: string; readonly type: string; readonly headers?: ResultHeaders }
  | { readonly kind: 'lines'; readonly lines: AsyncIterable<string> }
  | { readonly kind: 'redirect'; readonly location: string; readonly headers?: ResultHeaders }
  | { readonly kind: 'watch'; readonly subscription: Subscription };

/** An answer in JSON; `revision` becomes its ETag. */
export function json(body: unknown, revision?: number): Result {
  return { kind: 'json', body, ...(revision !== undefined && { revision }) };
}

/** An answer that says only that it is done. */
export const done: Result = { kind: 'empty' };
