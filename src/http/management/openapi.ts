/** The management API as an OpenAPI 3.1 document, made of the same routes that answer. */

import { type TProperties, type TSchema, Type } from 'typebox';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { permissions } from '../../fleet/permissions.ts';
import { managementPrefix } from './register.ts';
import type { Route } from './route.ts';

const errorSchema = Type.Object(
  {
    error: Type.Object({
      message: Type.String(),
      type: Type.String(),
      /** The field's path, e.g. `source.path`. */
      param: Type.Union([Type.String(), Type.Null()]),
      code: Type.String(),
      request_id: Type.Optional(Type.String()),
    }),
  },
  { title: 'Error' },
);

/** The document. */
export function openapiOf(routes: readonly Route[], version: string): JsonObject {
  const components = new Map<string, Json>();
  const paths = new Map<string, JsonObject>();
  for (const route of routes) {
    const path = managementPrefix + route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths.set(path, { ...paths.get(path), [route.method.toLowerCase()]: operationOf(route, components) });
  }
  const errorReference = refer(errorSchema, components);
  return {
    openapi: '3.1.0',
    info: { title: 'aiMindServe management API', version },
    security: [{ key: [] }, { session: [] }],
    paths: Object.fromEntries(paths),
    components: {
      schemas: Object.fromEntries([...components].sort(([one], [other]) => (one < other ? -1 : 1))),
      responses: {
        Error: {
          description: 'What went wrong; `param` names the field.',
          content: { 'application/json': { schema: errorReference } },
        },
      },
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key with the scope `management`.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'aimindserve_session',
          description: 'A sign-in; changes carry the header `x-csrf-token` too.',
        },
      },
    },
  };
}

/** Who a route is open to, in a few words. */
export function audienceOf({ action }: Route): string {
  if (action === 'open') return 'everybody';
  switch (permissions[action]) {
    case 'admin':
      return 'administrators';
    case 'own':
      return 'users, for what is theirs';
    case 'person':
      return 'whoever is signed in, for themselves';
    default:
      return 'users';
  }
}

function operationOf(route: Route, components: Map<string, Json>): JsonObject {
  const { summary, action, body, method } = route;
  const isEdit = method === 'PUT' || method === 'PATCH';
  return {
    operationId: operationIdOf(route),
    tags: [route.path.split('/')[1] ?? ''],
    summary,
    description: `For ${audienceOf(route)}.`,
    ...(action === 'open' && { security: [] }),
    parameters: [
      ...parametersOf(route.params, 'path', components),
      ...parametersOf(route.query, 'query', components),
      ...(isEdit ? [ifMatch] : []),
    ],
    ...(body !== undefined && { requestBody: { required: true, content: bodyContent(route, body, components) } }),
    responses: { ...successOf(route, components), default: { $ref: '#/components/responses/Error' } },
  };
}

const ifMatch: Json = {
  name: 'If-Match',
  in: 'header',
  required: false,
  description: 'The ETag of what is being changed; 412 if it moved on.',
  schema: { type: 'string' },
};

/** `GET /deployments/:id` is `getDeploymentsById`. */
function operationIdOf({ method, path }: Route): string {
  const words = path
    .split(/[/-]/)
    .filter((word) => word !== '')
    .map((word) => (word.startsWith(':') ? `By${capital(word.slice(1))}` : capital(word)));
  return method.toLowerCase() + words.join('');
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function parametersOf(schemas: TProperties, place: 'path' | 'query', components: Map<string, Json>): readonly Json[] {
  const object: unknown = Type.Object(schemas);
  const required = isObject(object) && Array.isArray(object['required']) ? object['required'] : [];
  return Object.entries(schemas).map(([name, schema]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: refer(schema, components),
  }));
}

function bodyContent(route: Route, body: TSchema, components: Map<string, Json>): JsonObject {
  const schema = refer(body, components);
  const isMerge = route.method === 'PATCH' && !('properties' in body);
  const type = isMerge ? 'application/merge-patch+json' : 'application/json';
  return { [type]: { schema }, ...(route.takesYaml && { 'application/yaml': { schema } }) };
}

function successOf(route: Route, components: Map<string, Json>): JsonObject {
  const type = route.replyType ?? 'application/json';
  const content = {
    ...(route.reply !== undefined && { [type]: { schema: refer(route.reply, components) } }),
    ...(route.replyType !== undefined && { [type]: { schema: { type: 'string' } } }),
    ...('watch' in route.query && { 'text/event-stream': { schema: { type: 'string' } } }),
  };
  return { [String(route.status)]: { description: route.summary, ...(route.status !== 204 && { content }) } };
}

/** A schema as JSON, in which whatever has a title stands among the components. */
function refer(schema: TSchema, components: Map<string, Json>): Json {
  return plain(schema, components);
}

/** The schemas are our own, so their depth is bounded. */
function plain(value: unknown, components: Map<string, Json>): Json {
  if (Array.isArray(value)) return value.map((item) => plain(item, components));
  if (!isObject(value)) return isScalar(value) ? value : null;
  const entries = Object.entries(value).filter(([, item]) => typeof item !== 'function' && item !== undefined);
  const body = Object.fromEntries(entries.map(([key, item]) => [key, plain(item, components)]));
  const { title } = value;
  if (typeof title !== 'string') return body;
  components.set(title, body);
  return { $ref: `#/components/schemas/${title}` };
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
