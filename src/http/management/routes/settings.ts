/** `/settings`: what administrators change while the server runs; secrets go in and never come out. */

import { Type } from 'typebox';
import { changedFields } from '../audit.ts';
import { missing } from '../find.ts';
import { platformSettingsSchema, secretNames } from '../platform-settings.ts';
import { done, json } from '../result.ts';
import { defineRoute, type Route } from '../route.ts';

const read = defineRoute({
  method: 'GET',
  path: '/settings',
  action: 'settings.read',
  summary: 'Shows the settings.',
  reply: platformSettingsSchema,
  handler: async (_input, { world }) => {
    const { settings, revision } = await world.settings.read();
    return json(settings, revision);
  },
});

const replace = defineRoute({
  method: 'PUT',
  path: '/settings',
  action: 'settings.edit',
  summary: 'Replaces the settings; they hold at once. A hub whose address changes forgets its token.',
  body: platformSettingsSchema,
  reply: platformSettingsSchema,
  audit: 'settings.edit',
  handler: async ({ body }, { world, expectedRevision, note }) => {
    const before = await world.settings.read();
    const revision = await world.settings.write(body, expectedRevision ?? before.revision);
    note({ targetId: 'settings', detail: changedFields(before.settings, body) });
    return json(body, revision);
  },
});

const secretSchema = Type.Object(
  { name: Type.String(), hint: Type.String(), updatedAt: Type.Integer() },
  { title: 'SecretFact' },
);

const secrets = defineRoute({
  method: 'GET',
  path: '/settings/secrets',
  action: 'settings.read',
  summary: 'Says which secrets are set, since when, and their last characters.',
  reply: Type.Object({ items: Type.Array(secretSchema) }),
  handler: async (_input, { world }) => json({ items: await world.settings.secrets() }),
});

const secretParams = { name: Type.Enum([...secretNames]) };

const saveSecret = defineRoute({
  method: 'PUT',
  path: '/settings/secrets/:name',
  action: 'settings.edit',
  summary: 'Sets a secret, e.g. the token for a hub; it is kept encrypted.',
  params: secretParams,
  body: Type.Object({ value: Type.String({ minLength: 1, maxLength: 4_096 }) }, { additionalProperties: false }),
  audit: 'secret.set',
  handler: async ({ params, body }, { world, note }) => {
    await world.settings.saveSecret(params.name, body.value);
    note({ targetId: params.name });
    return done;
  },
});

const removeSecret = defineRoute({
  method: 'DELETE',
  path: '/settings/secrets/:name',
  action: 'settings.edit',
  summary: 'Forgets a secret.',
  params: secretParams,
  audit: 'secret.delete',
  handler: async ({ params }, { world, note }) => {
    if (!(await world.settings.deleteSecret(params.name))) missing('secret', params.name);
    note({ targetId: params.name });
    return done;
  },
});

/** All of them. */
export const settingsRoutes: readonly Route[] = [read, replace, secrets, saveSecret, removeSecret];
