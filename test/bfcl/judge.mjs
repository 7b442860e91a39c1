/** What an answer promised and did not keep, by the tools as they were sent. */

import { isDeepStrictEqual } from 'node:util';

/**
 * Counts and findings of one answer. `asked`: `{ body, schemas }`, the schemas in the order of the body's tools;
 * `validate`: this product's validator.
 */
export function judge({ body: answer, wire, error }, { body, schemas }, validate) {
  const found = { calls: 0, invalid: [], cut: 0, leftOut: 0, wrong: [], wire: [...wire], undeclared: 0 };
  if (error !== undefined) return found;
  const [{ message, finish_reason: finish }] = answer.choices;
  const { calls: told, warnings } = answer.aimindserve;
  const calls = message.tool_calls ?? [];
  const byName = new Map(body.tools.map((tool, index) => [tool.function.name, schemas[index]]));
  found.calls = calls.length;
  for (const [index, call] of calls.entries()) {
    const isCut = told[index]?.outcome === 'cut';
    if (isCut) judgeCut({ call, finish, isLast: index === calls.length - 1 }, found);
    else judgeCall(call.function, byName, { found, validate });
    if (isCut && !byName.has(call.function.name)) found.invalid.push(`no tool ${call.function.name}`);
  }
  found.leftOut = warnings.filter(({ code }) => code === 'call_left_out' || code === 'call_cut').length;
  found.wrong = choiceNotKept({ calls, finish, body });
  found.wire.push(...endNotKept({ answer, finish, calls, body }));
  return found;
}

function judgeCall({ name, arguments: text }, byName, { found, validate }) {
  const schema = byName.get(name);
  if (schema === undefined) return found.invalid.push(`no tool ${name}`);
  try {
    const value = JSON.parse(text);
    found.invalid.push(...validate(schema, value).map(({ path, message }) => `${name}${path}: ${message}`));
    if (Object.keys(value).some((key) => !Object.hasOwn(schema.properties ?? {}, key))) found.undeclared++;
  } catch (cause) {
    found.invalid.push(`${name}: ${cause.message}`);
  }
}

/** A cut call is the last, the token limit cut it, and nobody can take it for a whole one. */
function judgeCut({ call, finish, isLast }, found) {
  found.cut++;
  if (!isLast || finish !== 'length') found.wire.push('a cut call that is not the last before the limit');
  try {
    JSON.parse(call.function.arguments);
    found.wire.push(`a cut call whose arguments are whole: ${call.function.arguments.slice(0, 80)}`);
  } catch {}
}

function choiceNotKept({ calls, finish, body: { tool_choice: choice, parallel_tool_calls: parallel } }) {
  const name = choice.function?.name;
  const wrong = [];
  if (choice === 'none' && calls.length > 0) wrong.push('a call though none was allowed');
  if (!parallel && calls.length > 1) wrong.push(`${calls.length} calls though one was allowed`);
  if (name !== undefined && calls.some((call) => call.function.name !== name)) wrong.push(`not only ${name} called`);
  const isDemanded = name !== undefined || choice === 'required';
  if (isDemanded && calls.length === 0 && finish !== 'length') wrong.push('no call though one was demanded');
  return wrong;
}

function endNotKept({ answer, finish, calls, body }) {
  const wrong = [];
  const { message } = answer.choices[0];
  const expected = calls.length > 0 ? 'tool_calls' : 'stop';
  if (finish !== 'length' && finish !== expected) wrong.push(`finish_reason ${finish} with ${calls.length} calls`);
  const { completion_tokens: written, total_tokens: total } = answer.usage;
  if (written > body.max_tokens) wrong.push(`${written} tokens of ${body.max_tokens}`);
  if (finish === 'length' && written < body.max_tokens && total < 4_000) wrong.push(`length after ${written} tokens`);
  if (calls.length === 0 && typeof message.content !== 'string') wrong.push('neither calls nor content');
  if (calls.length > 0 && message.content !== null && message.content.trim() === '') wrong.push('blank content');
  if (new Set(calls.map(({ id }) => id)).size < calls.length) wrong.push('two calls with one id');
  return wrong;
}

/**
 * `same`; `engine` where the model itself wrote another text, or the same text in other tokens; `different` where what
 * was said differs though the model wrote the same.
 */
export function compare(whole, streamed) {
  if (whole.error !== undefined || streamed.error !== undefined)
    return whole.error === streamed.error && whole.message === streamed.message ? 'same' : 'different';
  const [one, other] = [comparable(whole.body), comparable(streamed.body)];
  if (isDeepStrictEqual(one, other)) return 'same';
  const sameSaid = isDeepStrictEqual({ ...one, tokens: {} }, { ...other, tokens: {} });
  return sameSaid || one.report.raw !== other.report.raw ? 'engine' : 'different';
}

/** Without ids, times and what the cache spared. */
function comparable({ choices, usage, aimindserve, model, object }) {
  const [{ message, ...choice }] = choices;
  const calls = message.tool_calls?.map(({ id: _id, ...call }) => call);
  const { prompt_tokens_details: _details, ...tokens } = usage;
  const { queue_ms: _queue, cached_tokens: _cached, calls: told, ...report } = aimindserve;
  const outcomes = told.map(({ id: _id, ...call }) => call);
  return { model, object, choice, message: { ...message, tool_calls: calls }, tokens, report, outcomes };
}
