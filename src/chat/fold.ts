/** Folds the stream of events into whole messages, and owns the rule of their order. */

import { type AppError, Bug } from '../base/errors.ts';
import type { CallOutcome, ChatEvent, ChoiceEvent, FinishReason, Kept, Report, Usage } from './event.ts';
import type { DrawnLogprob } from './logprob.ts';
import type { Warning } from './request.ts';

/** A call of a finished answer. */
export interface FoldedCall {
  readonly id: string;
  readonly name: string;
  /** JSON text; a prefix of JSON when `outcome` is `cut`. */
  readonly arguments: string;
  readonly outcome: CallOutcome;
  readonly kept?: Kept;
}

/** One finished choice. */
export interface FoldedChoice {
  readonly id: string;
  readonly reasoning: string;
  readonly text: string;
  /** Of the text's tokens, if they were asked for. */
  readonly logprobs?: readonly DrawnLogprob[];
  readonly calls: readonly FoldedCall[];
  readonly finish: FinishReason;
}

/** A whole answer. */
export interface FoldedAnswer {
  readonly choices: readonly FoldedChoice[];
  readonly warnings: readonly Warning[];
  readonly usage?: Usage;
  readonly report?: Report;
  readonly error?: AppError;
}

interface OpenCall {
  id: string;
  name: string;
  arguments: string;
  outcome?: CallOutcome;
  kept?: Kept;
}

interface OpenChoice {
  id?: string;
  reasoning: string;
  text: string;
  logprobs?: DrawnLogprob[];
  calls: OpenCall[];
  finish?: FinishReason;
}

/**
 * Takes events one by one and throws `Bug` on a wrong order. Each choice is
 * `start (reasoning-delta | text-delta | call)* finish` with `call := call-start call-delta* call-end`;
 * after the last `finish`: `usage? report?`; `progress` and `warning` anywhere before `usage`; `error` ends all.
 */
export class Folder {
  readonly #choices: OpenChoice[] = [];
  readonly #warnings: Warning[] = [];
  #usage: Usage | undefined;
  #report: Report | undefined;
  #error: AppError | undefined;

  add(event: ChatEvent): void {
    if (this.#error !== undefined) throw new Bug(`event '${event.type}' after 'error'`);
    switch (event.type) {
      case 'progress':
        this.#beforeUsage(event.type);
        return;
      case 'warning':
        this.#beforeUsage(event.type);
        this.#warnings.push(event.warning);
        return;
      case 'usage':
        this.#beforeUsage(event.type);
        this.#allFinished(event.type);
        this.#usage = event.usage;
        return;
      case 'report':
        this.#allFinished(event.type);
        if (this.#report !== undefined) throw new Bug("a second 'report'");
        this.#report = event.report;
        return;
      case 'error':
        this.#error = event.error;
        return;
      default:
        this.#beforeUsage(event.type);
        this.#choice(event);
    }
  }

  /** The answer so far; without an error every choice must have finished. */
  result(): FoldedAnswer {
    if (this.#error === undefined) this.#allFinished('result');
    const choices = this.#choices.map((choice) => ({
      id: choice.id ?? '',
      reasoning: choice.reasoning,
      text: choice.text,
      ...(choice.logprobs && { logprobs: choice.logprobs }),
      calls: choice.calls.map(closeCall),
      finish: choice.finish ?? 'stop',
    }));
    return {
      choices,
      warnings: this.#warnings,
      ...(this.#usage && { usage: this.#usage }),
      ...(this.#report && { report: this.#report }),
      ...(this.#error && { error: this.#error }),
    };
  }

  #choice(event: ChoiceEvent & { choice: number }): void {
    if (event.type === 'start') {
      if (this.#choices[event.choice]?.id !== undefined) throw new Bug(`choice ${event.choice} starts twice`);
      if (event.choice > 127) throw new Bug(`choice ${event.choice} is beyond every limit`);
      while (this.#choices.length <= event.choice) this.#choices.push({ reasoning: '', text: '', calls: [] });
    }
    const choice = this.#choices[event.choice];
    if (choice === undefined || (choice.id === undefined && event.type !== 'start'))
      throw new Bug(`'${event.type}' before the start of choice ${event.choice}`);
    foldChoice(choice, event);
  }

  #beforeUsage(type: string): void {
    if (this.#usage !== undefined || this.#report !== undefined) throw new Bug(`'${type}' after 'usage' or 'report'`);
  }

  #allFinished(type: string): void {
    if (this.#choices.length === 0) throw new Bug(`'${type}' before any choice`);
    for (const [index, choice] of this.#choices.entries())
      if (choice.finish === undefined) throw new Bug(`'${type}' before choice ${index} finished`);
  }
}

function foldChoice(choice: OpenChoice, event: ChoiceEvent): void {
  if (choice.finish !== undefined) throw new Bug(`'${event.type}' after 'finish'`);
  if (event.type === 'start') {
    choice.id = event.id;
    return;
  }
  const last = choice.calls.at(-1);
  const open = last !== undefined && last.outcome === undefined ? last : undefined;
  switch (event.type) {
    case 'call-delta':
    case 'call-end':
      if (open === undefined || event.index !== choice.calls.length - 1)
        throw new Bug(`'${event.type}' for call ${event.index}, which is not open`);
      if (event.type === 'call-delta') open.arguments += event.json;
      else {
        open.outcome = event.outcome;
        if (event.kept) open.kept = event.kept;
      }
      return;
    default:
      if (open !== undefined) throw new Bug(`'${event.type}' inside call ${choice.calls.length - 1}`);
  }
  if (event.type === 'reasoning-delta') choice.reasoning += event.text;
  else if (event.type === 'text-delta') addText(choice, event);
  else if (event.type === 'finish') choice.finish = event.reason;
  else {
    if (event.index !== choice.calls.length) throw new Bug(`call ${event.index} follows ${choice.calls.length} calls`);
    choice.calls.push({ id: event.id, name: event.name, arguments: '' });
  }
}

function addText(choice: OpenChoice, { text, logprobs }: Extract<ChoiceEvent, { type: 'text-delta' }>): void {
  choice.text += text;
  if (logprobs === undefined) return;
  choice.logprobs ??= [];
  for (const logprob of logprobs) choice.logprobs.push(logprob);
}

function closeCall(call: OpenCall): FoldedCall {
  return { ...call, outcome: call.outcome ?? 'cut' };
}

/** Folds a whole stream; the order of its events is checked on the way. */
export async function foldEvents(events: AsyncIterable<ChatEvent> | Iterable<ChatEvent>): Promise<FoldedAnswer> {
  const folder = new Folder();
  for await (const event of events) folder.add(event);
  return folder.result();
}
