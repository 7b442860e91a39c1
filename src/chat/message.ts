/** The messages of a conversation, in none of the protocols' words. */

/** A call the model made in an earlier turn; `arguments` is the text the client sent back, unchanged. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** `path` is where the caller wrote the message (`messages[2]`), for errors. */
export type Message =
  | { readonly role: 'system'; readonly content: string; readonly path: string }
  | { readonly role: 'user'; readonly content: string; readonly path: string }
  | {
      readonly role: 'assistant';
      readonly content: string;
      readonly reasoning?: string;
      readonly calls: readonly ToolCall[];
      readonly path: string;
    }
  | {
      readonly role: 'tool';
      readonly callId: string;
      /** The called tool's name where it is known (from the call, or from the client). */
      readonly name?: string;
      readonly content: string;
      readonly path: string;
    };
