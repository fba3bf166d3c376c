import { Injectable } from '@nestjs/common';
import { type Algorithm, hash, verify } from '@node-rs/argon2';
import { verify as verifyBcrypt } from '@node-rs/bcrypt';
import { AppConfig } from '../config/app-config.js';
import { WorkQueue } from './work-queue.js';

/** argon2id as OWASP recommends: 19 MiB, two passes, one lane (the enum is ambient, hence its number). */
const ARGON2ID = { algorithm: 2 as Algorithm, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const CURRENT = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/;

/** Costs above these would let an imported hash stall the service (security.md, "Imported hashes"). */
const MAX_BCRYPT_COST = 15;
const MAX_ARGON2 = { memoryKib: 262_144, passes: 10, lanes: 8 };
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const ARGON2 =
  /^\$argon2(?:id|i|d)\$v=19\$m=(\d{1,9}),t=(\d{1,4}),p=(\d{1,3})\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/;

/** Compared against when there is nothing else to compare with, so that both take the same time. */
const DECOY =
  '$argon2id$v=19$m=19456,t=2,p=1$VG9rZW5ob3VzZURlY295IQ$C1ZW2aN6q0hC3yJ7gk6jWf0mWQnM8m6vR5x1dQ2H3sE';

const MAX_WAITING = 64;
const MAX_WAIT_MS = 2_000;

/**
 * Hashes and verifies passwords on the thread pool, a bounded number at once, so that token checks never
 * queue behind them.
 * All methods throw Overloaded when too many wait already.
 */
@Injectable()
export class PasswordHasher {
  private readonly queue: WorkQueue;

  constructor(config: AppConfig) {
    this.queue = new WorkQueue(config.passwords.hashesAtOnce, MAX_WAITING, MAX_WAIT_MS);
  }

  /** A PHC string with a fresh 16-byte salt. */
  async hash(password: string): Promise<string> {
    return this.queue.run(() => hash(canonical(password), ARGON2ID));
  }

  /** Whether `password` made `stored`. Without a usable hash it does the same work and says no. */
  async verify(password: string, stored: string | null): Promise<boolean> {
    const usable = stored !== null && isUsable(stored) ? stored : null;
    const matches = await this.queue.run(() => compare(canonical(password), usable ?? DECOY));
    return usable !== null && matches;
  }

  /** Whether a right password should be hashed anew: an imported hash, or older parameters. */
  needsUpgrade(stored: string): boolean {
    return !CURRENT.test(stored);
  }
}

/** NFC, so that the same word typed on another keyboard is the same password; nothing else is changed. */
function canonical(password: string): string {
  return password.normalize('NFC');
}

function isUsable(stored: string): boolean {
  const bcrypt = BCRYPT.exec(stored);
  if (bcrypt) return Number(bcrypt[1]) <= MAX_BCRYPT_COST;
  const [, memoryKib, passes, lanes] = (ARGON2.exec(stored) ?? []).map(Number);
  if (memoryKib === undefined || passes === undefined || lanes === undefined) return false;
  return memoryKib <= MAX_ARGON2.memoryKib && passes <= MAX_ARGON2.passes && lanes <= MAX_ARGON2.lanes;
}

async function compare(password: string, stored: string): Promise<boolean> {
  // bcrypt would stop at a NUL byte and after 72 bytes; the first never arrives here, the second is its nature.
  return BCRYPT.test(stored) ? verifyBcrypt(password, stored) : verify(stored, password);
}
