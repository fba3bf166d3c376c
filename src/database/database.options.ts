import type { ClientBase, PoolConfig } from 'pg';
import type { DataSourceOptions } from 'typeorm';
import { registeredTables } from './tables.js';

/** For a connection to be made, or for one of the pool to get free: who gets none is told to come again (RES-05). */
const CONNECT_TIMEOUT_MS = 3_000;
const STATEMENT_TIMEOUT_MS = 10_000;
export const POOL_SIZE = 20;

/**
 * How we talk to PostgreSQL. The URL goes to `pg` as it is, because only `pg` understands socket paths
 * and `sslmode` in it.
 */
export function databaseOptions(url: string): DataSourceOptions {
  return {
    type: 'postgres',
    ...registeredTables(),
    synchronize: false,
    // Off: TypeORM would run CREATE EXTENSION "uuid-ossp"; our ids are made in Node.
    installExtensions: false,
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    // A forgotten value must fail, never widen a WHERE.
    invalidWhereValuesBehavior: { null: 'throw', undefined: 'throw' },
    logging: false,
    extra: poolOptions(url),
  };
}

function poolOptions(url: string): PoolConfig {
  return {
    connectionString: url,
    max: POOL_SIZE,
    application_name: 'tokenhouse',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    // The server may be frozen, not only slow: then nothing but the client's own clock ends the wait.
    query_timeout: STATEMENT_TIMEOUT_MS + 2_000,
    keepAlive: true,
    onConnect: surviveErrors,
  };
}

/**
 * The server may end a connection when nobody listens: after the pool has handed it out, and before whoever asked for it
 * knows. Without this the process would end. Whoever uses it then is told by its own statement.
 */
function surviveErrors(client: ClientBase): void {
  client.on('error', () => {});
}
