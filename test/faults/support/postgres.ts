import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { addressableBy, prepareCluster } from '../../../src/database/embedded/cluster.js';
import { Guardian } from '../../../src/database/embedded/guardian.js';
import { serverAccount, type ServerAccount } from '../../../src/database/embedded/server-account.js';
import { type Binaries, prepareBinaries } from '../../../src/database/embedded/server-binaries.js';
import { recycledPid } from '../../../src/database/embedded/server-process.js';
import { freePort, type Lab } from './lab.js';

const START_MS = 30_000;
/** Nobody but this machine reaches it, and nothing in it is anybody's. */
const HBA = 'local all all trust\nhost all all 127.0.0.1/32 trust\n';

type Row = Record<string, unknown>;

/**
 * A PostgreSQL on loopback that can be stopped, killed and started again on its files. What was committed survives a
 * kill, as on any server; only a power cut would not be survived, since nothing is synced to the disk.
 */
export class Postgres {
  private guardian?: Guardian;

  private constructor(
    private readonly folder: string,
    private readonly account: ServerAccount,
    private readonly binaries: Binaries,
    private readonly port: number,
  ) {}

  static async start(lab: Lab): Promise<Postgres> {
    const folder = await lab.folder();
    const account = await serverAccount(join(folder, 'postgres'));
    const programs = join(folder, 'programs');
    await mkdir(programs);
    const binaries = await prepareBinaries(account, programs);
    await prepareCluster(join(folder, 'postgres'), account, binaries, false);
    await writeFile(join(folder, 'postgres', 'pg_hba.conf'), HBA);
    const postgres = new Postgres(folder, account, binaries, await freePort());
    lab.add(() => postgres.stop());
    await postgres.start();
    return postgres;
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  private get files(): string {
    return join(this.folder, 'postgres');
  }

  /** Starts it, and waits until it answers: after a kill it recovers first. */
  async start(): Promise<void> {
    const deadline = performance.now() + START_MS;
    while (!(await this.answers())) {
      if (performance.now() > deadline)
        throw new Error(`PostgreSQL did not start: ${this.guardian?.lastLines}`);
      // What a killed one left may be in the way for a moment.
      if (this.guardian?.ended ?? true) this.guardian = await this.launch();
      await sleep(20);
    }
  }

  /** A fast shutdown: whoever is connected is disconnected. */
  async stop(): Promise<void> {
    await this.guardian?.stop();
    this.guardian = undefined;
  }

  /** kill -9: nothing is said to anybody. */
  async kill(): Promise<void> {
    const [pid] = (await readFile(join(this.files, 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), 'SIGKILL');
    await this.stop();
  }

  async query<R extends Row = Row>(sql: string, parameters: unknown[] = []): Promise<R[]> {
    const client = await this.connect();
    try {
      return (await client.query<R>(sql, parameters)).rows;
    } finally {
      await client.end();
    }
  }

  /** A connection of one's own. */
  async connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url, application_name: 'faults' });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  private async launch(): Promise<Guardian> {
    const runtimeDir = join(this.folder, 'runtime');
    const command = [this.binaries.postgres, '-D', await addressableBy(this.account, this.files)];
    const settings = [
      'listen_addresses=127.0.0.1',
      `port=${this.port}`,
      'unix_socket_directories=',
      'max_connections=100',
      'shared_buffers=32MB',
      'fsync=off',
      'timezone=UTC',
    ];
    command.push(...settings.flatMap((value) => ['-c', value]));
    const recycled = await recycledPid(this.files);
    return new Guardian({
      account: this.account,
      clusterDir: this.files,
      runtimeDir,
      command,
      recycledPid: recycled,
    });
  }

  private answers(): Promise<boolean> {
    return this.query('SELECT 1').then(
      () => true,
      () => false,
    );
  }
}
