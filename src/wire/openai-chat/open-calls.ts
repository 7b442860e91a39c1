/** The calls of a conversation so far, and which of them wait for their result. */

import type { Field } from '../../base/decode.ts';
import { RequestError } from '../../base/errors.ts';
import type { ToolCall } from '../../chat/message.ts';

interface OpenCall {
  readonly call: ToolCall;
  isAnswered: boolean;
}

/** Calls in order; answered ones are passed over once and never looked at again. */
class CallQueue {
  readonly #calls: OpenCall[] = [];
  #next = 0;

  push(call: OpenCall): void {
    this.#calls.push(call);
  }

  firstOpen(): OpenCall | undefined {
    while (this.#calls[this.#next]?.isAnswered) this.#next++;
    return this.#calls[this.#next];
  }
}

type QueueMap = Map<string, CallQueue>;

/** The calls of one assistant message. */
interface Turn {
  readonly all: CallQueue;
  readonly byId: QueueMap;
  readonly byName: QueueMap;
}

/** Matches results to calls. Clients reuse ids from turn to turn, so the newest turn goes first. */
export class OpenCalls {
  #turn: Turn = newTurn();
  readonly #byId: QueueMap = new Map();

  /** The calls of the next assistant message. */
  open(calls: readonly ToolCall[]): void {
    if (calls.length === 0) return;
    this.#turn = newTurn();
    for (const call of calls) {
      const open = { call, isAnswered: false };
      this.#turn.all.push(open);
      enqueue(this.#turn.byId, call.id, open);
      enqueue(this.#turn.byName, call.name, open);
      enqueue(this.#byId, call.id, open);
    }
  }

  /** The call that this tool message answers; throws if there is none. */
  answer(item: Field): ToolCall {
    const field = item.get('tool_call_id');
    const id = field.optional((present) => present.string()) ?? '';
    const name = item.get('name').optional((present) => present.string()) ?? '';
    const found = id === '' ? this.#inOrder(name) : this.#withId(id);
    if (found === undefined) throw orphan(id === '' ? item : field, id);
    found.isAnswered = true;
    return found.call;
  }

  /** Without an id: the first open call of the last turn, one of the same name before all. */
  #inOrder(name: string): OpenCall | undefined {
    return this.#turn.byName.get(name)?.firstOpen() ?? this.#turn.all.firstOpen();
  }

  #withId(id: string): OpenCall | undefined {
    return this.#turn.byId.get(id)?.firstOpen() ?? this.#byId.get(id)?.firstOpen();
  }
}

function newTurn(): Turn {
  return { all: new CallQueue(), byId: new Map(), byName: new Map() };
}

function enqueue(queues: QueueMap, key: string, call: OpenCall): void {
  const queue = queues.get(key) ?? new CallQueue();
  queue.push(call);
  queues.set(key, queue);
}

function orphan(field: Field, id: string): RequestError {
  const message =
    id === ''
      ? `'${field.path}' is a tool result, but no call before it waits for one.`
      : `'${field.path}' is '${id}', but no assistant message before it has an unanswered call with this id.`;
  return new RequestError('invalid_messages', message, { param: field.path });
}
