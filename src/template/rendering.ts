/** What a template is asked to render: messages like the conversation's, whose content may hold special tokens of ours. */

import type { ExactJson, Json } from '../base/json.ts';
import type { Prompt } from '../chat/prompt.ts';
import type { Tool } from '../chat/tool.ts';

/** A call in the history; arguments as parsed JSON, or as text (then parsed if the template wants an object). */
export interface TemplateCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: ExactJson | string;
}

/** One message; a `Prompt` as content keeps the special tokens of its trusted segments. */
export interface TemplateMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string | Prompt;
  readonly reasoning?: string;
  readonly calls?: readonly TemplateCall[];
  readonly callId?: string;
  readonly name?: string;
}

/** One prompt to render. */
export interface Rendering {
  readonly messages: readonly TemplateMessage[];
  readonly tools?: readonly Tool[];
  readonly addGenerationPrompt: boolean;
  /** The client's own (`chat_template_kwargs`). */
  readonly variables: Readonly<Record<string, Json>>;
  /** For `strftime_now`. */
  readonly now: Date;
}

/** How a template is handed what JSON has two ways of saying. */
export interface RenderStyle {
  /** What it wants as `arguments` of calls. */
  readonly argumentsAs: 'object' | 'string';
  /** What it wants as content beside calls when there is none. */
  readonly emptyContent: 'text' | 'null';
  /** Under which name it reads what the assistant thought. */
  readonly reasoningAs: ReasoningField;
}

/** The names that templates know for an assistant's reasoning. */
export type ReasoningField = 'reasoning_content' | 'reasoning' | 'thinking';
