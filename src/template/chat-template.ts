/** A chat template in, prompts out: with budgets, without trust in what strangers wrote. */

import { isAppError } from '../base/errors.ts';
import { type Prompt, promptText } from '../chat/prompt.ts';
import { learnAbilities, type TemplateAbilities } from './abilities.ts';
import { MeteredInterpreter, type RenderTools } from './interpreter.ts';
import type { Scope } from './library.ts';
import { learningWork, Meter, probeBudget, requestBudget } from './meter.ts';
import { failed } from './operators.ts';
import { compile, type Program } from './program.ts';
import type { Rendering, RenderStyle } from './rendering.ts';
import { createScope, type TokenFacts } from './scope.ts';
import { Spellings, StandIns } from './stand-ins.ts';
import { isText } from './value.ts';

/** A model's chat template, ready to render. */
export interface ChatTemplate {
  readonly source: string;
  readonly abilities: TemplateAbilities;
  /** Renders; a RequestError `template_failed` if the template refuses the messages or exceeds its budget. */
  render(rendering: Rendering): Prompt;
}

/** Compiles a template and learns what it can do; a ConfigError if it cannot even render a plain question. */
export function createChatTemplate(source: string, tokens: TokenFacts): ChatTemplate {
  const compiled = new CompiledTemplate(source, tokens);
  let left = learningWork;
  const abilities = learnAbilities((rendering, style) => {
    const meter = new Meter({ ...probeBudget, work: Math.min(probeBudget.work, left) });
    try {
      return promptText(compiled.render(rendering, style, meter));
    } finally {
      left -= meter.work;
    }
  });
  return {
    source,
    abilities,
    render: (rendering) => compiled.render(rendering, abilities, new Meter(requestBudget)),
  };
}

class CompiledTemplate {
  readonly #source: string;
  readonly #tokens: TokenFacts;
  readonly #program: Program;
  readonly #spellings: Spellings;
  /** Without the reasoning marks that the template itself looks for in an assistant's text. */
  readonly #assistantSpellings: Spellings;

  constructor(source: string, tokens: TokenFacts) {
    this.#source = source;
    this.#tokens = tokens;
    this.#program = compile(source);
    const { literals } = this.#program;
    const isMark = (spelling: string) => literals.has(spelling) && /think|thought|reason/i.test(spelling);
    this.#spellings = new Spellings(tokens.specialTokens);
    this.#assistantSpellings = new Spellings(tokens.specialTokens.filter((spelling) => !isMark(spelling)));
  }

  render(rendering: Rendering, style: RenderStyle, meter: Meter): Prompt {
    const texts = [...strings([rendering.messages, rendering.tools ?? [], rendering.variables]), this.#source];
    const standIns = new StandIns(this.#spellings, texts);
    const scope = createScope(rendering, {
      tokens: this.#tokens,
      style,
      standIns,
      assistantSpellings: this.#assistantSpellings,
    });
    const rendered = run(this.#program, scope, {
      meter,
      guard: (text) => standIns.protect(text),
    });
    // Exactly what the template wrote: a BOS that is in here must not be added again by the engine.
    return standIns.restore(rendered);
  }
}

function run(program: Program, scope: Scope, tools: RenderTools): string {
  try {
    const value = new MeteredInterpreter(scope, program, tools).run(program.root);
    return isText(value) ? value.value : '';
  } catch (cause) {
    if (isAppError(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw failed(`cannot render these messages: ${reason}`, cause);
  }
}

/** All strings anywhere in a value, keys included. */
function* strings(root: unknown): Generator<string> {
  const waiting: unknown[] = [root];
  while (waiting.length > 0) {
    const item = waiting.pop();
    if (typeof item === 'string') yield item;
    else if (item instanceof Map) for (const pair of item) waiting.push(...pair);
    else if (Array.isArray(item)) for (const element of item) waiting.push(element);
    else if (typeof item === 'object' && item !== null)
      for (const [key, value] of Object.entries(item)) {
        yield key;
        waiting.push(value);
      }
  }
}
