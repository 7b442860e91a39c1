/** What a remote server says of its models: their names, and how much they can read. */

import { isDeeperThan, isObject, maxDepth } from '../../base/json.ts';
import { refusedStatus } from '../../wire/openai-chat/client-failure.ts';
import type { EngineHttp } from '../http/engine-http.ts';

/** One model of the list. */
export interface RemoteModel {
  readonly id: string;
  /** Tokens; absent = it does not say. */
  readonly contextSize?: number;
}

/** More are not read: some servers list thousands. */
const maxModels = 20_000;
/** In vLLM's words, and those of several others. */
const contextFields = ['max_model_len', 'context_length', 'context_window', 'max_context_length'];
const listTimeoutMs = 15_000;

/** The list; undefined where the server keeps none, or one that nobody can read. A refused key is thrown. */
export async function readModels(http: EngineHttp, signal: AbortSignal): Promise<readonly RemoteModel[] | undefined> {
  try {
    return parseModels(await http.get('/models', signal, listTimeoutMs));
  } catch (thrown) {
    if (isUnknownPath(thrown)) return undefined;
    throw thrown;
  }
}

/** The one of this name; some lists put a folder before it. */
export function findModel(models: readonly RemoteModel[], name: string): RemoteModel | undefined {
  return models.find(({ id }) => id === name) ?? models.find(({ id }) => id === `models/${name}`);
}

/** `/models` is no more than a convenience: without it one asks in the dark. */
function isUnknownPath(thrown: unknown): boolean {
  const status = refusedStatus(thrown);
  return status === 404 || status === 405 || status === 501;
}

function parseModels(text: string): readonly RemoteModel[] | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  const list = isObject(body) ? body['data'] : body;
  if (!Array.isArray(list) || list.length > maxModels || isDeeperThan(list, maxDepth)) return undefined;
  return list.filter(isObject).flatMap((item) => {
    const { id } = item;
    if (typeof id !== 'string') return [];
    const contextSize = contextFields.map((field) => item[field]).find(isSize);
    return [{ id, ...(contextSize !== undefined && { contextSize }) }];
  });
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
