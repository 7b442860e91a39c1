/** Which spellings a request used that are understood, but not the protocol's own. */

import { isObject } from '../base/json.ts';
import type { Reply } from '../wire/protocol.ts';

/** Their names; what was looked at is bounded by the body, and every look stops at the first find. */
export function dialectsOf(body: unknown, { envelope, functionCall }: Reply): readonly string[] {
  const { messages, tools } = isObject(body) ? body : {};
  const found: ReadonlyArray<readonly [name: string, isUsed: boolean]> = [
    ['parameters_as_list', envelope],
    ['functions', functionCall === true],
    ['bare_tools', some(tools, (tool) => tool['function'] === undefined && tool['name'] !== undefined)],
    ['arguments_as_object', some(messages, hasArgumentObject)],
    ['function_results', some(messages, (message) => message['role'] === 'function')],
  ];
  return found.flatMap(([name, isUsed]) => (isUsed ? [name] : []));
}

type Fields = Readonly<Record<string, unknown>>;

function some(list: unknown, test: (item: Fields) => boolean): boolean {
  return Array.isArray(list) && list.some((item: unknown) => isObject(item) && test(item));
}

function hasArgumentObject({ tool_calls: calls, function_call: call }: Fields): boolean {
  const isWritten = (written: unknown): boolean => isObject(written) && isObject(written['arguments']);
  return isWritten(call) || some(calls, ({ function: written }) => isWritten(written));
}
