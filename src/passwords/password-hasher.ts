import { Injectable } from '@nestjs/common';
import { type Algorithm, hash } from '@node-rs/argon2';
import { AppConfig } from '../config/app-config.js';
import { Decoys } from './decoys.js';
import { readHash } from './hashes/read-hash.js';
import { WorkQueue } from './work-queue.js';

/** argon2id as OWASP recommends: 19 MiB, two passes, one lane (the enum is ambient, hence its number). */
const ARGON2ID = { algorithm: 2 as Algorithm, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const CURRENT = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/;

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
  private readonly decoys = new Decoys();

  constructor(config: AppConfig) {
    this.queue = new WorkQueue(config.passwords.hashesAtOnce, MAX_WAITING, MAX_WAIT_MS);
  }

  /** A PHC string with a fresh 16-byte salt. */
  async hash(password: string): Promise<string> {
    return this.queue.run(() => hash(canonical(password), ARGON2ID));
  }

  /** Whether `password` made `stored`. Every no takes the same work, also without a usable hash. */
  async verify(password: string, stored: string | null): Promise<boolean> {
    const read = stored === null ? null : readHash(stored);
    const known = read?.affordable ? read : null;
    if (known) this.decoys.meet(known);
    return this.queue.run(async () => {
      if (known && (await known.matches(canonical(password)))) return true;
      for (const decoy of this.decoys.besides(known)) await decoy.matches(canonical(password));
      return false;
    });
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
