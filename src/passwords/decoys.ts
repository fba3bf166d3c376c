import { Logger } from '@nestjs/common';
import { readHash } from './hashes/read-hash.js';
import type { StoredHash } from './hashes/stored-hash.js';

/** Of nobody's password, with the parameters of today. */
const TODAYS =
  '$argon2id$v=19$m=19456,t=2,p=1$VG9rZW5ob3VzZURlY295IQ$C1ZW2aN6q0hC3yJ7gk6jWf0mWQnM8m6vR5x1dQ2H3sE';

/** What a refused password may cost at most, in hashes of today. It leaves room for one kind as dear as bcrypt 12. */
const MAX_EFFORT = 32;

/**
 * What is computed for a password that is refused: one hash of each kind that was met since the start, whether or not
 * there is an account. So how long it takes tells neither that somebody has one, nor that theirs was imported and is
 * not replaced yet.
 */
export class Decoys {
  private readonly logger = new Logger('Passwords');
  private readonly byKind = new Map<string, StoredHash>();
  private effort = 0;

  constructor() {
    const todays = readHash(TODAYS);
    if (todays) this.meet(todays);
  }

  /** Remembers the kind of a hash, unless the sum becomes too dear: those who have such a hash take their own time. */
  meet(hash: StoredHash): void {
    if (this.byKind.has(hash.kind) || this.effort + hash.effort > MAX_EFFORT) return;
    if (this.byKind.size > 0)
      this.logger.log(`Hashes of ${hash.kind} are in use: a refused password costs one.`);
    this.byKind.set(hash.kind, hash.decoy());
    this.effort += hash.effort;
  }

  /** Those that are left to compute after `hash`, if there was one. */
  besides(hash: StoredHash | null): StoredHash[] {
    return [...this.byKind].filter(([kind]) => kind !== hash?.kind).map(([, decoy]) => decoy);
  }
}
