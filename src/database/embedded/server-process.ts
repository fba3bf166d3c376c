import { execFile } from 'node:child_process';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';

const run = promisify(execFile);
const STOP_TIMEOUT_MS = 30_000;
const SOCKET_DIR_LINE = 4;

/** The setting that tells in the server's command line whose database it is. */
export const OWNER_SETTING = 'cluster_name=tokenhouse-';

/**
 * Makes sure that no server runs on the folder: waits for one whose Tokenhouse is gone (and tells it to stop, should
 * its guardian be gone too), and leaves one that is in use alone.
 *
 * @throws EmbeddedPostgresError when another Tokenhouse uses the folder, or the old server does not stop
 */
export async function requireUnused(clusterDir: string, log: (line: string) => void): Promise<void> {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  for (let waited = false; ; waited = true) {
    const server = await runningServer(clusterDir);
    if (!server) return;
    if (server.ownerPid === null || (await isAlive(server.ownerPid))) throw inUse(clusterDir, server);
    if (Date.now() > deadline) throw stuck(clusterDir, server);
    if (!waited) log('Waiting for the database of an earlier run to stop.');
    signal(server.pid, 'SIGINT');
    await sleep(100);
  }
}

/** The error for a start that lost a race for the folder; null when nobody else holds it. */
export async function otherOwner(clusterDir: string): Promise<EmbeddedPostgresError | null> {
  const server = await runningServer(clusterDir);
  return server && inUse(clusterDir, server);
}

/** The folder of the socket of the server that another Tokenhouse runs there; null when none does. */
export async function socketDirOfRunning(clusterDir: string): Promise<string | null> {
  const record = await readRecord(clusterDir);
  const server = await serverOf(record, clusterDir);
  if (server?.ownerPid == null || !(await isAlive(server.ownerPid))) return null;
  return record[SOCKET_DIR_LINE] || null;
}

/**
 * The recorded process id when it is no server's any more, though PostgreSQL would think so: it now belongs to
 * something else, as after a restart of a container, or the dead server was not yet reaped.
 */
export async function recycledPid(clusterDir: string): Promise<number | null> {
  const record = await readRecord(clusterDir);
  const pid = pidOf(record);
  return pid !== null && signal(pid, 0) && !(await serverOf(record, clusterDir)) ? pid : null;
}

/**
 * Removes the runtime folder of a server that was killed together with its guardian, as when a container is killed.
 * The record is the database account's to write, so only a name of our own making is believed.
 */
export async function removeAbandonedRuntime(clusterDir: string): Promise<void> {
  const record = await readRecord(clusterDir);
  const runtimeDir = record[SOCKET_DIR_LINE] ?? '';
  if (!/^\/tmp\/tokenhouse-\w{6}$/.test(runtimeDir) || (await serverOf(record, clusterDir))) return;
  await rm(runtimeDir, { recursive: true, force: true });
}

interface RunningServer {
  readonly pid: number;
  /** The Tokenhouse that started it; null when it was started by other means. */
  readonly ownerPid: number | null;
}

async function runningServer(clusterDir: string): Promise<RunningServer | null> {
  return serverOf(await readRecord(clusterDir), clusterDir);
}

async function serverOf(record: readonly string[], clusterDir: string): Promise<RunningServer | null> {
  const pid = pidOf(record);
  if (pid === null || !(await isAlive(pid)) || !(await worksIn(pid, clusterDir))) return null;
  const commandLine = await commandLineOf(pid);
  if (!commandLine.includes('postgres')) return null;
  const owner = commandLine.split(OWNER_SETTING)[1];
  return { pid, ownerPid: owner ? Number.parseInt(owner, 10) : null };
}

/** The lines of PostgreSQL's lock file; none when there is no such file. */
async function readRecord(clusterDir: string): Promise<string[]> {
  const file = await readFile(join(clusterDir, 'postmaster.pid'), 'utf8').catch(() => '');
  return file.split('\n');
}

function pidOf([pid = '']: readonly string[]): number | null {
  return Math.abs(Number.parseInt(pid, 10)) || null;
}

/** Whether the process exists and is not merely waiting to be reaped. */
export async function isAlive(pid: number): Promise<boolean> {
  const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/\) [ZX] /.test(state) && signal(pid, 0);
}

/** False when there is no such process. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A server's working directory is its data folder. */
async function worksIn(pid: number, clusterDir: string): Promise<boolean> {
  if (process.platform !== 'linux') return (await commandLineOf(pid)).includes(clusterDir);
  const [actual, expected] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(clusterDir)]).catch(() => []);
  return actual !== undefined && actual.ino === expected?.ino && actual.dev === expected.dev;
}

async function commandLineOf(pid: number): Promise<string> {
  if (process.platform === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return run('ps', ['-ww', '-o', 'args=', '-p', String(pid)]).then(
    ({ stdout }) => stdout,
    () => '',
  );
}

function inUse(clusterDir: string, { pid, ownerPid }: RunningServer): EmbeddedPostgresError {
  const who = ownerPid === null ? `A PostgreSQL server (pid ${pid})` : `Another Tokenhouse (pid ${ownerPid})`;
  return new EmbeddedPostgresError(
    `${who} is already running on the database folder ${clusterDir}. Stop it first (kill ${ownerPid ?? pid}), or give ` +
      `this one a folder of its own with DATA_DIR. Several Tokenhouses share one database through DATABASE_URL.`,
  );
}

function stuck(clusterDir: string, { pid }: RunningServer): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The database of an earlier run (pid ${pid}) on ${clusterDir} does not stop. End it with "kill -QUIT ${pid}" and start again.`,
  );
}
