/** The ways in which a body can ask wrongly for more than an answer: allowed tools, functions, choices, tokens. */

import { describe } from 'vitest';
import { type BadBody, itRefuses } from '../bad-body.contract.ts';
import { openaiChat } from './protocol.ts';

const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } };
const body = (fields: object): object => ({ model: 'm', messages: [{ role: 'user', content: 'hi' }], ...fields });
const func = { name: 'f', parameters: { type: 'object', properties: {} } };
const named = (name: string) => ({ type: 'function', function: { name } });
const allowed = (given: unknown): object =>
  body({ tools: [tool], tool_choice: { type: 'allowed_tools', allowed_tools: given } });
const allowedAt = 'tool_choice.allowed_tools';

const rows: readonly BadBody[] = [
  // Allowed tools.
  [
    'allowed tools without them',
    body({ tools: [tool], tool_choice: { type: 'allowed_tools' } }),
    'missing_field',
    'tool_choice.allowed_tools',
  ],
  ['allowed tools without mode', allowed({ tools: [named('f')] }), 'missing_field', `${allowedAt}.mode`],
  ['allowed tools in no mode', allowed({ mode: 'none', tools: [named('f')] }), 'invalid_value', `${allowedAt}.mode`],
  ['allowed tools without a list', allowed({ mode: 'auto' }), 'missing_field', `${allowedAt}.tools`],
  ['allowed tools that are no list', allowed({ mode: 'auto', tools: {} }), 'invalid_type', `${allowedAt}.tools`],
  ['an empty list of allowed tools', allowed({ mode: 'auto', tools: [] }), 'invalid_value', `${allowedAt}.tools`],
  [
    'an allowed tool that is not there',
    allowed({ mode: 'auto', tools: [named('f'), named('g')] }),
    'unknown_tool',
    `${allowedAt}.tools[1].function.name`,
  ],
  [
    'an allowed tool without name',
    allowed({ mode: 'required', tools: [{ type: 'function', function: {} }] }),
    'missing_field',
    `${allowedAt}.tools[0].function.name`,
  ],
  [
    'an allowed tool of another kind',
    allowed({ mode: 'auto', tools: [{ type: 'mcp', server_label: 'x' }] }),
    'unsupported_field',
    `${allowedAt}.tools[0]`,
  ],
  ['an allowed tool that is text', allowed({ mode: 'auto', tools: ['f'] }), 'invalid_type', `${allowedAt}.tools[0]`],
  [
    'a bare list of allowed tools with an unknown one',
    body({ tools: [tool], tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ name: 'g' }] } }),
    'unknown_tool',
    'tool_choice.tools[0].name',
  ],
  // Functions, the older spelling.
  ['functions that are no list', body({ functions: {} }), 'invalid_type', 'functions'],
  ['a function that is text', body({ functions: ['f'] }), 'invalid_type', 'functions[0]'],
  ['a function without name', body({ functions: [{}] }), 'missing_field', 'functions[0].name'],
  [
    'a function with bad parameters',
    body({ functions: [{ name: 'f', parameters: { type: 'string' } }] }),
    'invalid_schema',
    'functions[0].parameters.type',
  ],
  ['two functions of one name', body({ functions: [func, func] }), 'duplicate_tool', 'functions[1].name'],
  ['functions beside tools', body({ functions: [func], tools: [tool] }), 'invalid_value', 'tools'],
  ['functions with a choice', body({ functions: [func], tool_choice: 'auto' }), 'invalid_value', 'tool_choice'],
  ['a demanded function without functions', body({ function_call: { name: 'f' } }), 'tools_missing', 'function_call'],
  [
    'a demanded function that is not there',
    body({ functions: [func], function_call: { name: 'g' } }),
    'unknown_tool',
    'function_call',
  ],
  [
    'a demanded function without name',
    body({ functions: [func], function_call: {} }),
    'missing_field',
    'function_call.name',
  ],
  ['an unknown demand', body({ functions: [func], function_call: 'required' }), 'invalid_value', 'function_call'],
  ['a demand of the wrong type', body({ functions: [func], function_call: 5 }), 'invalid_type', 'function_call'],
  ['a function call beside tools', body({ tools: [tool], function_call: 'none' }), 'invalid_value', 'function_call'],
  // Several answers, and what is said of their tokens.
  ['no answer at all', body({ n: 0 }), 'invalid_value', 'n'],
  ['too many answers', body({ n: 129 }), 'invalid_value', 'n'],
  ['half an answer', body({ n: 1.5 }), 'invalid_type', 'n'],
  ['answers as text', body({ n: '2' }), 'invalid_type', 'n'],
  ['log probabilities as a number', body({ logprobs: 5 }), 'invalid_type', 'logprobs'],
  ['top log probabilities alone', body({ top_logprobs: 3 }), 'invalid_value', 'top_logprobs'],
  ['too many of them', body({ logprobs: true, top_logprobs: 21 }), 'invalid_value', 'top_logprobs'],
  ['fewer than none', body({ logprobs: true, top_logprobs: -1 }), 'invalid_value', 'top_logprobs'],
  ['top log probabilities as true', body({ logprobs: true, top_logprobs: true }), 'invalid_type', 'top_logprobs'],
  ['a bias that is a list', body({ logit_bias: [5] }), 'invalid_type', 'logit_bias'],
  ['a bias of a word', body({ logit_bias: { the: 1 } }), 'invalid_value', 'logit_bias.the'],
  ['a bias of a negative token', body({ logit_bias: { '-1': 1 } }), 'invalid_value', 'logit_bias.-1'],
  ['a bias of a fraction', body({ logit_bias: { '1.5': 1 } }), 'invalid_value', 'logit_bias.1.5'],
  ['a bias of a token spelled twice', body({ logit_bias: { '007': 1 } }), 'invalid_value', 'logit_bias.007'],
  ['a bias as text', body({ logit_bias: { '5': '1' } }), 'invalid_type', 'logit_bias.5'],
  ['a bias that is null', body({ logit_bias: { '5': null } }), 'invalid_type', 'logit_bias.5'],
  ['a bias too strong', body({ logit_bias: { '5': 1, '50256': -100.1 } }), 'invalid_value', 'logit_bias.50256'],
  [
    'a bias for a whole vocabulary',
    body({ logit_bias: Object.fromEntries(Array.from({ length: 1_025 }, (_, id) => [id, 1])) }),
    'invalid_value',
    'logit_bias',
  ],
];

describe('a bad wish', () => {
  itRefuses(openaiChat, rows);
});
