import { spawn } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findRunningPostgres } from '../../src/database/embedded/embedded-postgres.js';
import {
  exists,
  FixtureProcess,
  Installation,
  isRunning,
  query,
  serverPid,
  type FixtureOptions,
} from '../support/embedded-postgres-process.js';

const isRoot = process.getuid!() === 0;
const NOBODY = 65534;
const ordinaryUser: FixtureOptions = isRoot ? { uid: NOBODY, gid: NOBODY } : {};

let installation: Installation;
let dataDir: string;
let processes: FixtureProcess[] = [];

beforeAll(async () => {
  installation = await Installation.create();
});
afterAll(() => installation.remove());

beforeEach(async () => {
  dataDir = await mkdtemp('/tmp/th-data-');
  await chmod(dataDir, 0o755);
});
afterEach(async () => {
  await Promise.all(processes.filter((started) => started.running).map((started) => started.stop()));
  processes = [];
  await rm(dataDir, { recursive: true, force: true });
});

function start(options: FixtureOptions & { from?: Installation; on?: string } = {}): FixtureProcess {
  const { from = installation, on = dataDir, ...rest } = options;
  const started = new FixtureProcess(from, on, rest);
  processes.push(started);
  return started;
}

const runtimeDirOf = (url: string) => new URL(url).searchParams.get('host')!;

describe('the embedded PostgreSQL', () => {
  it('starts on an empty folder, stops without a trace and keeps its data', async () => {
    const first = start();
    const url = await first.said('url');
    await query(url, 'CREATE TABLE kept (word text)');
    await query(url, "INSERT INTO kept VALUES ('größer')");
    const pid = await serverPid(dataDir);
    await first.stop();
    expect(isRunning(pid)).toBe(false);
    expect(await exists(runtimeDirOf(url))).toBe(false);

    expect(await query(await start().said('url'), 'SELECT * FROM kept')).toEqual([{ word: 'größer' }]);
  });

  it('speaks UTF-8, is durable and listens on no network', async () => {
    const url = await start().said('url');
    const settings = await query(
      url,
      `SELECT current_setting('server_encoding') AS encoding, current_setting('fsync') AS fsync,
              current_setting('listen_addresses') AS addresses, current_setting('max_connections') AS connections,
              current_database() AS database`,
    );
    expect(settings).toEqual([
      { encoding: 'UTF8', fsync: 'on', addresses: '', connections: '100', database: 'tokenhouse' },
    ]);
    expect((await stat(runtimeDirOf(url))).mode & 0o777).toBe(0o700);
  });

  it('ends when its process is killed with -9, and starts again at once', async () => {
    const first = start();
    const url = await first.said('url');
    await query(url, 'CREATE TABLE kept AS SELECT 1 AS one');
    const pid = await serverPid(dataDir);
    await first.kill();

    const second = start();
    expect(await query(await second.said('url'), 'SELECT * FROM kept')).toEqual([{ one: 1 }]);
    expect(isRunning(pid)).toBe(false);
    await second.kill();
    const last = await serverPid(dataDir);
    await expect.poll(() => isRunning(last), { timeout: 20_000 }).toBe(false);
    await expect.poll(() => exists(runtimeDirOf(url)), { timeout: 20_000 }).toBe(false);
  });

  it('is ended by the next start when only the server survived', async () => {
    const first = start();
    const url = await first.said('url');
    const server = await serverPid(dataDir);
    killAll(await guardiansOf(server));
    await first.kill();
    expect(isRunning(server)).toBe(true);

    await query(await start().said('url'), 'SELECT 1');
    expect(await serverPid(dataDir)).not.toBe(server);
    await rm(runtimeDirOf(url), { recursive: true, force: true });
  });

  it('starts after everything was killed together, and clears away what that left', async () => {
    const first = start();
    const url = await first.said('url');
    const server = await serverPid(dataDir);
    killAll([...(await guardiansOf(server)), server]);
    await first.kill();
    expect(await exists(runtimeDirOf(url))).toBe(true);

    await query(await start().said('url'), 'SELECT 1');
    expect(await exists(runtimeDirOf(url))).toBe(false);
  });

  it('starts after a first start that was killed half-way', async () => {
    const first = start();
    const drafts = async () => (await readdir(dataDir)).filter((name) => name.startsWith('postgres.init-'));
    await expect.poll(drafts, { timeout: 20_000, interval: 5 }).toHaveLength(1);
    await first.kill();
    expect(await exists(join(dataDir, 'postgres'))).toBe(false);

    await query(await start().said('url'), 'SELECT 1');
    expect(await readdir(dataDir)).toEqual(['postgres']);
  });

  it('started twice says who is running, and leaves that one alone', async () => {
    const first = start();
    const url = await first.said('url');
    const message = await start().said('error');
    expect(message).toContain(
      `Another Tokenhouse (pid ${first.pid}) is already running on the database folder`,
    );
    expect(message).toContain('DATA_DIR');
    await query(url, 'SELECT 1');
  });

  it('is found by a command beside it, while its process lives', async () => {
    expect(await findRunningPostgres(dataDir)).toBeNull();
    const first = start();
    const url = await first.said('url');
    expect(await findRunningPostgres(dataDir)).toBe(url);
    await query(url, 'SELECT 1');
    await first.stop();
    expect(await findRunningPostgres(dataDir)).toBeNull();
  });

  it('is not found when only the server survived', async () => {
    const first = start();
    const runtimeDir = runtimeDirOf(await first.said('url'));
    killAll(await guardiansOf(await serverPid(dataDir)));
    await first.kill();
    expect(await findRunningPostgres(dataDir)).toBeNull();
    await start().said('url');
    await rm(runtimeDir, { recursive: true, force: true });
  });

  it('started several times at the same moment on an empty folder runs once', async () => {
    const all = [start(), start(), start()];
    await expect.poll(() => all.filter(({ lines }) => lines.length > 0).length, { timeout: 30_000 }).toBe(3);
    const winners = all.filter(({ lines }) => lines.some(({ url }) => url));
    expect(winners).toHaveLength(1);
    for (const loser of all.filter((each) => each !== winners[0])) {
      expect(await loser.said('error')).toContain(`(pid ${winners[0]!.pid}) is already running`);
    }
    await query(await winners[0]!.said('url'), 'SELECT 1');
    expect(await readdir(dataDir)).toEqual(['postgres']);
  });

  it('does not hear the Ctrl-C that its process hears', async () => {
    const fixture = start();
    const url = await fixture.said('url');
    fixture.interruptGroup();
    await fixture.said('received');
    await query(url, 'SELECT pg_sleep(0.2)');
  });

  it('tells when the server is gone', async () => {
    const fixture = start();
    await fixture.said('url');
    process.kill(await serverPid(dataDir), 'SIGKILL');
    expect(await fixture.said('log')).toContain('The embedded PostgreSQL has ended');
  });

  it('is not misled by a recorded process id that now belongs to something else', async () => {
    const first = start();
    await first.said('url');
    const record = await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8');
    await first.stop();
    const stranger = spawn('sleep', ['60'], { ...ordinaryUser, stdio: 'ignore' });
    await writeFile(
      join(dataDir, 'postgres', 'postmaster.pid'),
      record.replace(/^\d+/, String(stranger.pid)),
    );
    try {
      await query(await start().said('url'), 'SELECT 1');
    } finally {
      stranger.kill();
    }
  });

  it('is not misled by the variables of PostgreSQL, nor by a long path', async () => {
    const env = { PGDATA: '/nowhere', PGPORT: '1', PGHOST: 'nowhere', PGSSLMODE: 'require', LC_ALL: 'xx_XX' };
    const long = join(dataDir, 'a folder with spaces'.padEnd(120, '-'));
    await query(await start({ env, on: long }).said('url'), 'SELECT 1');
  });
});

describe('the users of the embedded PostgreSQL', () => {
  it('runs as nobody for root, as itself for an ordinary user', async () => {
    const url = await start().said('url');
    const expected = isRoot ? NOBODY : process.getuid!();
    expect((await stat(join(dataDir, 'postgres', 'base'))).uid).toBe(expected);
    expect((await stat(runtimeDirOf(url))).uid).toBe(expected);
    expect((await stat(`/proc/${await serverPid(dataDir)}`)).uid).toBe(expected);
  });

  it('works for an ordinary user, then for root on the same folder, and back', async () => {
    if (isRoot) await chown(dataDir, NOBODY, NOBODY);
    const first = start(ordinaryUser);
    await first.said('url');
    await first.stop();
    const second = start();
    await second.said('url');
    await second.stop();
    await query(await start(ordinaryUser).said('url'), 'SELECT 1');
  });

  it('works in a folder that only its owner may enter', async () => {
    const closed = await installation.copy();
    await chmod(closed.dir, 0o700);
    await chmod(dataDir, 0o700);
    try {
      const first = start({ from: closed });
      await first.said('url');
      expect(await start({ from: closed }).said('error')).toContain(`(pid ${first.pid}) is already running`);
      await first.kill();
      const second = start({ from: closed });
      const url = await second.said('url');
      await second.stop();
      expect(await exists(runtimeDirOf(url))).toBe(false);
    } finally {
      await closed.remove();
    }
  });

  describe.runIf(isRoot)('that only root can play', () => {
    it('tells an ordinary user that the folder is of another', async () => {
      const first = start();
      await first.said('url');
      await first.stop();
      const message = await start({ uid: 4711, gid: 4711 }).said('error');
      expect(message).toMatch(/belongs to user 65534, and you are user 4711.*chown.*DATA_DIR/s);
    });

    it('tells a user without a name to take another or DATABASE_URL', async () => {
      await chown(dataDir, 4711, 4711);
      const message = await start({ uid: 4711, gid: 4711 }).said('error');
      expect(message).toMatch(/uid 4711 has no entry in \/etc\/passwd.*DATABASE_URL/s);
      expect(await readdir(dataDir)).toEqual([]);
    });

    it('takes over files that root has put there', async () => {
      const first = start();
      await first.said('url');
      await first.stop();
      await chownAll(join(dataDir, 'postgres'), 0);
      await query(await start().said('url'), 'SELECT 1');
    });
  });

  it('tells who may not write to the data folder', async () => {
    const parent = join(dataDir, 'read-only');
    await mkdir(parent, { mode: 0o555 });
    const message = await start({ ...ordinaryUser, on: join(parent, 'data') }).said('error');
    expect(message).toMatch(/cannot use the data folder .*EACCES.*DATA_DIR/s);
  });
});

describe('the programs of the embedded PostgreSQL', () => {
  it('makes the missing links when install scripts did not run, also in parallel', async () => {
    const copy = await installation.copy();
    try {
      const links = await copy.removeLinks();
      const all = ['a', 'b', 'c'].map((name) => start({ from: copy, on: join(dataDir, name) }));
      await Promise.all(all.map(async (each) => query(await each.said('url'), 'SELECT 1')));
      for (const link of links) expect(await exists(link), link).toBe(true);
    } finally {
      await copy.remove();
    }
  });

  it('works where the links are missing and cannot be made', async () => {
    const copy = await installation.copy();
    try {
      await copy.removeLinks();
      await copy.protect();
      if (isRoot) await chown(dataDir, NOBODY, NOBODY);
      await query(await start({ ...ordinaryUser, from: copy }).said('url'), 'SELECT 1');
    } finally {
      await copy.remove();
    }
  });

  it('tells where they cannot run, or are not installed', async () => {
    const copy = await installation.copy();
    try {
      await copy.breakServer();
      expect(await start({ from: copy }).said('error')).toMatch(
        /cannot run on this system.*Alpine.*DATABASE_URL/s,
      );
      await rm(copy.packageDir, { recursive: true });
      expect(await start({ from: copy }).said('error')).toMatch(/no embedded PostgreSQL for .*DATABASE_URL/s);
    } finally {
      await copy.remove();
    }
  });

  it('tells when the folder is of another version, or no database', async () => {
    const clusterDir = join(dataDir, 'postgres');
    await mkdir(clusterDir);
    await writeFile(join(clusterDir, 'notes.txt'), '');
    if (isRoot) await chownAll(clusterDir, NOBODY);
    expect(await start().said('error')).toMatch(/holds files but no database/);
    await writeFile(join(clusterDir, 'PG_VERSION'), '17\n');
    expect(await start().said('error')).toMatch(/made by PostgreSQL 17.*brings 18.*DATABASE_URL/s);
  });

  it('shows what the server said when it does not start', async () => {
    const first = start();
    await first.said('url');
    await first.stop();
    await rm(join(dataDir, 'postgres', 'global', 'pg_control'));
    expect(await start().said('error')).toMatch(/did not start.*pg_control/s);
  });
});

/** The guardian and its watcher. */
async function guardiansOf(server: number): Promise<number[]> {
  const guardian = Number(/\) . (\d+)/.exec(await readFile(`/proc/${server}/stat`, 'utf8'))?.[1]);
  return [guardian, ...(await childrenOf(guardian)).filter((pid) => pid !== server)];
}

async function childrenOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.trim().split(' ').map(Number);
}

function killAll(pids: readonly number[]): void {
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}

async function chownAll(path: string, id: number): Promise<void> {
  for (const name of await readdir(path, { recursive: true })) await chown(join(path, name), id, id);
  await chown(path, id, id);
}
