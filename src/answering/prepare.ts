/** From a request to what the engine is given: messages in the model's own form, the prompt, the plan. */

import { parseExact } from '../base/json.ts';
import type { Message, ToolCall } from '../chat/message.ts';
import { joinSegments, type Prompt } from '../chat/prompt.ts';
import type { ChatRequest, Warning } from '../chat/request.ts';
import type { Tool } from '../chat/tool.ts';
import type { AnswerPlan, Conditions } from '../formats/ask.ts';
import type { ToolFormat, ToolResult } from '../formats/format.ts';
import { shortlist } from '../formats/rank.ts';
import { endsInReasoning } from '../template/abilities.ts';
import { adaptMessages } from '../template/adapt-messages.ts';
import type { TemplateMessage } from '../template/rendering.ts';
import type { ModelProfile } from './model-profile.ts';
import { ToolNames } from './tool-names.ts';

/** Everything one attempt needs. */
export interface Prepared {
  readonly prompt: Prompt;
  readonly plan: AnswerPlan;
  /** The tools the model was shown. */
  readonly tools: readonly Tool[];
  readonly warnings: readonly Warning[];
}

/** What a prompt and a plan depend on besides request and model. */
export interface Circumstances {
  readonly now: Date;
  /** Does the engine hold the model to no grammar? */
  readonly isUnheld: boolean;
}

/** Renders the prompt and plans the answer; pure, but for the date that templates may print. */
export function prepare(request: ChatRequest, profile: ModelProfile, { now, isUnheld }: Circumstances): Prepared {
  const { format, template } = profile;
  const names = new ToolNames(request, format);
  const conditions = conditionsOf(names.spell(request), format);
  const { tools } = conditions;
  const isNative = format.kind === 'native';
  const messages = isNative ? nativeMessages(conditions.messages, format) : promptedMessages(conditions, format);
  const rendered = template.render({
    messages: adaptMessages(messages, template.abilities),
    ...(isNative && tools.length > 0 && { tools }),
    addGenerationPrompt: true,
    variables: request.templateVariables,
    now,
  });
  // Whether the prompt ends in opened reasoning may depend on the request's own variables.
  const promptEnd = endsInReasoning(rendered) ? 'reasoning' : 'text';
  const plan = names.translate(format.answer({ ...conditions, promptEnd, isUnheld }));
  const prompt = joinSegments([...rendered, ...plan.prefill]);
  const warnings = [...names.warnings, ...warningsOf(request, tools, plan)];
  return { prompt, plan, tools: names.originals(tools), warnings };
}

/** An answer in a prompted format from an engine that takes messages instead of a prompt. */
export interface Folded {
  readonly messages: readonly TemplateMessage[];
  readonly plan: AnswerPlan;
  readonly tools: readonly Tool[];
  readonly warnings: readonly Warning[];
}

/** Writes tools, calls and results into the messages' text and plans how the answer is read. */
export function foldIntoMessages(request: ChatRequest, format: ToolFormat): Folded {
  const names = new ToolNames(request, format);
  const conditions = conditionsOf(names.spell(request), format);
  const { tools } = conditions;
  const plan = names.translate(format.answer({ ...conditions, promptEnd: 'text', isUnheld: true }));
  const warnings = [...names.warnings, ...warningsOf(request, tools, plan)];
  return { messages: promptedMessages(conditions, format), plan, tools: names.originals(tools), warnings };
}

function conditionsOf(request: ChatRequest, format: ToolFormat): Conditions {
  return {
    tools: shownTools(request, format),
    choice: request.toolChoice,
    parallel: request.parallelCalls,
    ...(request.output && { output: request.output }),
    messages: request.messages,
    language: languageOf(request),
    copyOnly: format.copyOnlyByDefault ?? false,
  };
}

function warningsOf(request: ChatRequest, shown: readonly Tool[], plan: AnswerPlan): Warning[] {
  return [...hiddenTools(request, shown.length), ...openOutput(plan)];
}

function shownTools(request: ChatRequest, format: ToolFormat): readonly Tool[] {
  if (format.kind === 'prompted' && request.toolChoice.type === 'none') return [];
  const limit = format.toolLimit ?? Infinity;
  if (request.tools.length <= limit) return request.tools;
  const keep = request.toolChoice.type === 'tool' ? request.toolChoice.name : undefined;
  return shortlist(lastUserText(request.messages), request.tools, limit, keep);
}

/** The text of the last user message: what tools are ranked by. */
function lastUserText(messages: readonly Message[]): string {
  return messages.findLast((message) => message.role === 'user')?.content ?? '';
}

function hiddenTools(request: ChatRequest, shown: number): Warning[] {
  const hidden = request.toolChoice.type === 'none' ? 0 : request.tools.length - shown;
  if (hidden === 0) return [];
  const message = `${hidden} tools were not shown to the model: it takes the ${shown} most relevant to the request.`;
  return [{ code: 'tools_hidden', message, param: 'tools' }];
}

function openOutput({ outputRelaxed = [] }: AnswerPlan): Warning[] {
  if (outputRelaxed.length === 0) return [];
  const message = `These keywords of the output schema are not enforced: ${outputRelaxed.join(', ')}.`;
  return [{ code: 'output_relaxed', message, param: 'response_format' }];
}

const cjk = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

function languageOf(request: ChatRequest): 'en' | 'zh' {
  const texts = [
    ...request.messages.map((message) => message.content),
    ...request.tools.map((tool) => tool.description),
  ];
  return texts.some((text) => cjk.test(text)) ? 'zh' : 'en';
}

/** For templates that know tools: calls and results as they are, with ids as the model knows them. */
function nativeMessages(messages: readonly Message[], format: ToolFormat): TemplateMessage[] {
  const ids = modelIds(messages, format);
  const idOf = (id: string): string => ids.get(id) ?? id;
  return messages.map((message): TemplateMessage => {
    if (message.role === 'tool') {
      const { callId, content, name } = message;
      return { role: 'tool', content, callId: idOf(callId), ...(name !== undefined && { name }) };
    }
    if (message.role !== 'assistant') return { role: message.role, content: message.content };
    const reasoning = message.reasoning !== undefined && { reasoning: message.reasoning };
    const calls = message.calls.length > 0 && {
      calls: message.calls.map((call) => templateCall({ ...call, id: idOf(call.id) })),
    };
    return { role: 'assistant', content: message.content, ...reasoning, ...calls };
  });
}

/** By the client's id of each call: the id that the model's template is shown. */
function modelIds(messages: readonly Message[], format: ToolFormat): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  if (format.modelId === undefined) return ids;
  const calls = messages.flatMap((message) => (message.role === 'assistant' ? message.calls : []));
  for (const [ordinal, { id, name }] of calls.entries())
    if (!ids.has(id)) ids.set(id, format.modelId(id, { name, ordinal }));
  return ids;
}

/** Arguments as an object where they are JSON (templates iterate over them), verbatim where they are not. */
function templateCall(call: ToolCall) {
  try {
    return { id: call.id, name: call.name, arguments: parseExact(call.arguments) };
  } catch {
    return { id: call.id, name: call.name, arguments: call.arguments };
  }
}

/** For templates that know nothing of tools: the format writes tool list, calls and results into the text. */
function promptedMessages(conditions: Conditions, format: ToolFormat): TemplateMessage[] {
  const messages: TemplateMessage[] = [];
  let results: ToolResult[] = [];
  const names = new Map<string, string>();
  const flush = () => {
    const order = new Map([...names.keys()].map((id, index) => [id, index]));
    results.sort((a, b) => (order.get(a.callId) ?? -1) - (order.get(b.callId) ?? -1));
    if (results.length > 0) messages.push({ role: format.resultRole, content: format.renderResults(results) });
    results = [];
  };
  for (const message of conditions.messages) {
    if (message.role === 'tool') {
      const name = message.name ?? names.get(message.callId) ?? '';
      results.push({ callId: message.callId, name, content: message.content });
      continue;
    }
    flush();
    if (message.role === 'assistant' && message.calls.length > 0) {
      for (const call of message.calls) names.set(call.id, call.name);
      const turn = { text: message.content, calls: message.calls, tools: conditions.tools };
      messages.push({ role: 'assistant', content: format.render(turn) });
    } else messages.push({ role: message.role, content: message.content });
  }
  flush();
  const instructions = conditions.tools.length > 0 ? (format.instructions?.(conditions) ?? []) : [];
  return instructions.length > 0 ? withInstructions(messages, instructions) : messages;
}

/** The instructions after the caller's own system text, or as the system message where there is none. */
function withInstructions(messages: readonly TemplateMessage[], instructions: Prompt): TemplateMessage[] {
  const [first, ...rest] = messages;
  if (first?.role !== 'system') return [{ role: 'system', content: instructions }, ...messages];
  const own: Prompt = typeof first.content === 'string' ? [{ text: first.content, trusted: false }] : first.content;
  const content = joinSegments([...own, { text: '\n', trusted: true }, ...instructions]);
  return [{ role: 'system', content }, ...rest];
}
