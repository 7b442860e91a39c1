/** All tables as types: what a row looks like in the database, before it becomes a noun of the fleet. */

import type { Kysely } from 'kysely';
import type { ApiKeyId } from '../fleet/api-key.ts';
import type { Capture } from '../fleet/capture.ts';
import type { DeploymentId } from '../fleet/deployment.ts';
import type { ModelFile } from '../fleet/download.ts';
import type { InstanceId, InstanceState } from '../fleet/instance.ts';
import type { ModelRouteId } from '../fleet/model-route.ts';
import type { ToolVerdict } from '../fleet/tool-verdict.ts';
import type { UsageCounter, UsageMeasure, UsageOwner } from '../fleet/usage.ts';
import type { Role, SessionId, User, UserId } from '../fleet/user.ts';

/** Kysely has no boolean that all databases share. */
type Flag = 0 | 1;
/** JSON as text: read with a schema, never trusted. */
type JsonText = string;

interface UserRow {
  id: UserId;
  name: string;
  /** The name in lower case: what is unique. */
  nameKey: string;
  fullName: string | null;
  role: Role;
  origin: User['origin'];
  oidcSubject: string | null;
  passwordHash: string | null;
  isDisabled: Flag;
  createdAt: number;
  lastSignInAt: number | null;
  revision: number;
}

interface SessionRow {
  id: SessionId;
  userId: UserId;
  tokenHash: string;
  csrf: string;
  createdAt: number;
  expiresAt: number;
  lastSeenAt: number;
  userAgent: string;
}

interface ApiKeyRow {
  id: ApiKeyId;
  ownerId: UserId;
  /** A copy out of `spec`, to search and sort by; so is `expiresAt`. */
  name: string;
  expiresAt: number | null;
  spec: JsonText;
  hint: string;
  keyHash: string;
  createdAt: number;
  lastUsedAt: number | null;
  revision: number;
}

interface KeyUsageRow {
  keyId: ApiKeyId;
  /** `2026-11-21`, `2026-11` or `lifetime`. */
  period: string;
  requests: number;
  tokens: number;
}

interface DeploymentRow {
  id: DeploymentId;
  spec: JsonText;
  revision: number;
  instanceRevision: number;
  isStopped: Flag;
  createdAt: number;
  updatedAt: number;
  createdBy: UserId | null;
}

interface DeploymentNameRow {
  /** A name or an alias; unique over all deployments. */
  name: string;
  deploymentId: DeploymentId;
}

interface ModelRouteRow {
  id: ModelRouteId;
  /** A copy out of `spec`: unique, and no deployment's name. */
  name: string;
  spec: JsonText;
  revision: number;
  createdAt: number;
  updatedAt: number;
}

interface InstanceRow {
  id: InstanceId;
  deploymentId: DeploymentId;
  workerId: string;
  revision: number;
  state: InstanceState;
  reason: string;
  sinceMs: number;
  failures: number;
  retryAtMs: number;
  devices: JsonText;
  run: number;
  history: JsonText;
  runRecord: JsonText | null;
}

interface ModelFileRow {
  id: string;
  workerId: string;
  files: JsonText;
  sizeBytes: number;
  origin: ModelFile['origin'];
  name: string;
  source: JsonText | null;
  quantisation: string | null;
  createdAt: number;
}

interface VerdictRow {
  weights: string;
  format: string;
  engine: string;
  verdict: ToolVerdict['verdict'];
  steps: JsonText;
  at: number;
}

interface DeviceRow {
  workerId: string;
  deviceId: string;
  isCordoned: Flag;
  labels: JsonText;
}

interface AuditRow {
  id: string;
  atMs: number;
  actorId: string;
  actorName: string;
  action: string;
  targetId: string;
  targetName: string;
  address: string;
  requestId: string;
  detail: string;
}

interface SettingRow {
  name: string;
  value: JsonText;
}

interface SecretRow {
  name: string;
  /** Base64 of nonce, tag and cipher text. */
  sealed: string;
  hint: string;
  updatedAt: number;
}

interface AdminLinkRow {
  tokenHash: string;
  userId: UserId | null;
  createdAt: number;
  expiresAt: number;
  usedAt: number | null;
}

/** An hour, or a day once the hours are old. */
interface UsagePlace extends UsageOwner {
  /** Unix seconds. */
  startAt: number;
  spanSeconds: number;
}

type UsageRow = UsagePlace & Record<UsageCounter, number>;

interface UsageTimeRow extends UsagePlace {
  measure: UsageMeasure;
  /** As `bucketOf` numbers them. */
  bucket: number;
  count: number;
}

interface CaptureRow extends Capture {
  /** JSON, compressed by gzip, in Base64. */
  transcript: string;
}

interface ClientRow {
  name: string;
  requests: number;
  firstSeenAt: number;
  lastSeenAt: number;
  deviations: JsonText;
}

interface MigrationRow {
  version: number;
  name: string;
  appliedAt: number;
}

/** The whole database. */
export interface Tables {
  users: UserRow;
  sessions: SessionRow;
  apiKeys: ApiKeyRow;
  keyUsage: KeyUsageRow;
  deployments: DeploymentRow;
  deploymentNames: DeploymentNameRow;
  modelRoutes: ModelRouteRow;
  instances: InstanceRow;
  modelFiles: ModelFileRow;
  verdicts: VerdictRow;
  devices: DeviceRow;
  audit: AuditRow;
  settings: SettingRow;
  secrets: SecretRow;
  adminLinks: AdminLinkRow;
  usage: UsageRow;
  usageTimes: UsageTimeRow;
  captures: CaptureRow;
  clients: ClientRow;
  migrations: MigrationRow;
}

/** What every function of this room takes first: the database, or a transaction in it. */
export type Db = Kysely<Tables>;
