/** The variables and functions a template sees. */

import { RequestError } from '../base/errors.ts';
import { type ExactJson, type Json, parseExact } from '../base/json.ts';
import type { Tool } from '../chat/tool.ts';
import { Environment, type Scope, type Value } from './library.ts';
import { makeMap } from './list-filters.ts';
import { failed } from './operators.ts';
import type { Rendering, RenderStyle, TemplateCall, TemplateMessage } from './rendering.ts';
import type { Spellings, StandIns } from './stand-ins.ts';
import { strftime } from './strftime.ts';
import {
  isInteger,
  isText,
  nullValue,
  toBoolean,
  toFunction,
  toInteger,
  toList,
  toMap,
  toText,
  toValue,
} from './value.ts';

/** What the tokenizer says about special tokens; spellings are empty where the model has none. */
export interface TokenFacts {
  readonly bosToken: string;
  readonly eosToken: string;
  readonly specialTokens: readonly string[];
}

/** What a scope is made with, besides the request. */
export interface ScopeTools {
  readonly tokens: TokenFacts;
  readonly style: RenderStyle;
  readonly standIns: StandIns;
  /** The spellings that are kept out of an assistant's text. */
  readonly assistantSpellings: Spellings;
}

const constants: ReadonlyArray<readonly [string, Value]> = [
  ['true', toBoolean(true)],
  ['True', toBoolean(true)],
  ['false', toBoolean(false)],
  ['False', toBoolean(false)],
  ['none', nullValue],
  ['None', nullValue],
];

/** Names that clients may not set: ours, and those that the language itself uses. */
const reserved: ReadonlySet<string> = new Set([
  ...constants.map(([name]) => name),
  ...[
    'raise_exception',
    'strftime_now',
    'range',
    'namespace',
    'dict',
    'joiner',
    'loop',
    'self',
    'super',
    'caller',
    'varargs',
    'kwargs',
  ],
  ...['messages', 'tools', 'documents', 'add_generation_prompt', 'bos_token', 'eos_token'],
]);

/** Everything a template may use for this request; strangers' text in it has its stand-ins. */
export function createScope(rendering: Rendering, made: ScopeTools): Scope {
  const builder = new ContextBuilder(made);
  const scope = new Environment();
  for (const [name, value] of Object.entries(rendering.variables)) {
    if (reserved.has(name)) throw taken(name);
    scope.setVariable(name, builder.json(value));
  }
  for (const [name, value] of constants) scope.setVariable(name, value);
  scope.setVariable('messages', toList(rendering.messages.map((message) => builder.message(message))));
  const tools = rendering.tools ?? [];
  scope.setVariable('tools', tools.length === 0 ? nullValue : toList(tools.map((tool) => builder.tool(tool))));
  scope.setVariable('documents', nullValue);
  scope.setVariable('add_generation_prompt', toBoolean(rendering.addGenerationPrompt));
  scope.setVariable('bos_token', toText(made.tokens.bosToken));
  scope.setVariable('eos_token', toText(made.tokens.eosToken));
  scope.setVariable(
    'raise_exception',
    toFunction((args) => refuse(args, made.standIns)),
  );
  scope.setVariable('range', toFunction(range));
  scope.setVariable(
    'dict',
    toFunction((args) => makeMap(args)),
  );
  scope.setVariable('joiner', toFunction(joiner));
  scope.setVariable(
    'strftime_now',
    toFunction(([format]) => toText(strftime(rendering.now, isText(format) ? format.value : '%Y-%m-%d'))),
  );
  return scope;
}

/** Turns a request into template values, with stand-ins wherever a stranger's text goes. */
class ContextBuilder {
  readonly #made: ScopeTools;

  constructor(made: ScopeTools) {
    this.#made = made;
  }

  json(value: Json | ExactJson): Value {
    return toValue(value, (text) => this.#made.standIns.protect(text));
  }

  message({ role, content, reasoning, calls = [], callId, name }: TemplateMessage): Value {
    const { standIns, assistantSpellings } = this.#made;
    const spellings = role === 'assistant' ? assistantSpellings : undefined;
    const text =
      typeof content === 'string' ? standIns.protect(content, spellings) : standIns.protectPrompt(content, spellings);
    const absent = text === '' && calls.length > 0 && this.#made.style.emptyContent === 'null';
    const fields = new Map([
      ['role', toText(role)],
      ['content', absent ? nullValue : toText(text)],
    ]);
    if (reasoning !== undefined) fields.set(this.#made.style.reasoningAs, this.json(reasoning));
    if (calls.length > 0) fields.set('tool_calls', toList(calls.map((call) => this.#call(call))));
    if (callId !== undefined) fields.set('tool_call_id', this.json(callId));
    if (name !== undefined) fields.set('name', this.json(name));
    return toMap(fields);
  }

  tool({ name, description, parameters }: Tool): Value {
    const schema = typeof parameters === 'boolean' ? { type: 'object', properties: {} } : parameters;
    return this.json({ type: 'function', function: { name, description, parameters: schema } });
  }

  #call(call: TemplateCall): Value {
    const called = new Map([
      ['name', this.json(call.name)],
      ['arguments', this.#arguments(call.arguments)],
    ]);
    return toMap(
      new Map<string, Value>([
        ['id', this.json(call.id)],
        ['type', toText('function')],
        ['function', toMap(called)],
      ]),
    );
  }

  /** Most templates want an object; text that is no JSON goes in as it is rather than not at all. */
  #arguments(value: ExactJson | string): Value {
    if (typeof value !== 'string') return this.json(value);
    if (this.#made.style.argumentsAs === 'string') return this.json(value);
    try {
      return this.json(parseExact(value));
    } catch {
      return this.json(value);
    }
  }
}

/** Jinja's `joiner`: nothing at its first call, the separator at all others. */
function joiner([separator = toText(', ')]: readonly Value[]): Value {
  let isUsed = false;
  return toFunction(() => {
    const text = isUsed ? separator : toText('');
    isUsed = true;
    return text;
  });
}

function refuse([reason]: readonly Value[], standIns: StandIns): never {
  const text = isText(reason) ? standIns.plain(reason.value) : 'it gives no reason';
  throw new RequestError('template_failed', `The model's chat template refuses these messages: ${text}`);
}

/** Python's `range`, with so few elements at most that they may be held. */
function range(args: readonly Value[]): Value {
  const numbers = args.map((value) => {
    if (!isInteger(value)) throw failed('calls range() with something that is no integer');
    return value.value;
  });
  const [start, stop, step] =
    numbers.length < 2 ? [0, numbers[0] ?? 0, 1] : [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 1];
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!(length <= 100_000)) throw failed(`calls range() for ${length} numbers`);
  return toList(Array.from({ length }, (_, index) => toInteger(start + index * step)));
}

function taken(name: string): RequestError {
  const param = `chat_template_kwargs.${name}`;
  return new RequestError(
    'invalid_value',
    `'${param}' would replace something the chat template is given by the server.`,
    {
      param,
    },
  );
}
