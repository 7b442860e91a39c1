/** The messages of a conversation, in none of the protocols' words. */

/** A call the model made in an earlier turn; `arguments` is the text the client sent back, unchanged. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** A picture that the caller sent. */
export interface Image {
  /** A `data:` URL, or an address of a host that an administrator allowed. */
  readonly url: string;
  readonly detail?: 'low' | 'high' | 'auto';
  /** Where the caller wrote it (`messages[2].content[1].image_url`), for errors. */
  readonly path: string;
}

/** What a message with pictures is made of, in order. */
export type ContentPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly image: Image };

/** What a message is read as where pictures can be shown; there only if it has some. `content` then names their places. */
interface WithParts {
  readonly parts?: readonly ContentPart[];
}

/** `path` is where the caller wrote the message (`messages[2]`), for errors. */
export type Message =
  | { readonly role: 'system'; readonly content: string; readonly path: string }
  | ({ readonly role: 'user'; readonly content: string; readonly path: string } & WithParts)
  | {
      readonly role: 'assistant';
      readonly content: string;
      readonly reasoning?: string;
      readonly calls: readonly ToolCall[];
      readonly path: string;
    }
  | ({
      readonly role: 'tool';
      readonly callId: string;
      /** The called tool's name where it is known (from the call, or from the client). */
      readonly name?: string;
      readonly content: string;
      readonly path: string;
    } & WithParts);
