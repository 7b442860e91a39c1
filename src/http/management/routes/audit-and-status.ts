/** `/audit` and `/status`: what was changed by whom, and how the server is doing. */

import { Type } from 'typebox';
import { listAudit } from '../../../store/audit.ts';
import { listQuery, pageSchema, sendPaged, toPage } from '../list.ts';
import { json } from '../result.ts';
import { defineRoute, type Route } from '../route.ts';
import { seconds } from '../views.ts';

const auditEntrySchema = Type.Object(
  {
    id: Type.String(),
    at: Type.Integer(),
    actorId: Type.String(),
    actorName: Type.String(),
    action: Type.String(),
    targetId: Type.String(),
    targetName: Type.String(),
    address: Type.String(),
    requestId: Type.String(),
    detail: Type.String(),
  },
  { title: 'AuditEntry' },
);

const sortFields: Readonly<Record<string, string>> = {
  at: 'atMs',
  actorName: 'actorName',
  action: 'action',
  targetName: 'targetName',
};

const audit = defineRoute({
  method: 'GET',
  path: '/audit',
  action: 'audit.read',
  summary: 'Lists changes, newest first: who, what, when, from where.',
  query: listQuery(Object.keys(sortFields)),
  reply: pageSchema(auditEntrySchema),
  handler: async ({ query }, { world }) => {
    const sort = query.sort?.replace(/[a-zA-Z]+/, (field) => sortFields[field] ?? field);
    const entries = await listAudit(world.db, toPage({ ...query, sort }));
    return sendPaged(query, entries, ({ atMs, ...entry }) => ({ ...entry, at: seconds(atMs) }));
  },
});

const count = Type.Integer({ minimum: 0 });

const status = defineRoute({
  method: 'GET',
  path: '/status',
  action: 'status.read',
  summary: 'How the server is doing.',
  reply: Type.Object(
    {
      version: Type.String(),
      startedAt: Type.Integer(),
      uptimeSeconds: count,
      deployments: Type.Record(Type.String(), count),
      instances: Type.Record(Type.String(), count),
      downloadsRunning: count,
      warnings: Type.Array(Type.Object({ deployment: Type.String(), message: Type.String() })),
    },
    { title: 'Status' },
  ),
  handler: (_input, { world }) => {
    const { fleet, version, startedAt, clock } = world;
    const views = fleet.deployments();
    return json({
      version,
      startedAt,
      uptimeSeconds: Math.max(0, clock.unixSeconds() - startedAt),
      deployments: tally(views.map(({ state }) => state)),
      instances: tally(views.flatMap(({ instances }) => instances.map(({ state }) => state))),
      downloadsRunning: fleet.downloads().filter(({ state }) => state === 'running').length,
      warnings: views.flatMap(({ deployment, warnings }) =>
        warnings.map((message) => ({ deployment: deployment.name, message })),
      ),
    });
  },
});

/** All of them. */
export const auditRoutes: readonly Route[] = [audit, status];

function tally(words: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Object.fromEntries(counts);
}
