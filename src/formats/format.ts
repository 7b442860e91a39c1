/** A tool-call format: how tools, calls and results are written, constrained and read. */

import type { ToolCall } from '../chat/message.ts';
import type { Prompt } from '../chat/prompt.ts';
import type { Tool } from '../chat/tool.ts';
import type { AnswerPlan, Ask, Conditions } from './ask.ts';

/** An assistant turn to be written as the model itself would have written it. */
export interface Turn {
  readonly text: string;
  readonly calls: readonly ToolCall[];
  /** The tools of the request; a call may name one that is no longer among them. */
  readonly tools: readonly Tool[];
}

/** One tool's answer, matched to its call. */
export interface ToolResult {
  readonly callId: string;
  readonly name: string;
  readonly content: string;
}

/** What `detect` may look at. */
export interface ModelFacts {
  readonly name: string;
  readonly architecture: string;
  readonly template: string;
  /** Spellings of the model's special (control) tokens. */
  readonly specialTokens: readonly string[];
}

/** How surely a model speaks a format, and why; score 0 = it does not. */
export interface Detected {
  readonly score: number;
  readonly evidence: readonly string[];
}

/**
 * `native`: the model's chat template knows tools and writes tool list, calls and results itself; the format only
 * constrains and parses. `prompted`: the template knows nothing of tools, so `instructions` go to the model as
 * (part of) the system message, and `render`/`renderResults` write the history.
 */
export interface ToolFormat {
  readonly name: string;
  readonly kind: 'native' | 'prompted';
  /** The template, specification or thread the format was learnt from. */
  readonly source: string;
  /** Models that speak it, for people. */
  readonly models: string;
  detect(facts: ModelFacts): Detected;
  /** One call to `get_weather({"city":"Oslo"})` as the model writes it: documentation, fixture and golden. */
  readonly example: string;
  /** What a call is told to the model; prompted formats only. Trusted segments may hold special tokens. */
  instructions?(conditions: Conditions): Prompt;
  /** An assistant turn with its calls, as content of an assistant message. */
  render(turn: Turn): Prompt;
  /** Results of one turn, as content of one message with the role `resultRole`. */
  renderResults(results: readonly ToolResult[]): Prompt;
  readonly resultRole: 'user' | 'tool';
  /** Copy-only string arguments unless the deployment says otherwise. */
  readonly copyOnlyByDefault?: boolean;
  /** For models so small that they loop: an answer that makes the same call again is over. */
  readonly endsAtRepeat?: boolean;
  /** The most tools such a model can be shown; of more, the most relevant are. */
  readonly toolLimit?: number;
  /** Ids as the model knows them: a pure function of the client's id and of the call's place in the conversation. */
  modelId?(id: string, place: CallOrder): string;
  /** What the template has already written of the answer when the model begins. */
  readonly promptTail?: string;
  /** All texts with which a call of this format may begin: seen in another format's answer, they are worth a warning. */
  readonly beginnings: readonly string[];
  /** Can this syntax carry a tool's name, so that what it renders reads back the same? */
  carriesName(name: string): boolean;
  /** Can this syntax carry these arguments (JSON text), so that what it renders reads back the same? */
  carries(json: string, tool: Pick<Tool, 'name' | 'parameters'>): boolean;
  answer(ask: Ask): AnswerPlan;
}

/** A call's name, and its number among all calls of the conversation. */
export interface CallOrder {
  readonly name: string;
  readonly ordinal: number;
}
