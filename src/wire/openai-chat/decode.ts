/** A chat completions body as a ChatRequest; every complaint names the field as the caller wrote it. */

import { Field } from '../../base/decode.ts';
import type { Json } from '../../base/json.ts';
import type { ChatRequest, GuaranteeLevel, OutputSchema } from '../../chat/request.ts';
import type { Decoded } from '../protocol.ts';
import { cleanText } from './clean-text.ts';
import { checkFields } from './fields.ts';
import { decodeMessages } from './messages.ts';
import { decodeOutputSchema } from './parameters.ts';
import { decodeSampling, decodeStop } from './sampling.ts';
import { decodeToolChoice, decodeTools } from './tools.ts';
import { WarningList } from './warnings.ts';

const guaranteeLevels = ['enforce', 'report', 'off'] as const;

/** Decodes a body whose nesting is bounded (`parseBody` sees to that). */
export function decode(body: unknown, context: { readonly created: number; readonly report: boolean }): Decoded {
  const warnings = new WarningList();
  const field = new Field(cleanText(body));
  if (field.value !== body) warnings.add('replaced_characters', 'Lone surrogates and NUL characters became U+FFFD.');
  field.object();
  const model = decodeModel(field.get('model'));
  checkFields(field, warnings);
  const { tools, hasList } = decodeTools(field.get('tools'), warnings);
  const output = decodeResponseFormat(field.get('response_format'), warnings);
  const guarantee = decodeGuarantee(field.get('aimindserve'), warnings);
  const request: Omit<ChatRequest, 'warnings'> = {
    model,
    messages: decodeMessages(field.get('messages')),
    tools,
    toolChoice: decodeToolChoice(field.get('tool_choice'), tools),
    parallelCalls: field.get('parallel_tool_calls').optional((item) => item.boolean()) ?? true,
    sampling: decodeSampling(field),
    stop: decodeStop(field.get('stop')),
    ...(output && { output }),
    templateVariables: decodeTemplateVariables(field.get('chat_template_kwargs')),
    ...(guarantee && { guarantee }),
  };
  const reply = {
    stream: field.get('stream').optional((item) => item.boolean()) ?? false,
    model,
    created: context.created,
    includeUsage: decodeIncludeUsage(field.get('stream_options')),
    envelope: hasList,
    report: context.report,
  };
  return { request: { ...request, warnings: warnings.all() }, reply };
}

function decodeModel(field: Field): string {
  if (field.string() === '') throw field.invalid('a model must be named');
  return field.string();
}

function decodeIncludeUsage(field: Field): boolean {
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
