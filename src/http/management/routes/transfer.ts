/** `/export` and `/import`: all deployments and routes as one YAML file. */

import { Type } from 'typebox';
import { routeSpecOf } from '../../../fleet/model-route.ts';
import { exportFile } from '../export-deployments.ts';
import { importFile, importReplySchema, importSchema } from '../import-file.ts';
import { json } from '../result.ts';
import { defineRoute, type Route } from '../route.ts';
import { specOf } from '../views.ts';

const exported = defineRoute({
  method: 'GET',
  path: '/export',
  action: 'deployment.read-environment',
  summary: 'All stored deployments and all routes as YAML, without secrets.',
  replyType: 'application/yaml',
  handler: async (_input, { world }) => {
    const stored = world.fleet.deployments().filter(({ deployment }) => deployment.declaredBy === 'store');
    const text = await exportFile({
      deployments: stored.map(({ deployment }) => specOf(deployment)),
      routes: world.routes.list().map(({ route }) => routeSpecOf(route)),
    });
    const headers = { 'content-disposition': 'attachment; filename="deployments.yaml"' };
    return { kind: 'text', text, type: 'application/yaml; charset=utf-8', headers };
  },
});

const imported = defineRoute({
  method: 'POST',
  path: '/import',
  action: 'deployment.create',
  summary:
    'Makes or replaces deployments and routes from YAML or JSON, all or none; says what changes, or would with dryRun.',
  query: { dryRun: Type.Optional(Type.Boolean()) },
  body: importSchema,
  takesYaml: true,
  reply: importReplySchema,
  audit: 'deployment.import',
  handler: async ({ query, body }, call) => json(await importFile(body, { call, dryRun: query.dryRun ?? false })),
});

/** Both. */
export const transferRoutes: readonly Route[] = [exported, imported];
