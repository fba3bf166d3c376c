import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Locked {
  resolved?: string;
  integrity?: string;
  hasInstallScript?: boolean;
}

/** The function of `.ci/run`, as it stands there. */
const CHECK = /^check_lockfile\(\) \{\n[^]*?\n\}$/m.exec(readFileSync('.ci/run', 'utf8'))?.[0] ?? '';
const LOCKFILE = readFileSync('package-lock.json', 'utf8');

describe('RES-22: what CI says of a lockfile', () => {
  let folder: string;

  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'tokenhouse-lockfile-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  function accepts(change: (entry: Locked) => void): boolean {
    const lockfile = JSON.parse(LOCKFILE) as { packages: Record<string, Locked> };
    change(lockfile.packages['node_modules/fastify'] as Locked);
    const file = join(folder, 'package-lock.json');
    writeFileSync(file, JSON.stringify(lockfile));
    try {
      execFileSync('bash', ['-c', `${CHECK}\ncheck_lockfile "$1"`, 'bash', file], { stdio: 'pipe' });
      return true;
    } catch {
      return false;
    }
  }

  it('takes the one of this project', () => expect(accepts(() => {})).toBe(true));

  it.each<[string, (entry: Locked) => void]>([
    ['a foreign registry', (entry) => (entry.resolved = 'https://registry.evil.example/fastify.tgz')],
    ['a Git repository', (entry) => (entry.resolved = 'git+ssh://git@github.com/fastify/fastify.git#abc')],
    ['no hash', (entry) => delete entry.integrity],
    ['an unknown install script', (entry) => (entry.hasInstallScript = true)],
  ])('refuses %s', (_what, change) => expect(accepts(change)).toBe(false));
});
