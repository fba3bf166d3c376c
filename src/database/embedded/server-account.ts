import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';

const run = promisify(execFile);
const FALLBACK_ID = 65534;

/** Under whom the server runs. Without a uid: as ourselves. */
export interface ServerAccount {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * PostgreSQL refuses to run as root: there it runs as the owner of its folder, at first `nobody`.
 *
 * @throws EmbeddedPostgresError when an ordinary user finds a folder of somebody else
 */
export async function serverAccount(clusterDir: string): Promise<ServerAccount> {
  const ownUid = process.getuid?.();
  const folder = await stat(clusterDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (ownUid === 0) return folder && folder.uid !== 0 ? { uid: folder.uid, gid: folder.gid } : nobody();
  if (folder && folder.uid !== ownUid) {
    throw new EmbeddedPostgresError(
      `The database folder ${clusterDir} belongs to user ${folder.uid}, and you are user ${ownUid}: it was made ` +
        `when Tokenhouse ran as another user, perhaps as root. Start Tokenhouse as that user again, give the ` +
        `folder away (as root: chown -R ${ownUid} ${clusterDir}), or set DATA_DIR to another folder.`,
    );
  }
  return {};
}

async function nobody(): Promise<ServerAccount> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const [, , uid, gid] = /^nobody:.*$/m.exec(passwd)?.[0].split(':') ?? [];
  // As unsigned: macOS writes -2.
  return { uid: Number(uid ?? FALLBACK_ID) >>> 0, gid: Number(gid ?? FALLBACK_ID) >>> 0 };
}

/** Gives a whole folder to the account; symbolic links are not followed. */
export async function giveTo(account: ServerAccount, folder: string): Promise<void> {
  if (account.uid !== undefined) await run('chown', ['-R', `${account.uid}:${account.gid}`, folder]);
}

/** Whether the account may read and enter (or execute) the path: root may, its `nobody` often may not. */
export async function canReach(account: ServerAccount, path: string): Promise<boolean> {
  if (account.uid === undefined) return true;
  const script = 'test -r "$1" && test -x "$1"';
  return run('/bin/sh', ['-c', script, 'sh', path], { ...account, cwd: '/' }).then(
    () => true,
    () => false,
  );
}
