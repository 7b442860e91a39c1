/** Puts HTTP on the platform: inference, models, management. */

import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findDeployments } from '../answering/admission-model.ts';
import { affinityOf } from '../answering/affinity.ts';
import { createComplete } from '../answering/complete.ts';
import { randomHex, systemClock } from '../base/clock.ts';
import { isObject } from '../base/json.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { Roster } from '../engines/roster.ts';
import type { Caller } from '../fleet/caller.ts';
import { type Deployment, servedNames } from '../fleet/deployment.ts';
import type { InstanceState } from '../fleet/instance.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import { mayUseModel } from '../fleet/permissions.ts';
import { createHttpApp, type HttpApp, type HttpOptions, type Reach } from '../http/app.ts';
import { defaultLimits } from '../http/limits.ts';
import { registerDocuments } from '../http/management/api-documents.ts';
import { managementRoutes } from '../http/management/management-routes.ts';
import { registerManagement } from '../http/management/register.ts';
import { createServerMetrics } from '../http/metrics-server.ts';
import type { ServedModel } from '../http/model-routes.ts';
import { startRoutes } from '../http/start-page/routes.ts';
import { freeMemory } from '../models/free-memory.ts';
import { wantedReplicas } from '../operating/reconcile.ts';
import { createModelDesk } from '../operating/shelves/model-desk.ts';
import { openaiChat } from '../wire/openai-chat/protocol.ts';
import { openaiCompletions } from '../wire/openai-completions/protocol.ts';
import { formatOf } from './format-of.ts';
import type { Foundation } from './open-foundation.ts';
import type { Platform } from './open-platform.ts';

/** Requests under way at once, the waiting ones included; beyond it a client is told to come back. */
const maxRequests = 1_024;

/** What the application stands on; `closing` aborts when the server begins to stop. */
interface AppGround {
  readonly foundation: Foundation;
  readonly platform: Platform;
  readonly closing: AbortSignal;
}

/** Makes the application; nothing listens yet. Throws ConfigError for what cannot be served. */
export function createApp(reach: Reach, ground: AppGround): HttpApp {
  const { log, isPassing } = ground.foundation;
  const { platform } = ground;
  const { profiles, accounts, admission, fleet } = platform;
  const { roster } = fleet;
  const complete = createComplete({
    roster,
    profile: ({ spec, deployment }) => profiles(spec, deployment),
    clock: systemClock,
    randomHex,
    log,
    isListed: platform.outside.isListed,
    maxRequests,
  });
  const meant = (caller: Caller, request: ChatRequest) =>
    findDeployments(roster, caller, { model: request.model, affinity: affinityOf(request) });
  return createHttpApp({
    complete,
    protocols: [openaiChat, openaiCompletions],
    models: (caller) => servedModels(platform, caller),
    authenticate: accounts.authenticate,
    door: {
      admit: (caller, request) => admission.admit(caller, meant(caller, request), request),
      headers: (caller, request) => admission.headers(caller, meant(caller, request)[0]),
    },
    meter: platform.meter,
    // A server that keeps nothing has nothing to manage.
    ...(!isPassing && managementOf(ground)),
    reach,
    log,
    clock: systemClock,
    limits: defaultLimits,
  });
}

type Management = Required<Pick<HttpOptions, 'addRoutes' | 'metrics'>>;

function managementOf({ foundation, platform, closing }: AppGround): Management {
  const { store, log, dataFolder } = foundation;
  const { control, models } = platform;
  const { settings } = platform.outside;
  const auditFile = join(dataFolder, 'logs', 'audit.log');
  const version = productVersion();
  const metrics = createServerMetrics({
    version,
    fleet: control,
    deploymentOf: (model) => platform.fleet.roster.find(model)?.name,
    nowMs: systemClock.nowMs,
    engines: () => connectedEngines(platform),
    waiting: () =>
      platform.fleet.fleet.deployments.map(({ id, name }) => ({
        model: name,
        count: platform.fleet.roster.waitingAt(id),
      })),
  });
  const parts = {
    fleet: control,
    routes: platform.fleet.routes,
    engines: platform.engineDesk,
    db: store.db,
    models: createModelDesk({
      hubs: models.hubs,
      catalog: models.catalog,
      freeBytes: freeMemory,
      deployments: () => control.deployments(),
    }),
    settings,
    meter: platform.meter,
    auditLine: (line: string) => appendFileSync(auditFile, `${line}\n`, { mode: 0o600 }),
    clock: systemClock,
    log,
    limits: defaultLimits,
    version,
    startedAt: systemClock.unixSeconds(),
    closing,
  };
  return {
    metrics,
    addRoutes(app, authenticate) {
      startRoutes(app);
      metrics.addRoute(app, authenticate);
      registerDocuments(app, { routes: managementRoutes, version, authenticate });
      registerManagement(app, managementRoutes, { ...parts, accounts: { ...platform.accounts, authenticate } });
    },
  };
}

/** Whoever is asked for numbers. */
function connectedEngines({ fleet }: Platform) {
  return fleet.fleet.kept.flatMap(({ client, deployment }) =>
    client === undefined ? [] : [{ model: deployment.name, stats: () => client.stats() }],
  );
}

function servedModels({ fleet, profiles }: Platform, caller: Caller | undefined): readonly ServedModel[] {
  const { fleet: all } = fleet;
  // What is stopped cannot be asked; what loads on demand can.
  const running = all.deployments.filter((deployment) => wantedReplicas(deployment, true) > 0);
  const open = running.filter((deployment) => caller === undefined || mayUseModel(caller, deployment));
  const direct = open.flatMap((deployment) => served(deployment, { fleet, profiles }));
  return [...direct, ...servedRoutes(fleet.roster, caller, (deployment) => served(deployment, { fleet, profiles }))];
}

/** A route is listed as the deployment is that is asked first. */
function servedRoutes(
  roster: Roster,
  caller: Caller | undefined,
  describe: (deployment: Deployment) => readonly ServedModel[],
): readonly ServedModel[] {
  const open = roster.routes().filter((route) => caller === undefined || mayUseModel(caller, route));
  return open.flatMap(({ name }) => {
    const first = roster.find(name);
    const [facts] = first === undefined || wantedReplicas(first, true) === 0 ? [] : describe(first);
    return facts === undefined ? [] : [{ ...facts, name }];
  });
}

function served(
  deployment: Deployment,
  { fleet, profiles }: Pick<Platform, 'fleet' | 'profiles'>,
): readonly ServedModel[] {
  const kept = fleet.fleet.keptOf(deployment.id);
  const serving = kept.find(({ client }) => client !== undefined);
  const { client, spec } = serving ?? {};
  // 0 = a remote server that does not tell.
  const contextLength = client?.contextPerSlot || deployment.contextSize;
  const lengths = contextLength !== undefined && { contextLength, maxOutputTokens: contextLength };
  const format = spec === undefined ? [] : formatLabel(profiles, spec, deployment);
  const state = serving?.instance.state ?? unservedState(deployment, fleet.fleet);
  const facts = { createdAt: deployment.createdAt, capabilities: ['chat', 'tools', ...format], state, ...lengths };
  return servedNames(deployment).map((name) => ({ name, ...facts }));
}

/** A format file that was broken since must not hide the list of all models. */
function formatLabel(profiles: Platform['profiles'], spec: ModelSpec, deployment: Deployment): readonly string[] {
  try {
    return [`tools:${formatOf(profiles, spec, deployment).name}`];
  } catch {
    return [];
  }
}

/** What is wanted but has no instance yet is about to come, not stopped. */
function unservedState(deployment: Deployment, fleet: Platform['fleet']['fleet']): InstanceState {
  const kept = fleet.keptOf(deployment.id).map(({ instance }) => instance.state);
  const known = kept.find((state) => state !== 'stopping') ?? kept[0];
  return known ?? (wantedReplicas(deployment, fleet.isDemanded(deployment.id)) > 0 ? 'pending' : 'stopped');
}

function productVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return isObject(manifest) ? String(manifest['version']) : '';
}
