import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { canReach, giveTo, type ServerAccount } from './server-account.js';
import { SERVER_ENVIRONMENT, type Binaries } from './server-binaries.js';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';
import { isAlive } from './server-process.js';

const run = promisify(execFile);

/**
 * Makes the folder of the database files, unless it is there. It appears at once and whole: a first start that is
 * killed leaves only a temporary sibling, which the next one removes.
 *
 * @throws EmbeddedPostgresError when the folder is of another PostgreSQL version, or of none, or cannot be made
 */
export async function prepareCluster(
  clusterDir: string,
  account: ServerAccount,
  binaries: Binaries,
  durable: boolean,
): Promise<void> {
  const version = await clusterVersion(clusterDir);
  await removeAbandoned(clusterDir);
  if (version === null) {
    await initialise(clusterDir, account, binaries, durable);
  } else if (version === binaries.majorVersion) {
    // Copied by root, say out of a backup.
    if (account.uid !== undefined && (await stat(clusterDir)).uid === 0) await giveTo(account, clusterDir);
  } else {
    throw new EmbeddedPostgresError(
      `The database folder ${clusterDir} was made by PostgreSQL ${version}; this Tokenhouse brings ` +
        `${binaries.majorVersion}, which cannot read it. Go back to the Tokenhouse that made it and carry the data over ` +
        `(pg_dump), set DATABASE_URL to a server of version ${version}, or move the folder away to begin anew.`,
    );
  }
}

/** Null: nothing is there yet, or an empty folder. */
async function clusterVersion(clusterDir: string): Promise<number | null> {
  const version = await readFile(join(clusterDir, 'PG_VERSION'), 'utf8').catch(() => null);
  if (version !== null) return Number(version);
  const files = await readdir(clusterDir).catch(() => []);
  if (files.length === 0) return null;
  throw new EmbeddedPostgresError(
    `The folder ${clusterDir} holds files but no database. Move it away to begin anew, or set DATA_DIR to another folder.`,
  );
}

async function removeAbandoned(clusterDir: string): Promise<void> {
  const prefix = `${basename(clusterDir)}.init-`;
  for (const name of await readdir(dirname(clusterDir))) {
    if (!name.startsWith(prefix)) continue;
    if (await isAlive(Number.parseInt(name.slice(prefix.length), 10))) continue;
    // Retries: an initdb that outlived its parent may still write there.
    const patiently = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 };
    await rm(join(dirname(clusterDir), name), patiently).catch(() => undefined);
  }
}

async function initialise(
  clusterDir: string,
  account: ServerAccount,
  binaries: Binaries,
  durable: boolean,
): Promise<void> {
  const draft = await mkdtemp(`${clusterDir}.init-${process.pid}-`);
  try {
    await giveTo(account, draft);
    await initdb(draft, account, binaries, durable);
    await rename(draft, clusterDir).catch((error: NodeJS.ErrnoException) => {
      // Another start was faster: its folder is as good.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function initdb(
  dir: string,
  account: ServerAccount,
  binaries: Binaries,
  durable: boolean,
): Promise<void> {
  const args = ['-D', await addressableBy(account, dir), '--username=postgres', '--no-instructions'];
  args.push('--encoding=UTF8', '--locale=C', '--auth-local=trust', '--auth-host=reject');
  if (!durable) args.push('--no-sync');
  try {
    await run(binaries.initdb, args, { ...account, cwd: dir, env: SERVER_ENVIRONMENT });
  } catch (error) {
    throw initdbFailed(error, account);
  }
}

function initdbFailed(error: unknown, account: ServerAccount): EmbeddedPostgresError {
  const output = (error as { stderr?: string }).stderr?.trim() || String(error);
  const message = /look up effective user ID/.test(output)
    ? `PostgreSQL wants a named user, and uid ${account.uid ?? process.getuid?.()} has no entry in /etc/passwd. ` +
      `Run Tokenhouse as a user that has one (in Docker, for instance: --user node), or set DATABASE_URL to a PostgreSQL server.`
    : `The embedded PostgreSQL could not make its database folder:\n${output}`;
  return new EmbeddedPostgresError(message, { cause: error });
}

/**
 * The name by which a process of the account, started inside the folder, can reach it. Below a parent that is closed
 * to the account (root's home, a `mktemp -d`) that is the working directory which root gave it.
 *
 * @throws EmbeddedPostgresError where the system knows no such name
 */
export async function addressableBy(account: ServerAccount, dir: string): Promise<string> {
  if (await canReach(account, dir)) return dir;
  if (process.platform === 'linux') return '/proc/self/cwd';
  throw new EmbeddedPostgresError(
    `The database runs as user ${account.uid}, who may not enter a folder above ${dir}. Allow it (chmod o+x), set ` +
      `DATA_DIR to a folder elsewhere, start Tokenhouse as an ordinary user, or set DATABASE_URL.`,
  );
}
