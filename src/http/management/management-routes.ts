/** Every route of the management API. */

import type { Route } from './route.ts';
import { auditRoutes } from './routes/audit-and-status.ts';
import { captureRoutes } from './routes/captures.ts';
import { clientRoutes } from './routes/clients.ts';
import { deploymentActionRoutes } from './routes/deployment-actions.ts';
import { deploymentRoutes } from './routes/deployments.ts';
import { deviceRoutes } from './routes/devices.ts';
import { downloadRoutes } from './routes/downloads.ts';
import { engineRoutes } from './routes/engines.ts';
import { instanceRoutes } from './routes/instances.ts';
import { keyRoutes } from './routes/keys.ts';
import { modelRouteRoutes } from './routes/model-routes.ts';
import { modelRoutes } from './routes/models.ts';
import { oidcRoutes } from './routes/oidc.ts';
import { sessionRoutes } from './routes/session.ts';
import { settingsRoutes } from './routes/settings.ts';
import { setupRoutes } from './routes/setup.ts';
import { transferRoutes } from './routes/transfer.ts';
import { usageRoutes } from './routes/usage.ts';
import { userRoutes } from './routes/users.ts';

/** In the order of the documents. */
export const managementRoutes: readonly Route[] = [
  ...setupRoutes,
  ...sessionRoutes,
  ...oidcRoutes,
  ...userRoutes,
  ...keyRoutes,
  ...captureRoutes,
  ...usageRoutes,
  ...clientRoutes,
  ...deploymentRoutes,
  ...deploymentActionRoutes,
  ...modelRouteRoutes,
  ...transferRoutes,
  ...instanceRoutes,
  ...deviceRoutes,
  ...engineRoutes,
  ...downloadRoutes,
  ...modelRoutes,
  ...settingsRoutes,
  ...auditRoutes,
];
