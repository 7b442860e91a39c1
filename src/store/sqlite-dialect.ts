/** Lets Kysely speak to an SQLite file: one connection, waited for in turn, and retried while another program holds the lock. */

import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { Bug, RequestError, UnavailableError } from '../base/errors.ts';
import { isBusy, translate } from './sqlite-errors.ts';
import { emptyLog, type SqliteFile } from './sqlite-open.ts';

/** Where the file lies and how long to wait for others. */
export interface SqliteSettings {
  readonly path: string;
  readonly busyTimeoutMs: number;
}

/** Kysely's way to an open SQLite file. */
export function sqliteDialect(file: SqliteFile, settings: SqliteSettings): Dialect {
  return {
    createDriver: () => new SqliteDriver(file, settings),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** A transaction that waits for longer than this for its turn is a deadlock of ours: it uses the outer database inside. */
const turnTimeoutMs = 30_000;

class SqliteDriver implements Driver {
  readonly #file: SqliteFile;
  readonly #connection: SqliteConnection;
  readonly #waiting: Array<() => void> = [];
  #isTaken = false;

  constructor(file: SqliteFile, settings: SqliteSettings) {
    this.#file = file;
    this.#connection = new SqliteConnection(file, settings);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#isTaken) await this.#turn();
    this.#isTaken = true;
    return this.#connection;
  }

  /** Resolves when whoever is before has released the connection, which stays taken in between. */
  #turn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = () => {
        clearTimeout(timer);
        // The library answers on the spot: a queue of queries would otherwise leave nothing else a turn.
        setImmediate(resolve);
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        reject(new UnavailableError('store_unavailable', 'The database is busy; try again.', { retryAfter: 5 }));
      }, turnTimeoutMs);
      this.#waiting.push(take);
    });
  }

  async releaseConnection(): Promise<void> {
    const next = this.#waiting.shift();
    if (next === undefined) this.#isTaken = false;
    else next();
  }

  /** Takes the lock at once: a transaction that began by reading could not wait for it later. */
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // A full disk makes SQLite roll back by itself.
    if (this.#file.isTransaction) await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async destroy(): Promise<void> {
    if (!this.#file.isOpen) return;
    try {
      emptyLog(this.#file);
    } catch {
      // Only tidiness: the next start reads the log as well.
    }
    this.#file.close();
  }
}

interface PreparedStatement {
  readonly statement: ReturnType<SqliteFile['prepare']>;
  readonly hasRows: boolean;
}

/** More texts than this exist only where lists of any length are in them. */
const maxStatements = 200;

class SqliteConnection implements DatabaseConnection {
  readonly #file: SqliteFile;
  readonly #settings: SqliteSettings;
  /** The file's own number: another one at the same path is another database. */
  readonly #inode: bigint | undefined;
  /** When another program's lock was met that no write has got past since. */
  #busySinceMs: number | undefined;
  readonly #statements = new Map<string, PreparedStatement>();

  constructor(file: SqliteFile, settings: SqliteSettings) {
    this.#file = file;
    this.#settings = settings;
    this.#inode = inodeOf(settings.path);
    // The library waits by blocking the whole process, so that the waiting is done in `executeQuery`.
    file.exec('PRAGMA busy_timeout=0');
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    for (let waitMs = 5; ; waitMs = Math.min(2 * waitMs, 100)) {
      try {
        const result = this.#execute<Row>(query);
        if (query.query.kind !== 'SelectQueryNode') this.#busySinceMs = undefined;
        return result;
      } catch (thrown) {
        if (!isBusy(thrown) || this.#file.isTransaction || !this.#mayWait(waitMs)) throw translate(thrown);
        await sleep(waitMs);
      }
    }
  }

  /** The time runs from the first refusal, or those who queue would each wait for the whole of it. */
  #mayWait(waitMs: number): boolean {
    const nowMs = performance.now();
    this.#busySinceMs ??= nowMs;
    return nowMs + waitMs <= this.#busySinceMs + this.#settings.busyTimeoutMs;
  }

  #execute<Row>(query: CompiledQuery): QueryResult<Row> {
    if (!this.#file.isTransaction) this.#ensureFile();
    ensureWhole(query.parameters);
    const { statement, hasRows } = this.#prepared(query.sql);
    if (hasRows) return { rows: statement.all(...query.parameters) };
    const { changes } = statement.run(...query.parameters);
    return { rows: [], numAffectedRows: BigInt(changes) };
  }

  /** The package frees statements only when they are collected as garbage, so that each is made once. */
  #prepared(text: string): PreparedStatement {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const statement = this.#file.prepare(text);
    const made = { statement, hasRows: statement.columns().length > 0 };
    const [oldest] = this.#statements.keys();
    if (this.#statements.size >= maxStatements && oldest !== undefined) this.#statements.delete(oldest);
    this.#statements.set(text, made);
    return made;
  }

  /** SQLite goes on writing into a file that was removed: such writes would be acknowledged and lost. */
  #ensureFile(): void {
    if (inodeOf(this.#settings.path) === this.#inode) return;
    const message = 'The database file was removed or replaced while the server runs; put it back, or restart.';
    throw new UnavailableError('store_unavailable', message, { retryAfter: 5, internal: this.#settings.path });
  }

  // biome-ignore lint/correctness/useYield: the interface wants it, nobody uses it.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Bug('Rows are not streamed from SQLite.');
  }
}

/** A zero ends a text for the package: what comes back would be shorter than what was written. */
function ensureWhole(parameters: readonly unknown[]): void {
  if (parameters.some((value) => typeof value === 'string' && value.includes('\u0000')))
    throw new RequestError('invalid_value', 'A text may not hold the character U+0000.');
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}
