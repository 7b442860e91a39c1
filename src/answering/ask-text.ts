/** Asks an engine that takes text: we render the prompt and read the answer by the model's format. */

import { RequestError } from '../base/errors.ts';
import { joinSegments, type Prompt, promptText } from '../chat/prompt.ts';
import type { ChatRequest, RawPrompt } from '../chat/request.ts';
import type { Trace } from '../chat/trace.ts';
import type { EngineClient } from '../engines/engine.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import type { AnswerPlan } from '../formats/ask.ts';
import { AnswerReader, plainParser } from './answer-reader.ts';
import { type Asker, type AskingTools, type Generation, type Question, seedOfChoice } from './asker.ts';
import { Attempt, type ThoughtLimit, type Wish } from './attempt.ts';
import { type FittedSampling, fitContext, refuseHopeless } from './context-limit.ts';
import type { ModelProfile } from './model-profile.ts';
import { prepare } from './prepare.ts';
import { thinkingBudget } from './thinking-budget.ts';

/** The engine, its model, and what it needs to be asked. */
export interface TextEngine {
  readonly client: EngineClient;
  readonly spec: ModelSpec;
  readonly tools: AskingTools;
  readonly trace?: Trace;
}

/** An asker that renders conversations by the model's own template and format. */
export function askText(engine: TextEngine, profile: ModelProfile): Asker {
  const { client, spec, tools } = engine;
  return {
    path: profile.format.kind,
    format: profile.format,
    question: async (request) => {
      refuseHopeless(request, client.contextPerSlot);
      const prepared = prepare(request, profile, { now: tools.now(), isUnheld: !client.abilities.wholeGrammar });
      const tokens = await tools.limits.reply(client.tokenize(prepared.prompt));
      const wished = { ...spec.sampling, ...request.sampling };
      const room = { promptTokens: tokens.length, context: client.contextPerSlot };
      const sampling = fitContext(wished, room);
      const { prompt, plan } = prepared;
      const generate = (choice: number) => begin(engine, { request, prompt, tokens, sampling, plan }, choice);
      const isConstrained = client.abilities.wholeGrammar && client.enforces?.(plan.constraint) !== false;
      return { tools: prepared.tools, isConstrained, relaxed: plan.relaxed, warnings: prepared.warnings, generate };
    },
  };
}

/** The questions of a raw completion, one for each prompt; all is checked before anything is generated. */
export async function rawQuestions(engine: TextEngine, request: ChatRequest): Promise<readonly Question[]> {
  const { client, spec } = engine;
  const questions: Question[] = [];
  refuseHopeless(request, client.contextPerSlot);
  for (const raw of request.raw ?? []) {
    const { prompt, tokens } = await rawTokens(engine, raw);
    if (tokens.length === 0) throw wrongPrompt(raw, 'no token stands for an empty prompt');
    const wished = { ...spec.sampling, ...request.sampling };
    const room = { promptTokens: tokens.length, context: client.contextPerSlot, path: raw.path };
    const sampling = fitContext(wished, room);
    const generate = (choice: number) => begin(engine, { request, prompt, tokens, sampling, plan: rawPlan }, choice);
    questions.push({ tools: [], isConstrained: false, relaxed: rawPlan.relaxed, warnings: [], generate });
  }
  return questions;
}

interface Asked {
  readonly request: ChatRequest;
  readonly prompt: Prompt;
  readonly tokens: Int32Array;
  readonly sampling: FittedSampling;
  readonly plan: AnswerPlan;
}

function begin(engine: TextEngine, asked: Asked, choice: number): Generation {
  const { client, tools, trace } = engine;
  const { request, prompt, tokens, plan } = asked;
  trace?.prompt(prompt);
  const { seed } = asked.sampling;
  const sampling = seed === undefined ? asked.sampling : { ...asked.sampling, seed: seedOfChoice(seed, choice) };
  const limit = thoughtLimit(engine, { ...asked, sampling });
  const reader = new AnswerReader(plan.parser(tools.newCallId), {
    stop: request.stop,
    withLogprobs: sampling.topLogprobs !== undefined,
    keepsRaw: request.reportsRaw === true,
  });
  return new Attempt({
    client,
    wish: { tokens, constraint: plan.constraint, sampling },
    reader,
    limits: tools.limits,
    ...(limit && { thoughtLimit: limit }),
    ...(trace && { trace }),
  });
}

/** Once reasoning has taken its share, what is written and the marker that ends it become a part of the prompt. */
function thoughtLimit({ client, tools, trace }: TextEngine, asked: Asked): ThoughtLimit | undefined {
  const { request, plan, sampling } = asked;
  const { afterReasoning } = plan;
  const { maxTokens } = sampling;
  const budget = thinkingBudget(request, maxTokens);
  if (afterReasoning === undefined || budget === undefined) return undefined;
  const { close, constraint } = afterReasoning;
  const goOn = async (written: Prompt, used: number): Promise<Wish | undefined> => {
    const prompt = joinSegments([...asked.prompt, ...written, ...close]);
    trace?.prompt(prompt);
    const tokens = await tools.limits.reply(client.tokenize(prompt));
    const left = Math.min(maxTokens - used, client.contextPerSlot - tokens.length);
    return left <= 0 ? undefined : { tokens, constraint, sampling: { ...sampling, maxTokens: left } };
  };
  return { budget, close: promptText(close), goOn };
}

async function rawTokens(
  { client, spec, tools }: TextEngine,
  raw: RawPrompt,
): Promise<{ prompt: Prompt; tokens: Int32Array }> {
  if (typeof raw.text === 'string') {
    const prompt = [{ text: raw.text, trusted: true }];
    return { prompt, tokens: await tools.limits.reply(client.tokenize(prompt)) };
  }
  if (!client.abilities.tokenIds) throw wrongPrompt(raw, 'this engine takes text only, no token ids');
  const strange = raw.text.find((id) => id < 0 || id >= spec.vocabularySize);
  if (strange !== undefined) throw wrongPrompt(raw, `the model has no token ${strange}`);
  return { prompt: [], tokens: Int32Array.from(raw.text) };
}

function wrongPrompt({ path }: RawPrompt, why: string): RequestError {
  return new RequestError('invalid_value', `${path}: ${why}.`, { param: path });
}

/** Whatever is generated is text. */
const rawPlan: AnswerPlan = {
  prefill: [],
  constraint: { openings: [], stops: [], ends: [] },
  relaxed: new Map(),
  parser: () => plainParser,
};
