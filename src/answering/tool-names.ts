/** Tools under names that a model's format can write: into the request and the plan, and back out of its events. */

import type { ParserEvent } from '../chat/event.ts';
import type { Message } from '../chat/message.ts';
import type { ChatRequest, Warning } from '../chat/request.ts';
import type { Tool, ToolChoice } from '../chat/tool.ts';
import type { AnswerPlan, FormatParser } from '../formats/ask.ts';
import type { ToolFormat } from '../formats/format.ts';

/** The names of one request: those of the client, and as the model is shown them. */
export class ToolNames {
  /** By the client's name; only those that are spelled otherwise. */
  readonly #spelled = new Map<string, string>();
  readonly #originals = new Map<string, string>();

  /** The same for equal requests: the tools' names come first, then those of earlier calls, each in their order. */
  constructor({ tools, messages }: ChatRequest, format: ToolFormat) {
    const earlier = messages.flatMap((message) => (message.role === 'assistant' ? message.calls : []));
    const names = new Set([...tools, ...earlier].map(({ name }) => name));
    for (const name of names) {
      if (format.carriesName(name)) continue;
      const spelled = this.#free(name, names);
      this.#spelled.set(name, spelled);
      this.#originals.set(spelled, name);
    }
  }

  /** Letters, digits and underscores alone; numbered where that is taken. */
  #free(name: string, names: ReadonlySet<string>): string {
    const plain = name.replace(/[^a-zA-Z0-9_]+/g, '_').slice(0, maxLength);
    const base = /^[a-zA-Z]/.test(plain) ? plain : `tool_${plain}`;
    const isTaken = (spelled: string): boolean => names.has(spelled) || this.#originals.has(spelled);
    for (let number = 1; ; number++) {
      const spelled = number === 1 ? base : `${base}_${number}`;
      if (!isTaken(spelled)) return spelled;
    }
  }

  /** The request as the model's format can write it. */
  spell(request: ChatRequest): ChatRequest {
    if (this.#spelled.size === 0) return request;
    return {
      ...request,
      tools: request.tools.map((tool) => ({ ...tool, name: this.#spell(tool.name) })),
      toolChoice: this.#choice(request.toolChoice),
      messages: request.messages.map((message) => this.#message(message)),
    };
  }

  /** The plan as if the format could write the client's names. */
  translate(plan: AnswerPlan): AnswerPlan {
    if (this.#spelled.size === 0) return plan;
    return {
      ...plan,
      relaxed: new Map([...plan.relaxed].map(([name, keywords]) => [this.original(name), keywords])),
      parser: (newCallId) => this.#reading(plan.parser(newCallId)),
    };
  }

  /** The tools under the client's names. */
  originals(tools: readonly Tool[]): readonly Tool[] {
    return this.#spelled.size === 0 ? tools : tools.map((tool) => ({ ...tool, name: this.original(tool.name) }));
  }

  /** The client's name of what the model is shown under this one. */
  original(name: string): string {
    return this.#originals.get(name) ?? name;
  }

  get warnings(): readonly Warning[] {
    return [...this.#spelled].map(([name, spelled]) => {
      const message = `The model is shown the tool '${name}' as '${spelled}': its format cannot write the name.`;
      return { code: 'tool_renamed', message, param: 'tools' };
    });
  }

  #spell(name: string): string {
    return this.#spelled.get(name) ?? name;
  }

  #choice(choice: ToolChoice): ToolChoice {
    if (choice.type === 'tool') return { ...choice, name: this.#spell(choice.name) };
    if (choice.type === 'none' || choice.allowed === undefined) return choice;
    return { ...choice, allowed: choice.allowed.map((name) => this.#spell(name)) };
  }

  #message(message: Message): Message {
    if (message.role === 'assistant')
      return { ...message, calls: message.calls.map((call) => ({ ...call, name: this.#spell(call.name) })) };
    if (message.role !== 'tool' || message.name === undefined) return message;
    return { ...message, name: this.#spell(message.name) };
  }

  #reading(parser: FormatParser): FormatParser {
    const back = (event: ParserEvent): ParserEvent =>
      event.type === 'call-start' ? { ...event, name: this.original(event.name) } : event;
    return {
      get isThinking() {
        return parser.isThinking;
      },
      push: (piece) => parser.push(piece).map(back),
      end: (reason) => parser.end(reason).map(back),
    };
  }
}

/** Room for a number is left below the 64 letters that every server takes. */
const maxLength = 48;
