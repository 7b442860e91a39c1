/** What the management API stands on; `server.ts` hands it in. */

import type { Meter } from '../../answering/usage-meter.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { FleetControl } from '../../operating/fleet-control.ts';
import type { EngineControl } from '../../operating/installing/engine-desk.ts';
import type { RouteControl } from '../../operating/traffic/route-control.ts';
import type { Db } from '../../store/tables.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { HttpLimits } from '../limits.ts';
import type { Feeds } from './feeds.ts';
import type { Lane } from './lane.ts';
import type { ModelDesk } from './model-desk.ts';
import type { OpenCalls } from './open-calls.ts';
import type { PlatformSettings } from './platform-settings.ts';

/** What the server hands in. */
export interface ManagementParts {
  readonly fleet: FleetControl;
  readonly engines: EngineControl;
  readonly routes: RouteControl;
  readonly accounts: Accounts;
  readonly db: Db;
  readonly models: ModelDesk;
  readonly settings: PlatformSettings;
  readonly meter: Pick<Meter, 'settle' | 'clients'>;
  /** Writes one line to the audit log's file. */
  readonly auditLine: (line: string) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: HttpLimits;
  readonly version: string;
  /** Unix seconds. */
  readonly startedAt: number;
  /** Aborts when the server begins to stop: streams end. */
  readonly closing: AbortSignal;
}

/** What handlers work with. */
export interface World extends ManagementParts {
  readonly feeds: Feeds;
  readonly calls: OpenCalls;
  readonly lane: Lane;
}
