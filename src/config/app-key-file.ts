import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EnvironmentReader } from './environment.js';
import { secretTextProblem } from './secret-policy.js';

const MIN_BYTES = 32;
const HOW = 'must be 32 random bytes in base64 (node -p "crypto.randomBytes(32).toString(\'base64\')")';

/** `APP_KEY`; outside production one is made once and kept in the data folder. */
export function readAppKey(
  env: EnvironmentReader,
  { production, dataDir }: { production: boolean; dataDir: string },
): Buffer {
  const text = env.text('APP_KEY');
  if (text !== undefined) return decodeAppKey(env, text);
  if (!production) return keptAppKey(env, dataDir);
  env.problem('APP_KEY', `is missing; it ${HOW}`);
  return Buffer.alloc(0);
}

function decodeAppKey(env: EnvironmentReader, text: string, name = 'APP_KEY'): Buffer {
  const key = /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : Buffer.alloc(0);
  if (key.length < MIN_BYTES || !looksRandom(key) || secretTextProblem(text) !== null) {
    env.problem(name, HOW);
  }
  return key;
}

function keptAppKey(env: EnvironmentReader, dataDir: string): Buffer {
  const file = join(dataDir, 'app.key');
  try {
    mkdirSync(dataDir, { recursive: true });
    makeUnlessThere(file);
    return decodeAppKey(env, readFileSync(file, 'utf8').trim(), `APP_KEY (in ${file})`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    env.problem('DATA_DIR', `cannot hold app.key (${code ?? 'error'}), and APP_KEY is not set`);
    return Buffer.alloc(0);
  }
}

function makeUnlessThere(file: string): void {
  try {
    writeFileSync(file, `${randomBytes(MIN_BYTES).toString('base64')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Random bytes repeat little and are no text; a sample in base64, such as zeros or words, does not get through. */
function looksRandom(key: Buffer): boolean {
  return new Set(key).size >= 16 && key.some((byte) => byte > 0x7f);
}
