import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EnvironmentReader } from './environment.js';

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

function decodeAppKey(env: EnvironmentReader, text: string): Buffer {
  const key = /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : Buffer.alloc(0);
  // Random bytes repeat little; a sample such as all zeros or one repeated word does not get through.
  if (key.length < MIN_BYTES || new Set(key).size < 16) env.problem('APP_KEY', HOW);
  return key;
}

function keptAppKey(env: EnvironmentReader, dataDir: string): Buffer {
  const file = join(dataDir, 'app.key');
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(file, `${randomBytes(MIN_BYTES).toString('base64')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') {
      env.problem('DATA_DIR', `cannot be written to (${code ?? 'error'}), and APP_KEY is not set`);
      return Buffer.alloc(0);
    }
  }
  return decodeAppKey(env, readFileSync(file, 'utf8').trim());
}
