import { randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { NotFound } from '../common/common.errors.js';
import { hashOfSecret } from '../common/random-secret.js';
import { Database } from '../database/database.js';
import { Housekeeping } from '../database/housekeeping.js';
import { changedRows } from '../database/rows.js';
import { ChallengeInvalid } from '../second-factors/second-factors.errors.js';

/**
 * What a nonce was made for: to register a passkey, to sign in with nothing else, to answer a challenge after the
 * password, or to confirm something in a session.
 */
export type NoncePurpose = 'register' | 'sign-in' | 'challenge' | 'confirm';

/** What an answer must be about. */
export interface NonceUse {
  readonly purpose: NoncePurpose;
  /** For whom the nonce was made; null before anybody has said who they are. */
  readonly userId: string | null;
}

export const NONCE_TTL_SECONDS = 300;
const BYTES = 32;

/**
 * What authenticators sign (`challenge` in WebAuthn): 256 random bits, of which only the hash is stored, each good once,
 * for five minutes, one purpose and one person.
 */
@Injectable()
export class PasskeyNonces implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly housekeeping: Housekeeping,
  ) {}

  onModuleInit(): void {
    this.housekeeping.addTable('passkey_nonces', 'expires_at < now()');
  }

  /** @throws NotFound when that person is gone */
  async issue(purpose: NoncePurpose, userId: string | null): Promise<Buffer> {
    const nonce = randomBytes(BYTES);
    const issued = await changedRows(
      this.database,
      `INSERT INTO passkey_nonces (nonce_hash, purpose, user_id, expires_at)
       SELECT $1, $2, $3::uuid, now() + make_interval(secs => $4)
       WHERE $3::uuid IS NULL OR EXISTS (SELECT 1 FROM users WHERE id = $3 AND deleted_at IS NULL FOR KEY SHARE)
       RETURNING purpose`,
      [hashOfSecret(nonce.toString('base64url')), purpose, userId, NONCE_TTL_SECONDS],
    );
    if (issued.length !== 1) throw new NotFound();
    return nonce;
  }

  /** Whether a nonce (base64url) was made for this; it is not used up. @throws ChallengeInvalid */
  async require(nonce: string, use: NonceUse, manager: EntityManager): Promise<void> {
    const sql = `SELECT 1 FROM passkey_nonces WHERE ${MATCHES}`;
    if ((await manager.query<unknown[]>(sql, valuesOf(nonce, use))).length !== 1)
      throw new ChallengeInvalid();
  }

  /** Uses a nonce up; of many answers at once a single one gets it. @throws ChallengeInvalid */
  async consume(nonce: string, use: NonceUse, manager: EntityManager): Promise<void> {
    const sql = `DELETE FROM passkey_nonces WHERE ${MATCHES} RETURNING purpose`;
    if ((await changedRows(manager, sql, valuesOf(nonce, use))).length !== 1) throw new ChallengeInvalid();
  }
}

const MATCHES =
  'nonce_hash = $1 AND purpose = $2 AND user_id IS NOT DISTINCT FROM $3::uuid AND expires_at > now()';

function valuesOf(nonce: string, { purpose, userId }: NonceUse): unknown[] {
  return [hashOfSecret(nonce), purpose, userId];
}
