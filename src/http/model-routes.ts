/** `GET models` and `GET models/{id}`: what is served, from memory, never from an engine. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestError } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import type { Caller } from '../fleet/caller.ts';
import type { InstanceState } from '../fleet/instance.ts';
import { only } from './only.ts';

/** One served name; a deployment with several names appears once for each. */
export interface ServedModel {
  readonly name: string;
  /** Unix seconds. */
  readonly createdAt: number;
  /** Tokens of prompt and answer together; unknown until the model's file has been read. */
  readonly contextLength?: number;
  /** The longest answer, in tokens. */
  readonly maxOutputTokens?: number;
  /** What can be asked of it: `chat`, `tools` … */
  readonly capabilities: readonly string[];
  readonly state: InstanceState;
}

/** The models that this caller may use, as of now; absent = all of them. Answers at once. */
export type ModelsView = (caller?: Caller) => readonly ServedModel[];

/** What the routes need. */
export interface ModelRoutesContext {
  readonly models: ModelsView;
  readonly callerOf: (request: FastifyRequest) => Caller;
}

/** Registers both routes under a prefix. */
export function modelRoutes(app: FastifyInstance, prefix: string, { models, callerOf }: ModelRoutesContext): void {
  only(app, 'GET', `${prefix}/models`, (request, reply) => {
    reply.send({ object: 'list', data: models(callerOf(request)).map(encodeModel) });
  });
  only(app, 'GET', `${prefix}/models/*`, (request, reply) => {
    const params: unknown = request.params;
    const name = typeof params === 'object' && params !== null && '*' in params ? String(params['*']) : '';
    const served = models(callerOf(request));
    const found = served.find((model) => model.name === name);
    if (found === undefined) throw unknownModel(name, served);
    reply.send(encodeModel(found));
  });
}

function encodeModel(model: ServedModel): JsonObject {
  const { name, createdAt, contextLength = null, maxOutputTokens = null, capabilities, state } = model;
  return {
    id: name,
    object: 'model',
    created: createdAt,
    owned_by: 'aimindserve',
    context_length: contextLength,
    max_model_len: contextLength,
    max_output_tokens: maxOutputTokens,
    capabilities,
    state,
  };
}

function unknownModel(name: string, served: readonly ServedModel[]): RequestError {
  const names = served.map((model) => `'${model.name}'`).join(', ');
  const message = `The model '${name.slice(0, 200)}' is not served here. Served: ${names === '' ? 'none' : names}.`;
  return new RequestError('model_not_found', message, { param: 'model' });
}
