import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { serverAccount, type ServerAccount } from './server-account.js';
import { prepareBinaries } from './server-binaries.js';
import { addressableBy, prepareCluster } from './cluster.js';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';
import { Guardian } from './guardian.js';
import {
  otherOwner,
  OWNER_SETTING,
  recycledPid,
  removeAbandonedRuntime,
  requireUnused,
  socketDirOfRunning,
} from './server-process.js';

const START_TIMEOUT_MS = 120_000;
const DATABASE = 'tokenhouse';

export interface EmbeddedPostgres {
  /** Of the database `tokenhouse`, for `pg`. */
  readonly url: string;
  /** Resolves when the server has ended. */
  stop(): Promise<void>;
}

interface EmbeddedPostgresOptions {
  /** The files are kept in its subfolder `postgres`. */
  readonly dataDir: string;
  /** Told the rare things worth telling, a line each. */
  readonly log: (line: string) => void;
  /** False: faster, and a power cut may destroy the files. For tests. */
  readonly durable?: boolean;
  /** At once; 100 unless said. */
  readonly maxConnections?: number;
}

/**
 * Starts the PostgreSQL that npm brought, on files in the data folder, reachable through a private unix socket only.
 * It ends with this process, however that ends.
 *
 * @throws EmbeddedPostgresError in words for the operator, when it cannot run here or is running already
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  refuseWindows();
  const clusterDir = join(resolve(options.dataDir), 'postgres');
  try {
    await mkdir(options.dataDir, { recursive: true });
    const account = await serverAccount(clusterDir);
    await requireUnused(clusterDir, options.log);
    await removeAbandonedRuntime(clusterDir);
    return await startIn(clusterDir, account, options);
  } catch (error) {
    throw inPlainWords(error, options.dataDir);
  }
}

/**
 * The URL of the embedded database of a Tokenhouse that runs on this data folder, for a command beside it; null when
 * none does.
 */
export async function findRunningPostgres(dataDir: string): Promise<string | null> {
  const socketDir = await socketDirOfRunning(join(resolve(dataDir), 'postgres'));
  return socketDir === null ? null : urlOf(socketDir, DATABASE);
}

async function startIn(
  clusterDir: string,
  account: ServerAccount,
  { log, durable = true, maxConnections = 100 }: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const runtimeDir = await createRuntimeDir();
  try {
    const binaries = await prepareBinaries(account, runtimeDir);
    await prepareCluster(clusterDir, account, binaries, durable);
    const command = [binaries.postgres, '-D', await addressableBy(account, clusterDir)];
    command.push(...settings(runtimeDir, durable, maxConnections));
    const recycled = await recycledPid(clusterDir);
    const guardian = new Guardian({ account, clusterDir, runtimeDir, command, recycledPid: recycled });
    await untilReady(guardian, runtimeDir, clusterDir);
    guardian.onUnexpectedEnd(() => log(`The embedded PostgreSQL has ended. ${guardian.lastLines}`));
    return { url: urlOf(runtimeDir, DATABASE), stop: () => guardian.stop() };
  } catch (error) {
    await rm(runtimeDir, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
}

/** A short path: that of a unix socket may have 103 bytes. Private: whoever reaches the socket is let in. */
function createRuntimeDir(): Promise<string> {
  return mkdtemp('/tmp/tokenhouse-').catch(() => mkdtemp(join(tmpdir(), 'tokenhouse-')));
}

function settings(runtimeDir: string, durable: boolean, maxConnections: number): string[] {
  const values = [
    'listen_addresses=',
    `unix_socket_directories=${runtimeDir}`,
    'unix_socket_permissions=0700',
    'port=5432',
    `max_connections=${maxConnections}`,
    'shared_buffers=64MB',
    'max_wal_size=256MB',
    'timezone=UTC',
    'logging_collector=off',
    // Failed statements carry personal data; the service logs its own failures.
    'log_min_messages=log',
    'log_min_error_statement=panic',
    'log_checkpoints=off',
    `${OWNER_SETTING}${process.pid}`,
  ];
  if (!durable) values.push('fsync=off', 'synchronous_commit=off', 'full_page_writes=off');
  return values.flatMap((value) => ['-c', value]);
}

async function untilReady(guardian: Guardian, runtimeDir: string, clusterDir: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  try {
    while (!(await answers(runtimeDir))) {
      if (guardian.ended) throw (await otherOwner(clusterDir)) ?? didNotStart(guardian);
      if (Date.now() > deadline) throw didNotStart(guardian);
      await sleep(20);
    }
  } catch (error) {
    await guardian.stop();
    throw error;
  }
}

/** False: not yet. Creates our database where there is none. */
async function answers(runtimeDir: string): Promise<boolean> {
  try {
    await execute(urlOf(runtimeDir, DATABASE), 'SELECT 1');
    return true;
  } catch (error) {
    const invalidCatalogName = '3D000';
    if ((error as { code?: string }).code !== invalidCatalogName) return false;
    await execute(urlOf(runtimeDir, 'postgres'), `CREATE DATABASE ${DATABASE}`);
    return true;
  }
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Everything is spelt out, because `pg` takes the rest from PGPORT, PGSSLMODE and the like. */
function urlOf(runtimeDir: string, database: string): string {
  const query = new URLSearchParams({ host: runtimeDir, port: '5432', sslmode: 'disable' });
  return `postgresql://postgres@localhost/${database}?${query}`;
}

function didNotStart(guardian: Guardian): EmbeddedPostgresError {
  return new EmbeddedPostgresError(`The embedded PostgreSQL did not start. It said:\n${guardian.lastLines}`);
}

function refuseWindows(): void {
  if (process.platform !== 'win32') return;
  throw new EmbeddedPostgresError(
    'There is no embedded PostgreSQL on Windows: run Tokenhouse in WSL or a container, or set DATABASE_URL to a PostgreSQL server.',
  );
}

function inPlainWords(error: unknown, dataDir: string): unknown {
  if (error instanceof EmbeddedPostgresError || !(error instanceof Error) || !('code' in error)) return error;
  return new EmbeddedPostgresError(
    `The embedded PostgreSQL cannot use the data folder ${resolve(dataDir)}: ${error.message}. Set DATA_DIR to a folder ` +
      `that this user may write to, or DATABASE_URL to a PostgreSQL server.`,
    { cause: error },
  );
}
