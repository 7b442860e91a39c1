/** A chat completions body as a ChatRequest; every complaint names the field as the caller wrote it. */

import { Field } from '../../base/decode.ts';
import type { Json } from '../../base/json.ts';
import type { ChatRequest, GuaranteeLevel, OutputSchema } from '../../chat/request.ts';
import type { ToolChoice } from '../../chat/tool.ts';
import type { DecodeContext, Decoded } from '../protocol.ts';
import { cleanText } from './clean-text.ts';
import { checkFields } from './fields.ts';
import { decodeMessages } from './messages.ts';
import { decodeOutputSchema } from './parameters.ts';
import { decodeChoices, decodeMaxTokens, decodeSampling, decodeStop, decodeTopLogprobs } from './sampling.ts';
import { decodeFunctionCall, decodeToolChoice } from './tool-choice.ts';
import { type DecodedTools, decodeFunctions, decodeTools } from './tools.ts';
import { WarningList } from './warnings.ts';

const guaranteeLevels = ['enforce', 'report', 'off'] as const;

/** Decodes a body whose nesting is bounded (`parseBody` sees to that). */
export function decode(body: unknown, context: DecodeContext): Decoded {
  const warnings = new WarningList();
  const field = new Field(cleanText(body));
  if (field.value !== body) warnings.add('replaced_characters', 'Lone surrogates and NUL characters became U+FFFD.');
  field.object();
  const model = decodeModel(field.get('model'));
  checkFields(field, warnings);
  const { tools, hasList, choice, isLegacy } = decodeToolFields(field, warnings);
  const output = decodeResponseFormat(field.get('response_format'), warnings);
  const guarantee = decodeGuarantee(field.get('aimindserve'), warnings) ?? context.guarantee;
  const choices = decodeChoices(field.get('n'));
  const parallel = field.get('parallel_tool_calls').optional((item) => item.boolean()) ?? true;
  const request: Omit<ChatRequest, 'warnings'> = {
    model,
    messages: decodeMessages(field.get('messages'), warnings),
    tools,
    toolChoice: choice,
    // `function_call` has room for one.
    parallelCalls: parallel && !isLegacy,
    sampling: decodeSampling(field, { topLogprobs: decodeTopLogprobs(field), maxTokens: decodeMaxTokens(field) }),
    stop: decodeStop(field.get('stop')),
    ...(output && { output }),
    templateVariables: decodeTemplateVariables(field.get('chat_template_kwargs')),
    ...(guarantee && { guarantee }),
    ...(choices !== undefined && { choices }),
    ...(context.raw && { reportsRaw: true }),
  };
  const reply = {
    stream: field.get('stream').optional((item) => item.boolean()) ?? false,
    model,
    created: context.created,
    includeUsage: decodeIncludeUsage(field.get('stream_options')),
    envelope: hasList,
    report: context.report,
    ...(isLegacy && { functionCall: true as const }),
  };
  return { request: { ...request, warnings: warnings.all() }, reply };
}

interface ToolFields extends DecodedTools {
  readonly choice: ToolChoice;
  /** Came as `functions` and `function_call`, the pair before `tools` and `tool_choice`. */
  readonly isLegacy: boolean;
}

function decodeToolFields(body: Field, warnings: WarningList): ToolFields {
  const decoded = decodeTools(body.get('tools'), warnings);
  const legacy = decodeFunctions(body.get('functions'), warnings);
  const call = body.get('function_call');
  if (legacy.tools.length === 0) {
    if (decoded.tools.length > 0 && !call.isAbsent && call.value !== 'auto')
      throw call.invalid("it goes with 'functions'; beside 'tools', use 'tool_choice'");
    decodeFunctionCall(call, []);
    return { ...decoded, choice: decodeToolChoice(body.get('tool_choice'), decoded.tools), isLegacy: false };
  }
  for (const name of ['tools', 'tool_choice'])
    if (!isEmpty(body.get(name))) throw body.get(name).invalid("it cannot stand beside 'functions'; give one of them");
  return { ...legacy, choice: decodeFunctionCall(call, legacy.tools), isLegacy: true };
}

function isEmpty({ isAbsent, value }: Field): boolean {
  return isAbsent || (Array.isArray(value) && value.length === 0);
}

/** The name of the model that is asked. */
export function decodeModel(field: Field): string {
  if (field.string() === '') throw field.invalid('a model must be named');
  return field.string();
}

/** Does a stream end with its usage? */
export function decodeIncludeUsage(field: Field): boolean {
  if (field.isAbsent) return false;
  return field.get('include_usage').optional((item) => item.boolean()) ?? false;
}

/** Variables that the server itself gives the template. */
const reservedVariables: ReadonlySet<string> = new Set([
  'add_generation_prompt',
  'bos_token',
  'chat_template',
  'eos_token',
  'messages',
  'tools',
]);

function decodeTemplateVariables(field: Field): Readonly<Record<string, Json>> {
  if (field.isAbsent) return {};
  const variables = field.object();
  for (const name of Object.keys(variables))
    if (reservedVariables.has(name)) throw field.get(name).invalid('the server sets this variable itself');
  // The value came out of JSON.parse, so it is JSON already.
  return variables as Readonly<Record<string, Json>>;
}

function decodeGuarantee(field: Field, warnings: WarningList): GuaranteeLevel | undefined {
  if (field.isAbsent) return undefined;
  for (const name of Object.keys(field.object()))
    if (name !== 'guarantee') {
      const { path } = field.get(name);
      warnings.add('ignored_field', `The field '${path}' is ignored.`, path);
    }
  return field.get('guarantee').optional((item) => item.oneOf(guaranteeLevels));
}

function decodeResponseFormat(field: Field, warnings: WarningList): OutputSchema | undefined {
  if (field.isAbsent) return undefined;
  const type = field.get('type').oneOf(['text', 'json_object', 'json_schema']);
  if (type === 'text') return undefined;
  const bare = field.get('schema');
  if (type === 'json_object' && bare.isAbsent) return { type };
  const format = type === 'json_object' ? undefined : field.get('json_schema');
  const schema = format?.get('schema') ?? bare;
  if (schema.isAbsent) throw schema.missing();
  const name = format?.get('name').optional((item) => item.string()) ?? 'response';
  return { type: 'json_schema', name, schema: decodeOutputSchema(schema, warnings), path: schema.path };
}
