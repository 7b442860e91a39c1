/** Migration 1: the tables of the first release. */

import type { CreateTableBuilder, Kysely } from 'kysely';

/** Columns by name; `?` = may be empty. Numbers are 64 bits wide: sizes and milliseconds need them. */
export type Columns = Readonly<Record<string, 'text' | 'text?' | 'number' | 'number?'>>;

/** Makes them all. */
export async function firstTables<Tables>(db: Kysely<Tables>): Promise<void> {
  const table = tableMaker(db);
  await systemTables(table);
  await peopleTables(table);
  await keyTables(table);
  await fleetTables(table);
  await db.schema.createIndex('sessionsByUser').on('sessions').column('userId').execute();
  await db.schema.createIndex('apiKeysByOwner').on('apiKeys').column('ownerId').execute();
  await db.schema.createIndex('deploymentNamesById').on('deploymentNames').column('deploymentId').execute();
  await db.schema.createIndex('instancesByDeployment').on('instances').column('deploymentId').execute();
  await db.schema.createIndex('auditByTime').on('audit').column('atMs').execute();
}

async function systemTables(table: TableMaker): Promise<void> {
  await table('migrations', { version: 'number', name: 'text', appliedAt: 'number' }, ['version']).execute();
  await table('settings', { name: 'text', value: 'text' }, ['name']).execute();
  await table('secrets', { name: 'text', sealed: 'text', hint: 'text', updatedAt: 'number' }, ['name']).execute();
  const audit: Columns = {
    ...{ id: 'text', atMs: 'number', actorId: 'text', actorName: 'text', action: 'text', targetId: 'text' },
    ...{ targetName: 'text', address: 'text', requestId: 'text', detail: 'text' },
  };
  await table('audit', audit, ['id']).execute();
}

async function peopleTables(table: TableMaker): Promise<void> {
  const users: Columns = {
    ...{ id: 'text', name: 'text', nameKey: 'text', fullName: 'text?', role: 'text', origin: 'text' },
    ...{ oidcSubject: 'text?', passwordHash: 'text?', isDisabled: 'number', createdAt: 'number' },
    ...{ lastSignInAt: 'number?', revision: 'number' },
  };
  await table('users', users, ['id'])
    .addUniqueConstraint('usersByName', ['nameKey'])
    .addUniqueConstraint('usersBySubject', ['oidcSubject'])
    .execute();
  const sessions: Columns = {
    ...{ id: 'text', userId: 'text', tokenHash: 'text', csrf: 'text', createdAt: 'number', expiresAt: 'number' },
    ...{ lastSeenAt: 'number', userAgent: 'text' },
  };
  await table('sessions', sessions, ['id'])
    .addUniqueConstraint('sessionsByToken', ['tokenHash'])
    .addForeignKeyConstraint('sessionUser', ['userId'], 'users', ['id'], (key) => key.onDelete('cascade'))
    .execute();
  const links: Columns = {
    ...{ tokenHash: 'text', userId: 'text?', createdAt: 'number', expiresAt: 'number', usedAt: 'number?' },
  };
  await table('adminLinks', links, ['tokenHash'])
    .addForeignKeyConstraint('linkUser', ['userId'], 'users', ['id'], (key) => key.onDelete('cascade'))
    .execute();
}

async function keyTables(table: TableMaker): Promise<void> {
  const keys: Columns = {
    ...{ id: 'text', ownerId: 'text', name: 'text', expiresAt: 'number?', spec: 'text', hint: 'text', keyHash: 'text' },
    ...{ createdAt: 'number', lastUsedAt: 'number?', revision: 'number' },
  };
  await table('apiKeys', keys, ['id'])
    .addUniqueConstraint('apiKeysByHash', ['keyHash'])
    .addForeignKeyConstraint('apiKeyOwner', ['ownerId'], 'users', ['id'], (key) => key.onDelete('cascade'))
    .execute();
  const usage: Columns = { keyId: 'text', period: 'text', requests: 'number', tokens: 'number' };
  await table('keyUsage', usage, ['keyId', 'period'])
    .addForeignKeyConstraint('usageKey', ['keyId'], 'apiKeys', ['id'], (key) => key.onDelete('cascade'))
    .execute();
}

async function fleetTables(table: TableMaker): Promise<void> {
  const deployments: Columns = {
    ...{ id: 'text', spec: 'text', revision: 'number', instanceRevision: 'number', isStopped: 'number' },
    ...{ createdAt: 'number', updatedAt: 'number', createdBy: 'text?' },
  };
  await table('deployments', deployments, ['id']).execute();
  await table('deploymentNames', { name: 'text', deploymentId: 'text' }, ['name'])
    .addForeignKeyConstraint('namedDeployment', ['deploymentId'], 'deployments', ['id'], (key) =>
      key.onDelete('cascade'),
    )
    .execute();
  // No foreign key: an instance outlives its deployment until its process has ended.
  const instances: Columns = {
    ...{ id: 'text', deploymentId: 'text', workerId: 'text', revision: 'number', state: 'text', reason: 'text' },
    ...{ sinceMs: 'number', failures: 'number', retryAtMs: 'number', devices: 'text', run: 'number' },
    ...{ history: 'text', runRecord: 'text?' },
  };
  await table('instances', instances, ['id']).execute();
  const files: Columns = {
    ...{ id: 'text', workerId: 'text', files: 'text', sizeBytes: 'number', origin: 'text', name: 'text' },
    ...{ source: 'text?', quantisation: 'text?', createdAt: 'number' },
  };
  await table('modelFiles', files, ['id']).execute();
  const verdicts: Columns = {
    ...{ weights: 'text', format: 'text', engine: 'text', verdict: 'text', steps: 'text', at: 'number' },
  };
  await table('verdicts', verdicts, ['weights', 'format', 'engine']).execute();
  const devices: Columns = { workerId: 'text', deviceId: 'text', isCordoned: 'number', labels: 'text' };
  await table('devices', devices, ['workerId', 'deviceId']).execute();
}

/** Begins a table with these columns and this primary key. */
export type TableMaker = (name: string, columns: Columns, key: readonly string[]) => CreateTableBuilder<string, string>;

/** The maker of tables in a database. */
export function tableMaker<Tables>(db: Kysely<Tables>): TableMaker {
  return (name, columns, key) => {
    let made: CreateTableBuilder<string, string> = db.schema.createTable(name);
    for (const [column, type] of Object.entries(columns)) {
      const kind = type.startsWith('text') ? 'text' : 'bigint';
      made = made.addColumn(column, kind, (of) => (type.endsWith('?') ? of : of.notNull()));
    }
    return made.addPrimaryKeyConstraint(`${name}Key`, [...key]);
  };
}
