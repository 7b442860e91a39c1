/** `/keys/:id/captures` and `/captures/:id`: requests that were kept whole, for a key's owner and administrators. */

import { Type } from 'typebox';
import type { Capture, CaptureId } from '../../../fleet/capture.ts';
import { personOf } from '../../../fleet/permissions.ts';
import { findApiKey } from '../../../store/api-keys.ts';
import { findCapture, listCaptures } from '../../../store/captures.ts';
import { idParams, missing } from '../find.ts';
import { listQuery, pageSchema, sendPaged, toPage } from '../list.ts';
import { json } from '../result.ts';
import { defineRoute, type Route } from '../route.ts';
import { seconds } from '../views.ts';
import { keyOf } from './keys.ts';

const count = Type.Integer({ minimum: 0 });

const captureFields = {
  id: Type.String(),
  keyId: Type.String(),
  at: Type.Integer(),
  /** As the request named it. */
  model: Type.String(),
  /** A finish reason, an error code, or `abandoned`. */
  outcome: Type.String(),
  durationMs: count,
  promptTokens: count,
  completionTokens: count,
  sizeBytes: count,
};

const sortFields: Readonly<Record<string, string>> = {
  at: 'atMs',
  model: 'model',
  outcome: 'outcome',
  sizeBytes: 'sizeBytes',
};

const list = defineRoute({
  method: 'GET',
  path: '/keys/:id/captures',
  action: 'capture.read-own',
  summary: 'Lists what was captured of a key, newest first; only its owner and administrators see that.',
  params: idParams,
  query: listQuery(Object.keys(sortFields)),
  reply: pageSchema(Type.Object(captureFields, { title: 'Capture' })),
  handler: async ({ params, query }, call) => {
    const { world } = call;
    const key = await keyOf(params.id, call, 'capture.read-any');
    await world.meter.settle();
    const sort = query.sort?.replace(/[a-zA-Z]+/, (field) => sortFields[field] ?? field);
    return sendPaged(query, await listCaptures(world.db, key.id, toPage({ ...query, sort })), encodeCapture);
  },
});

const read = defineRoute({
  method: 'GET',
  path: '/captures/:id',
  action: 'capture.read-own',
  summary:
    'Shows a captured request: body, prompts, what the model wrote, events, answer. Who looked is in the audit log.',
  params: idParams,
  reply: Type.Object({ ...captureFields, transcript: Type.Unknown() }, { title: 'CapturedRequest' }),
  audit: 'capture.read',
  handler: async ({ params }, { world, caller, may, note }) => {
    await world.meter.settle();
    const found = isCaptureId(params.id) ? await findCapture(world.db, params.id) : undefined;
    const key = found && (await findApiKey(world.db, found.capture.keyId));
    const isOwn = key !== undefined && key.ownerId === personOf(caller)?.id;
    if (found === undefined || key === undefined || !(isOwn || may('capture.read-any')))
      return missing('captured request', params.id);
    note({ targetId: found.capture.id, targetName: key.name });
    const transcript: unknown = JSON.parse(found.transcript);
    return json({ ...encodeCapture(found.capture), transcript });
  },
});

/** All of them. */
export const captureRoutes: readonly Route[] = [list, read];

function encodeCapture({ atMs, ...capture }: Capture) {
  return { ...capture, at: seconds(atMs) };
}

function isCaptureId(id: string): id is CaptureId {
  return /^cap_[0-9a-f]{16}$/.test(id);
}
