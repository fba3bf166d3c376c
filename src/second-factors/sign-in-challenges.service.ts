import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { InvalidCredentials } from '../auth/auth.errors.js';
import { Challenge } from '../auth/challenge.js';
import type { SignInAttempt } from '../auth/sign-in-attempt.js';
import { hashOfSecret, makeSecret } from '../common/random-secret.js';
import { Database } from '../database/database.js';
import { Housekeeping } from '../database/housekeeping.js';
import { changedRows, columnsOf, hydrate } from '../database/rows.js';
import { DomainEvents } from '../events/domain-events.js';
import { ChallengeInvalid } from './second-factors.errors.js';
import { SignInChallenge } from './sign-in-challenge.entity.js';

const TTL_SECONDS = 300;
const MAX_TRIES = 5;

/** Sign-ins that wait for a second factor (parity TF-04, TF-05). */
@Injectable()
export class SignInChallenges implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly events: DomainEvents,
    private readonly housekeeping: Housekeeping,
  ) {}

  /** What the challenge was begun with may not count any more (RST-15). */
  onModuleInit(): void {
    this.housekeeping.addTable('sign_in_challenges', 'expires_at < now()');
    const changes = [
      'password.changed', 'password.reset', 'email.reverted', 'user.banned', 'user.deactivated',
      'twofactor.enabled', 'twofactor.disabled',
    ] as const; // prettier-ignore
    for (const type of changes) {
      this.events.on(type, async ({ userId }, manager) => {
        await manager.delete(SignInChallenge, { userId });
      });
    }
  }

  /**
   * Interrupts a sign-in. The id is a secret of 256 bits, base64url; only its hash is stored.
   * @throws InvalidCredentials when that person is gone
   */
  async issue(attempt: SignInAttempt, answers: readonly string[]): Promise<Challenge> {
    const id = makeSecret();
    const { user, methods, passed, passwordMark, remember, transport } = attempt;
    const issued = await changedRows(
      this.database,
      `INSERT INTO sign_in_challenges
         (id_hash, user_id, methods, passed, password_mark, remember, transport, expires_at)
       SELECT $1, u.id, $3, $4, $5, $6, $7, now() + make_interval(secs => $8)
       FROM users u WHERE u.id = $2 AND u.deleted_at IS NULL FOR KEY SHARE
       RETURNING user_id`,
      [hashOfSecret(id), user.id, methods, passed, passwordMark, remember, transport, TTL_SECONDS],
    );
    if (issued.length !== 1) throw new InvalidCredentials();
    return new Challenge(id, answers, TTL_SECONDS);
  }

  /** A challenge that can be answered still; nothing is counted. @throws ChallengeInvalid */
  async peek(id: string): Promise<SignInChallenge> {
    const query = this.database.manager.createQueryBuilder(SignInChallenge, 'c');
    query.where(`c.idHash = :hash AND c.expiresAt > now() AND c.tries < ${MAX_TRIES}`, {
      hash: hashOfSecret(id),
    });
    const challenge = await query.getOne();
    if (!challenge) throw new ChallengeInvalid();
    return challenge;
  }

  /** Counts an answer before it is looked at, so that no number of answers at once is more than five. @throws ChallengeInvalid */
  async countTry(id: string): Promise<SignInChallenge> {
    const [row] = await changedRows(
      this.database,
      `UPDATE sign_in_challenges c SET tries = c.tries + 1
       WHERE c.id_hash = $1 AND c.expires_at > now() AND c.tries < ${MAX_TRIES}
       RETURNING ${columnsOf(this.database, SignInChallenge, 'c')}`,
      [hashOfSecret(id)],
    );
    if (!row) throw new ChallengeInvalid();
    return hydrate(this.database, SignInChallenge, 'c', row);
  }

  /** Spends a challenge; of several right answers at once a single one gets it. @throws ChallengeInvalid */
  async consume({ idHash }: SignInChallenge, manager: EntityManager): Promise<void> {
    const { affected } = await manager.delete(SignInChallenge, { idHash });
    if (affected !== 1) throw new ChallengeInvalid();
  }
}
