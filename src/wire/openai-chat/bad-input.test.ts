/** Every way a body can be wrong, and what the caller is told: status, code, and the path in his own words. */

import { describe, expect, it } from 'vitest';
import { type BadBody, itRefuses, refusalOf } from '../bad-body.contract.ts';
import { openaiChat } from './protocol.ts';

const user = { role: 'user', content: 'hi' };
const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } };
const called = (id: string) => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ id, type: 'function', function: { name: 'f', arguments: '{}' } }],
});

const body = (fields: object): object => ({ model: 'm', messages: [user], ...fields });
const messages = (...list: unknown[]): object => body({ messages: list });
const tools = (...list: unknown[]): object => body({ tools: list });
const parameters = (value: unknown): object => tools({ type: 'function', function: { name: 'f', parameters: value } });

const at = 'tools[0].function.parameters';
const rows: readonly BadBody[] = [
  // The body as such.
  ['a string for a body', 'x', 'invalid_type', ''],
  ['null for a body', null, 'invalid_type', ''],
  ['an array for a body', [], 'invalid_type', ''],
  ['no model', { messages: [user] }, 'missing_field', 'model'],
  ['a model of the wrong type', body({ model: 5 }), 'invalid_type', 'model'],
  ['an empty model', body({ model: '' }), 'invalid_value', 'model'],
  // Messages.
  ['no messages', { model: 'm' }, 'missing_field', 'messages'],
  ['messages that are no list', body({ messages: 'hi' }), 'invalid_type', 'messages'],
  ['an empty message list', messages(), 'invalid_messages', 'messages'],
  ['a message that is null', messages(null), 'missing_field', 'messages[0]'],
  ['a message that is text', messages('hi'), 'invalid_type', 'messages[0]'],
  ['a message without role', messages({ content: 'x' }), 'missing_field', 'messages[0].role'],
  ['an unknown role', messages({ role: 'robot', content: 'x' }), 'invalid_value', 'messages[0].role'],
  ['a user without content', messages({ role: 'user' }), 'missing_field', 'messages[0].content'],
  ['content of the wrong type', messages({ role: 'user', content: 5 }), 'invalid_type', 'messages[0].content'],
  ['content that is an object', messages({ role: 'user', content: {} }), 'invalid_type', 'messages[0].content'],
  [
    'an image',
    messages(user, {
      role: 'user',
      content: [
        { type: 'text', text: 'a' },
        { type: 'image_url', image_url: {} },
      ],
    }),
    'missing_field',
    'messages[1].content[1].image_url.url',
  ],
  [
    'an image that is a page',
    messages({ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:text/html;base64,AAAA' } }] }),
    'invalid_value',
    'messages[0].content[0].image_url.url',
  ],
  [
    'an image that is no base64',
    messages({ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,A*AA' } }] }),
    'invalid_value',
    'messages[0].content[0].image_url.url',
  ],
  [
    'an image in a file of the server',
    messages({ role: 'user', content: [{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }] }),
    'invalid_value',
    'messages[0].content[0].image_url.url',
  ],
  [
    'an image behind a password',
    messages({ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a:b@example.com/' } }] }),
    'invalid_value',
    'messages[0].content[0].image_url.url',
  ],
  [
    'an image of the system',
    messages({ role: 'system', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] }),
    'unsupported_field',
    'messages[0].content[0]',
  ],
  [
    'audio',
    messages({ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }),
    'unsupported_field',
    'messages[0].content[0]',
  ],
  [
    'a text part without text',
    messages({ role: 'user', content: [{ type: 'text' }] }),
    'missing_field',
    'messages[0].content[0].text',
  ],
  ['a part that is a number', messages({ role: 'user', content: [5] }), 'invalid_type', 'messages[0].content[0]'],
  [
    'an unfinished turn to go on with',
    messages(user, { role: 'assistant', content: 'x', prefix: true }),
    'unsupported_field',
    'messages[1].prefix',
  ],
  [
    'calls that are no list',
    messages(user, { role: 'assistant', tool_calls: {} }),
    'invalid_type',
    'messages[1].tool_calls',
  ],
  [
    'a call without function',
    messages(user, { role: 'assistant', tool_calls: [{ id: 'a' }] }),
    'missing_field',
    'messages[1].tool_calls[0].function',
  ],
  [
    'a call without name',
    messages(user, { role: 'assistant', tool_calls: [{ id: 'a', function: {} }] }),
    'missing_field',
    'messages[1].tool_calls[0].function.name',
  ],
  [
    'a call with an empty name',
    messages(user, { role: 'assistant', tool_calls: [{ id: 'a', function: { name: '' } }] }),
    'invalid_value',
    'messages[1].tool_calls[0].function.name',
  ],
  [
    'an id that is a number',
    messages(user, { role: 'assistant', tool_calls: [{ id: 5, function: { name: 'f' } }] }),
    'invalid_type',
    'messages[1].tool_calls[0].id',
  ],
  [
    'arguments that are a number',
    messages(user, { role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'f', arguments: 5 } }] }),
    'invalid_type',
    'messages[1].tool_calls[0].function.arguments',
  ],
  [
    'a call of another kind',
    messages(user, { role: 'assistant', tool_calls: [{ id: 'a', type: 'custom', custom: {} }] }),
    'unsupported_field',
    'messages[1].tool_calls[0]',
  ],
  [
    'a result with no call',
    messages(user, { role: 'tool', tool_call_id: 'a', content: 'x' }),
    'invalid_messages',
    'messages[1].tool_call_id',
  ],
  ['a result with no id and no call', messages({ role: 'tool', content: 'x' }), 'invalid_messages', 'messages[0]'],
  [
    'a result before its call',
    messages(user, { role: 'tool', tool_call_id: 'a', content: 'x' }, called('a')),
    'invalid_messages',
    'messages[1].tool_call_id',
  ],
  [
    'a result of another call',
    messages(user, called('a'), { role: 'tool', tool_call_id: 'b', content: 'x' }),
    'invalid_messages',
    'messages[2].tool_call_id',
  ],
  [
    'two results of one call',
    messages(
      user,
      called('a'),
      { role: 'tool', tool_call_id: 'a', content: 'x' },
      { role: 'tool', tool_call_id: 'a', content: 'y' },
    ),
    'invalid_messages',
    'messages[3].tool_call_id',
  ],
  // Tools.
  ['tools that are no list', body({ tools: {} }), 'invalid_type', 'tools'],
  ['a tool that is null', tools(null), 'missing_field', 'tools[0]'],
  ['a tool that is text', tools('f'), 'invalid_type', 'tools[0]'],
  ['a tool without function', tools({ type: 'function' }), 'missing_field', 'tools[0].function'],
  ['a tool without name', tools({ type: 'function', function: {} }), 'missing_field', 'tools[0].function.name'],
  ['a tool with an empty name', tools({ function: { name: '' } }), 'invalid_value', 'tools[0].function.name'],
  ['a name with a line break', tools({ function: { name: 'a\nb' } }), 'invalid_value', 'tools[0].function.name'],
  ['a name that is blank', tools({ name: ' ' }), 'invalid_value', 'tools[0].name'],
  ['a name without end', tools({ name: 'x'.repeat(257) }), 'invalid_value', 'tools[0].name'],
  ['a description of the wrong type', tools({ name: 'f', description: 5 }), 'invalid_type', 'tools[0].description'],
  ['two tools of one name', tools(tool, { name: 'f' }), 'duplicate_tool', 'tools[1].name'],
  ['too many tools', tools(...Array.from({ length: 8_193 }, () => tool)), 'invalid_value', 'tools'],
  ['parameters that are text', parameters('{}'), 'invalid_type', at],
  ['parameters of another type', parameters({ type: 'string' }), 'invalid_schema', `${at}.type`],
  [
    'a type nobody knows',
    parameters({ properties: { a: { type: 'colour' } } }),
    'invalid_schema',
    `${at}.properties.a.type`,
  ],
  ['a property that is no schema', parameters({ properties: { a: 5 } }), 'invalid_type', `${at}.properties.a`],
  ['properties that are no map', parameters({ properties: 5 }), 'invalid_type', `${at}.properties`],
  ['a listed parameter without name', parameters([{ type: 'string' }]), 'missing_field', `${at}[0].name`],
  ['a listed parameter that is text', parameters(['city']), 'invalid_type', `${at}[0]`],
  ['a parameter listed twice', parameters([{ name: 'a' }, { name: 'a' }]), 'invalid_schema', `${at}[1]`],
  // The choice.
  ['a demand without tools', body({ tool_choice: 'required' }), 'tools_missing', 'tool_choice'],
  ['a demand with an empty list', body({ tools: [], tool_choice: 'required' }), 'tools_missing', 'tool_choice'],
  [
    'a named choice without tools',
    body({ tool_choice: { type: 'function', function: { name: 'f' } } }),
    'tools_missing',
    'tool_choice',
  ],
  [
    'a named choice of a tool that is not there',
    body({ tools: [tool], tool_choice: { type: 'function', function: { name: 'g' } } }),
    'unknown_tool',
    'tool_choice',
  ],
  ['an unknown choice', body({ tools: [tool], tool_choice: 'any' }), 'invalid_value', 'tool_choice'],
  ['a choice of the wrong type', body({ tools: [tool], tool_choice: 5 }), 'invalid_type', 'tool_choice'],
  [
    'a choice of another kind',
    body({ tools: [tool], tool_choice: { type: 'custom', custom: { name: 'f' } } }),
    'unsupported_field',
    'tool_choice',
  ],
  ['a choice of no kind', body({ tools: [tool], tool_choice: { type: 'any' } }), 'invalid_value', 'tool_choice.type'],
  [
    'a named choice without name',
    body({ tools: [tool], tool_choice: { type: 'function' } }),
    'missing_field',
    'tool_choice.function',
  ],
  // Numbers.
  ['a temperature that is text', body({ temperature: '1' }), 'invalid_type', 'temperature'],
  ['a temperature too high', body({ temperature: 2.1 }), 'invalid_value', 'temperature'],
  ['a negative top_p', body({ top_p: -0.1 }), 'invalid_value', 'top_p'],
  ['a top_k with a fraction', body({ top_k: 1.5 }), 'invalid_type', 'top_k'],
  ['a top_k below -1', body({ top_k: -2 }), 'invalid_value', 'top_k'],
  ['a min_p above 1', body({ min_p: 2 }), 'invalid_value', 'min_p'],
  ['a penalty out of range', body({ presence_penalty: 3 }), 'invalid_value', 'presence_penalty'],
  ['the other penalty out of range', body({ frequency_penalty: -3 }), 'invalid_value', 'frequency_penalty'],
  ['a repetition penalty of 0', body({ repetition_penalty: 0 }), 'invalid_value', 'repetition_penalty'],
  ['no tokens at all', body({ max_tokens: 0 }), 'invalid_value', 'max_tokens'],
  ['tokens that are text', body({ max_completion_tokens: '5' }), 'invalid_type', 'max_completion_tokens'],
  ['a seed with a fraction', body({ seed: 0.5 }), 'invalid_type', 'seed'],
  // Other fields.
  ['stream as text', body({ stream: 'true' }), 'invalid_type', 'stream'],
  ['stream options that are true', body({ stream_options: true }), 'invalid_type', 'stream_options'],
  [
    'include_usage as text',
    body({ stream_options: { include_usage: 'yes' } }),
    'invalid_type',
    'stream_options.include_usage',
  ],
  ['parallel calls as a number', body({ parallel_tool_calls: 1 }), 'invalid_type', 'parallel_tool_calls'],
  ['a stop that is a number', body({ stop: 5 }), 'invalid_type', 'stop'],
  ['a list of stops with a number', body({ stop: ['a', 5] }), 'invalid_type', 'stop[1]'],
  ['too many stops', body({ stop: Array.from({ length: 17 }, () => 'x') }), 'invalid_value', 'stop'],
  ['a stop without end', body({ stop: 'x'.repeat(4_097) }), 'invalid_value', 'stop'],
  ['a response format without type', body({ response_format: {} }), 'missing_field', 'response_format.type'],
  ['an unknown response format', body({ response_format: { type: 'xml' } }), 'invalid_value', 'response_format.type'],
  [
    'an output schema that is missing',
    body({ response_format: { type: 'json_schema', json_schema: { name: 'x' } } }),
    'missing_field',
    'response_format.json_schema.schema',
  ],
  [
    'an output schema that is text',
    body({ response_format: { type: 'json_schema', json_schema: { schema: 'x' } } }),
    'invalid_type',
    'response_format.json_schema.schema',
  ],
  ['template variables that are a list', body({ chat_template_kwargs: [] }), 'invalid_type', 'chat_template_kwargs'],
  [
    'a template variable that is ours',
    body({ chat_template_kwargs: { messages: [] } }),
    'invalid_value',
    'chat_template_kwargs.messages',
  ],
  ['an unknown guarantee', body({ aimindserve: { guarantee: 'maybe' } }), 'invalid_value', 'aimindserve.guarantee'],
  // Fields whose meaning would be lost.
  ['spoken answers', body({ modalities: ['text', 'audio'] }), 'unsupported_field', 'modalities'],
  ['a voice', body({ audio: { voice: 'x' } }), 'unsupported_field', 'audio'],
  ['a web search', body({ web_search_options: {} }), 'unsupported_field', 'web_search_options'],
  ['a regular expression', body({ guided_regex: 'a+' }), 'unsupported_field', 'guided_regex'],
  ['a grammar', body({ grammar: 'root ::= "a"' }), 'unsupported_field', 'grammar'],
  ['a template from outside', body({ chat_template: '{{ x }}' }), 'unsupported_field', 'chat_template'],
];

describe('a bad body', () => {
  itRefuses(openaiChat, rows);
});

describe('a harmless body', () => {
  const decode = (fields: object) => openaiChat.decode(body(fields), { created: 1, report: false });

  it('takes null for absent everywhere', () => {
    const names = ['tools', 'tool_choice', 'parallel_tool_calls', 'stop', 'seed', 'temperature', 'top_p', 'top_k'];
    names.push('max_tokens', 'stream', 'stream_options', 'chat_template_kwargs', 'response_format', 'n', 'logprobs');
    names.push('logit_bias', 'functions', 'function_call', 'audio', 'store', 'aimindserve');
    const { request } = decode(Object.fromEntries(names.map((name) => [name, null])));
    expect(request).toMatchObject({ tools: [], toolChoice: { type: 'auto' }, sampling: {}, stop: [], warnings: [] });
  });

  it('takes the values that ask for nothing', () => {
    const nothing = { logprobs: false, top_logprobs: 0, logit_bias: {}, functions: [], function_call: 'auto' };
    const { request } = decode({ n: 1, best_of: 1, modalities: ['text'], ...nothing });
    expect(request).toMatchObject({ choices: 1, sampling: {}, toolChoice: { type: 'auto' }, warnings: [] });
  });

  it('lists what it ignores', () => {
    const { request } = decode({ store: true, metadata: { a: 1 }, user: 'u', reasoning_effort: 'low', my_field: 1 });
    expect(request.warnings.map(({ code, param }) => `${code} ${param}`)).toEqual([
      'ignored_field store',
      'ignored_field metadata',
      'ignored_field user',
      'ignored_field reasoning_effort',
      'ignored_field my_field',
    ]);
  });

  it('keeps the list of warnings short', () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`field${index}`, 1]));
    const { request } = decode({ ...many, ['x'.repeat(1_000_000)]: 1 });
    expect(request.warnings.length).toBe(65);
    expect(JSON.stringify(request.warnings).length).toBeLessThan(20_000);
  });

  it('drops exotic tools with a warning, and then misses them', () => {
    const { request } = decode({ tools: [{ type: 'web_search' }, tool, { type: 'custom', custom: { name: 'x' } }] });
    expect(request.tools.map(({ name }) => name)).toEqual(['f']);
    expect(request.warnings.map(({ param }) => param)).toEqual(['tools[0]', 'tools[2]']);
    expect(refusalOf(openaiChat, body({ tools: [{ type: 'web_search' }], tool_choice: 'required' })).code).toBe(
      'tools_missing',
    );
  });

  it('replaces lone surrogates and NUL, and says so', () => {
    const { request } = decode({ messages: [{ role: 'user', content: 'a\ud800b\0c😀' }] });
    expect(request.messages[0]?.content).toBe('a\ufffdb\ufffdc😀');
    expect(request.warnings.map(({ code }) => code)).toEqual(['replaced_characters']);
  });

  it('leaves markers in user text as they are', () => {
    const { request } = decode({ messages: [{ role: 'user', content: '<|im_end|><tool_call>' }] });
    expect(request.messages[0]?.content).toBe('<|im_end|><tool_call>');
  });

  it('reads limits in every spelling', () => {
    expect(decode({ max_tokens: 5 }).request.sampling).toEqual({ maxTokens: 5 });
    expect(decode({ max_tokens: 5, max_completion_tokens: 7 }).request.sampling).toEqual({ maxTokens: 7 });
    expect(decode({ max_tokens: -1, top_k: -1 }).request.sampling).toEqual({ topK: 0 });
    expect(decode({ repeat_penalty: 1.2, stop: '' }).request).toMatchObject({ sampling: { repeatPenalty: 1.2 } });
  });

  it('reads response formats', () => {
    expect(decode({ response_format: { type: 'text' } }).request.output).toBeUndefined();
    expect(decode({ response_format: { type: 'json_object' } }).request.output).toEqual({ type: 'json_object' });
    expect(decode({ response_format: { type: 'json_object', schema: { type: 'int' } } }).request.output).toEqual({
      type: 'json_schema',
      name: 'response',
      schema: { type: 'integer' },
      path: 'response_format.schema',
    });
  });

  it('is quick with 5,000 tools and with 50,000 calls and results', () => {
    const many = Array.from({ length: 5_000 }, (_, index) => ({
      type: 'function',
      function: { name: `tool_${index}`, parameters: { type: 'object', properties: { a: { type: 'string' } } } },
    }));
    const calls = Array.from({ length: 50_000 }, () => ({ id: 'same', function: { name: 'f' } }));
    const results = calls.map(() => ({ role: 'tool', tool_call_id: 'same', content: '' }));
    const long = [user, { role: 'assistant', tool_calls: calls }, ...results];
    expect(decode({ tools: many, messages: long }).request.messages.length).toBe(50_002);
  });
});
