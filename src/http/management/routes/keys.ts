/** `/keys`: API keys, one's own or, for administrators, everybody's. */

import { Type } from 'typebox';
import { AuthError, RequestError } from '../../../base/errors.ts';
import { type ApiKey, type ApiKeySpec, apiKeyDefaults, apiKeySpecSchema } from '../../../fleet/api-key.ts';
import { type Action, personOf } from '../../../fleet/permissions.ts';
import type { User, UserId } from '../../../fleet/user.ts';
import { findApiKey, listApiKeys } from '../../../store/api-keys.ts';
import { changedFields } from '../audit.ts';
import { checkInput } from '../check-input.ts';
import { idParams, isApiKeyId, isUserId, missing } from '../find.ts';
import { listQuery, pageSchema, sendPaged, toPage, watchQuery } from '../list.ts';
import { mergePatch } from '../merge-patch.ts';
import { apiKeySchema, encodeKey } from '../people.ts';
import { done, json, type Result } from '../result.ts';
import { type Call, defineRoute, type Route } from '../route.ts';
import type { May, Subscription } from '../watch.ts';

/** A snapshot holds so many at most. */
const maxWatched = 10_000;

const list = defineRoute({
  method: 'GET',
  path: '/keys',
  action: 'key.read-own',
  summary: "Lists keys, or watches them: one's own; for administrators everybody's, or one owner's.",
  query: {
    ...listQuery(['createdAt', 'name', 'lastUsedAt', 'expiresAt']),
    ...watchQuery,
    owner: Type.Optional(Type.String({ maxLength: 64 })),
  },
  reply: pageSchema(apiKeySchema),
  handler: async ({ query }, call) => {
    const owner = ownerOf(query.owner, call);
    if (query.watch) return { kind: 'watch', subscription: watchKeys(call, owner) };
    return sendPaged(query, await listApiKeys(call.world.db, toPage(query), owner), encodeKey);
  },
});

/** Whose keys are asked for; undefined = everybody's. */
function ownerOf(wanted: string | undefined, call: Call): UserId | undefined {
  const self = selfOf(call).id;
  if (wanted === undefined) return call.may('key.read-any') ? undefined : self;
  if (wanted === 'me' || wanted === self) return self;
  return isUserId(wanted) && call.may('key.read-any') ? wanted : missing('user', wanted);
}

function watchKeys({ world }: Call, owner: UserId | undefined): Subscription {
  const shows = (ownerId: UserId | undefined, may: May): boolean =>
    (owner === undefined || ownerId === owner) && (may('key.read-any') || may('key.read-own', ownerId));
  return {
    feed: world.feeds.keys,
    action: 'key.read-own',
    snapshot: async (may) => {
      const { items } = await listApiKeys(world.db, { page: 1, perPage: maxWatched }, owner);
      return items.filter((key) => shows(key.ownerId, may)).map(encodeKey);
    },
    item: async (id, may) => {
      const key = isApiKeyId(id) ? await findApiKey(world.db, id) : undefined;
      return key && shows(key.ownerId, may) ? encodeKey(key) : undefined;
    },
    knew: shows,
  };
}

const read = defineRoute({
  method: 'GET',
  path: '/keys/:id',
  action: 'key.read-own',
  summary: 'Shows a key, without its secret.',
  params: idParams,
  reply: apiKeySchema,
  handler: async ({ params }, call) => show(await keyOf(params.id, call, 'key.read-any')),
});

const create = defineRoute({
  method: 'POST',
  path: '/keys',
  action: 'key.create-own',
  summary: 'Makes a key; its secret is in this answer and nowhere else.',
  body: Type.Object(
    { ...Type.Partial(apiKeySpecSchema).properties, name: apiKeySpecSchema.properties.name },
    { additionalProperties: false },
  ),
  reply: Type.Object({ key: apiKeySchema, secret: Type.String() }, { title: 'NewApiKey' }),
  status: 201,
  audit: 'key.create',
  handler: async ({ body }, call) => {
    const { world, note } = call;
    const spec = { scopes: [...apiKeyDefaults.scopes], limits: apiKeyDefaults.limits, ...body };
    refuseOutliving(spec, call);
    const { key, secret } = await world.accounts.createKey(selfOf(call), spec);
    world.feeds.keys.publish({ type: 'created', id: key.id });
    note({ targetId: key.id, targetName: key.name, detail: Object.keys(body).sort().join(', ') });
    return json({ key: encodeKey(key), secret }, key.revision);
  },
});

const edit = defineRoute({
  method: 'PATCH',
  path: '/keys/:id',
  action: 'key.edit-own',
  summary: 'Changes what is given of a key (JSON Merge Patch): null takes a bound away.',
  params: idParams,
  body: Type.Record(Type.String(), Type.Unknown(), {
    title: 'ApiKeyPatch',
    description:
      'name, scopes, expiresAt, allowedModels, limits, capture; null takes a bound away, or ends the capture.',
  }),
  reply: apiKeySchema,
  audit: 'key.edit',
  handler: async ({ params, body }, call) => {
    const { world, note, expectedRevision } = call;
    const before = await keyOf(params.id, call, 'key.edit-any');
    const spec = checkInput(apiKeySpecSchema, mergePatch(specOf(before), body));
    if (spec.expiresAt !== before.expiresAt) refuseOutliving(spec, call);
    const key = await world.accounts.editKey(before.id, spec, expectedRevision ?? before.revision);
    world.feeds.keys.publish({ type: 'updated', id: key.id });
    note({ targetId: key.id, targetName: key.name, detail: describeEdit(before, key) });
    return show(key);
  },
});

const remove = defineRoute({
  method: 'DELETE',
  path: '/keys/:id',
  action: 'key.delete-own',
  summary: 'Revokes a key: from then on it is refused.',
  params: idParams,
  audit: 'key.delete',
  handler: async ({ params }, call) => {
    const { world, note } = call;
    const key = await keyOf(params.id, call, 'key.delete-any');
    await world.accounts.deleteKey(key.id);
    world.feeds.keys.publish({ type: 'deleted', id: key.id, owner: key.ownerId });
    note({ targetId: key.id, targetName: key.name });
    return done;
  },
});

/** Whether somebody's requests are kept is told outright. */
function describeEdit(before: ApiKey, after: ApiKey): string {
  const fields = changedFields(specOf(before), specOf(after));
  const [was, is] = [before, after].map(({ capture }) => (capture === undefined ? 'off' : 'on'));
  return was === is ? fields : `${fields} (capture is ${is} now)`;
}

/** All of them. */
export const keyRoutes: readonly Route[] = [list, read, create, edit, remove];

/** One's own, or anybody's for those who may do `any`; the key of somebody else is not there for others. */
export async function keyOf(id: string, { world, caller, may }: Call, any: Action): Promise<ApiKey> {
  const key = isApiKeyId(id) ? await findApiKey(world.db, id) : undefined;
  const isOwn = key !== undefined && key.ownerId === personOf(caller)?.id;
  return key !== undefined && (isOwn || may(any)) ? key : missing('API key', id);
}

/** A key that leaks must not live on in another: what it makes or prolongs ends when it does. */
function refuseOutliving({ expiresAt }: Pick<ApiKeySpec, 'expiresAt'>, { caller }: Call): void {
  const end = caller.kind === 'key' ? caller.key.expiresAt : undefined;
  if (end === undefined || (expiresAt !== undefined && expiresAt <= end)) return;
  const message = `By a key that expires, keys are only made that expire no later: 'expiresAt' is at most ${end}.`;
  throw new RequestError('invalid_value', message, { param: 'expiresAt' });
}

function selfOf({ caller }: Call): User {
  const person = personOf(caller);
  if (person === undefined) throw new AuthError('unauthenticated', 'Nobody is signed in.');
  return person;
}

function specOf({ name, scopes, expiresAt, allowedModels, limits, capture }: ApiKey): ApiKeySpec {
  return {
    name,
    scopes,
    limits,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(allowedModels && { allowedModels }),
    ...(capture && { capture }),
  };
}

function show(key: ApiKey): Result {
  return json(encodeKey(key), key.revision);
}
