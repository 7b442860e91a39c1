/** The one stream: every engine ends in these events, every protocol begins with them. */

import type { AppError } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import type { DrawnLogprob } from './logprob.ts';
import type { Warning } from './request.ts';

/** Why a choice ended. */
export type FinishReason = 'stop' | 'length' | 'tool_calls';

/** Tokens of the whole answer: all choices, re-asks included. */
export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
}

/** What the guarantee did for one call. */
export interface Kept {
  /** Was the whole schema enforced while sampling? */
  readonly enforced: boolean;
  /** Keywords that sampling did not enforce (validated afterwards instead). */
  readonly relaxed: readonly string[];
  /** Names of the repairs that were applied. */
  readonly mended: readonly string[];
}

/** How this answer came about; sent only to clients that ask for it. */
export interface Report {
  readonly format: string;
  readonly path: 'native' | 'prompted' | 'engine';
  /** The name of the deployment that answered: behind a route there may be several. */
  readonly deployment: string;
  readonly queueMs: number;
  readonly raw?: string;
  /** Everything that happened, for those who may see it. */
  readonly trace?: JsonObject;
}

/** How a call ended: whole and valid; ended by the token limit; whole but not valid. */
export type CallOutcome = 'ok' | 'cut' | 'broken';

/**
 * Events of one choice. `call-delta.json` is always JSON text, whatever the model wrote. `unbound`: the call began in a
 * spelling at which the grammar does not bind, so that nothing about it was enforced; set by parsers only.
 */
export type ChoiceEvent =
  | { readonly type: 'start'; readonly id: string }
  | { readonly type: 'reasoning-delta'; readonly text: string }
  | { readonly type: 'text-delta'; readonly text: string; readonly logprobs?: readonly DrawnLogprob[] }
  | {
      readonly type: 'call-start';
      readonly index: number;
      readonly id: string;
      readonly name: string;
      readonly unbound?: true;
    }
  | { readonly type: 'call-delta'; readonly index: number; readonly json: string }
  | { readonly type: 'call-end'; readonly index: number; readonly outcome: CallOutcome; readonly kept?: Kept }
  | { readonly type: 'finish'; readonly reason: FinishReason };

/** What a format's parser may emit. */
export type ParserEvent = Exclude<ChoiceEvent, { type: 'start' | 'finish' }>;

/** The stream of a whole answer; order and ownership: `chat/fold.ts`. */
export type ChatEvent =
  | (ChoiceEvent & { readonly choice: number })
  | { readonly type: 'progress'; readonly stage: 'queued' | 'loading' | 'prefill'; readonly position?: number }
  | { readonly type: 'warning'; readonly warning: Warning }
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'report'; readonly report: Report }
  | { readonly type: 'error'; readonly error: AppError };
