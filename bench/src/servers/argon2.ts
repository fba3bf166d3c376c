import { hash, verify } from '@node-rs/argon2';
import { ARGON2ID, PASSWORD } from '../people.js';
import { loadConfig } from '../tokenhouse.js';
import { serve } from './calls.js';

/** As many at once as the service hashes. */
const { hashesAtOnce } = loadConfig(process.env).passwords;
const stored = await hash(PASSWORD, ARGON2ID);

/** Passwords verified a second, and nothing else done. */
async function verificationsPerSecond(ms: number): Promise<number> {
  const startedAtMs = performance.now();
  let done = 0;
  const work = async (): Promise<void> => {
    while (performance.now() - startedAtMs < ms) {
      await verify(stored, PASSWORD);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: hashesAtOnce }, work));
  return (done * 1_000) / (performance.now() - startedAtMs);
}

serve('', { verificationsPerSecond });
