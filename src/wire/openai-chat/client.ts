/** The other end of chat completions: a ChatRequest as the body that a server of this protocol is sent. */

import type { Json, JsonObject } from '../../base/json.ts';
import type { ContentPart, Message, ToolCall } from '../../chat/message.ts';
import type { ChatRequest, OutputSchema, Sampling } from '../../chat/request.ts';
import type { Tool, ToolChoice } from '../../chat/tool.ts';

/** How a server wants to be asked. */
export interface ClientDialect {
  /** What it calls the model. */
  readonly model: string;
  /** Fields that it refuses; without `max_tokens` the limit is called `max_completion_tokens`. */
  readonly without: ReadonlySet<string>;
}

/** OpenAI takes four and refuses more; all of them are kept by whoever reads the answer. */
const maxStops = 4;

/** The body of a streamed question for one choice; calls' arguments go back as the text they came as. */
export function encodeRequest(request: ChatRequest, { model, without }: ClientDialect): JsonObject {
  const fields: Record<string, Json | undefined> = {
    model,
    messages: encodeMessages(request.messages, without),
    ...encodeTools(request),
    ...encodeSampling(request.sampling, without),
    ...(request.stop.length > 0 && { stop: request.stop.slice(0, maxStops) }),
    ...(request.output && { response_format: encodeOutput(request.output) }),
    ...(Object.keys(request.templateVariables).length > 0 && { chat_template_kwargs: request.templateVariables }),
    stream: true,
    stream_options: { include_usage: true },
  };
  const sent: Record<string, Json> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined && !without.has(name)) sent[name] = value;
  return sent;
}

/** Fields that an answer can do without, and that some server refuses; `max_tokens` is refused by the newest. */
export const sparableFields: readonly string[] = [
  'max_tokens',
  'stream_options',
  'top_k',
  'min_p',
  'repetition_penalty',
  'presence_penalty',
  'frequency_penalty',
  'temperature',
  'top_p',
  'seed',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'parallel_tool_calls',
  'chat_template_kwargs',
  'reasoning_content',
  'response_format',
  'stop',
  'tool_choice',
];

/** How tokens are drawn, as the protocol's chat and completions both spell it; limits and log probabilities they spell apart. */
export function samplingFields(sampling: Sampling): Record<string, Json | undefined> {
  const { logitBias } = sampling;
  return {
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    min_p: sampling.minP,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    repetition_penalty: sampling.repeatPenalty,
    seed: sampling.seed,
    ...(logitBias && { logit_bias: Object.fromEntries(logitBias) }),
  };
}

function encodeSampling(sampling: Sampling, without: ReadonlySet<string>): Record<string, Json | undefined> {
  const { maxTokens, topLogprobs } = sampling;
  const limit = without.has('max_tokens') ? 'max_completion_tokens' : 'max_tokens';
  return {
    ...samplingFields(sampling),
    [limit]: maxTokens,
    ...(topLogprobs !== undefined && { logprobs: true, ...(topLogprobs > 0 && { top_logprobs: topLogprobs }) }),
  };
}

/** Of tools that may not be called the server learns nothing: few know `allowed_tools`. */
function encodeTools({ tools, toolChoice, parallelCalls }: ChatRequest): Record<string, Json> {
  const allowed = 'allowed' in toolChoice ? toolChoice.allowed : undefined;
  const shown = allowed === undefined ? tools : tools.filter(({ name }) => allowed.includes(name));
  if (shown.length === 0) return {};
  return {
    tools: shown.map(encodeTool),
    tool_choice: encodeToolChoice(toolChoice),
    // True is what absence means, and some servers do not know the field.
    ...(!parallelCalls && { parallel_tool_calls: false }),
  };
}

function encodeTool({ name, description, parameters, strict }: Tool): Json {
  const definition = {
    name,
    ...(description !== '' && { description }),
    parameters,
    ...(strict !== undefined && { strict }),
  };
  return { type: 'function', function: definition };
}

function encodeToolChoice(choice: ToolChoice): Json {
  return choice.type === 'tool' ? { type: 'function', function: { name: choice.name } } : choice.type;
}

function encodeOutput(output: OutputSchema): Json {
  if (output.type === 'json_object') return { type: 'json_object' };
  return { type: 'json_schema', json_schema: { name: output.name, schema: output.schema } };
}

/** Pictures in results follow them in a message of the user: no server refuses them there, and most do elsewhere. */
function encodeMessages(messages: readonly Message[], without: ReadonlySet<string>): readonly Json[] {
  const encoded: Json[] = [];
  let shown: Json[] = [];
  for (const message of messages) {
    if (message.role !== 'tool' && shown.length > 0) {
      encoded.push({ role: 'user', content: shown });
      shown = [];
    }
    encoded.push(encodeMessage(message, without));
    if (message.role === 'tool') shown.push(...picturesOf(message));
  }
  if (shown.length > 0) encoded.push({ role: 'user', content: shown });
  return encoded;
}

function encodeMessage(message: Message, without: ReadonlySet<string>): Json {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content };
    case 'user':
      return { role: 'user', content: message.parts === undefined ? message.content : message.parts.map(encodePart) };
    case 'tool':
      // Each picture's place is named there.
      return { role: 'tool', tool_call_id: message.callId, content: message.content };
    case 'assistant': {
      const { content, reasoning, calls } = message;
      return {
        role: 'assistant',
        content: content === '' && calls.length > 0 ? null : content,
        ...(reasoning !== undefined && !without.has('reasoning_content') && { reasoning_content: reasoning }),
        ...(calls.length > 0 && { tool_calls: calls.map(encodeCall) }),
      };
    }
  }
}

function encodeCall({ id, name, arguments: text }: ToolCall): Json {
  return { id, type: 'function', function: { name, arguments: text } };
}

function picturesOf({ callId, parts = [] }: Extract<Message, { role: 'tool' }>): readonly Json[] {
  const pictures = parts.filter((part) => part.type === 'image').map(encodePart);
  return pictures.length === 0
    ? []
    : [{ type: 'text', text: `The pictures in the result of call ${callId}:` }, ...pictures];
}

function encodePart(part: ContentPart): Json {
  if (part.type === 'text') return { type: 'text', text: part.text };
  const { url, detail } = part.image;
  return { type: 'image_url', image_url: { url, ...(detail !== undefined && { detail }) } };
}
