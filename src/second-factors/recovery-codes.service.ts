import { randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { hashOfSecret } from '../common/random-secret.js';
import { Database } from '../database/database.js';
import { changedRows } from '../database/rows.js';
import { DomainEvents } from '../events/domain-events.js';
import type { SecondFactor } from './second-factor.js';

export const RECOVERY_CODE = 'recovery_code';

const COUNT = 8;
/** 120 bits: too many to guess from a stolen hash, so a fast hash is enough (security.md, "Second factor"). */
const BYTES = 15;
/** Crockford's: without letters that look like digits, and without U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** For people who have lost their other second factor: each works once (parity TF-06). */
@Injectable()
export class RecoveryCodes implements SecondFactor, OnModuleInit {
  readonly method = RECOVERY_CODE;
  readonly takes = 'recoveryCode';

  constructor(
    private readonly database: Database,
    private readonly events: DomainEvents,
  ) {}

  /** Those that a thief has made go with the address that they gave the account (HJK-12). */
  onModuleInit(): void {
    this.events.on('email.reverted', async ({ userId, since }, manager) => {
      const sql = 'DELETE FROM recovery_codes WHERE user_id = $1 AND created_at >= $2';
      await manager.query(sql, [userId, since]);
    });
  }

  /** New codes in place of all older ones; to be shown once, they are stored as hashes only. */
  async replace(userId: string, manager: EntityManager): Promise<string[]> {
    const codes = Array.from({ length: COUNT }, newCode);
    await this.wipe(userId, manager);
    await manager.query('INSERT INTO recovery_codes (user_id, code_hash) SELECT $1, unnest($2::bytea[])', [
      userId,
      codes.map(hashOf),
    ]);
    return codes;
  }

  async wipe(userId: string, manager: EntityManager): Promise<void> {
    await manager.query('DELETE FROM recovery_codes WHERE user_id = $1', [userId]);
  }

  async left(userId: string, manager: EntityManager = this.database.manager): Promise<number> {
    const sql = 'SELECT count(*)::integer AS left FROM recovery_codes WHERE user_id = $1';
    const [row] = await manager.query<{ left: number }[]>(sql, [userId]);
    return row?.left ?? 0;
  }

  /** Of many at once a single one gets the code: the deleted row decides. */
  async verify(userId: string, code: string, manager: EntityManager): Promise<string[] | null> {
    const sql = 'DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2 RETURNING user_id';
    if ((await changedRows(manager, sql, [userId, hashOf(code)])).length === 0) return null;
    const left = await this.left(userId, manager);
    await this.events.publish({ type: 'twofactor.recovery.used', userId, left }, manager);
    return ['otp'];
  }
}

/** Six groups of four characters, e.g. `7K3M-…`. */
function newCode(): string {
  const bits = [...randomBytes(BYTES)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const letters = (bits.match(/.{5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five, 2)]).join('');
  return (letters.match(/.{4}/g) ?? []).join('-');
}

/** Case, hyphens and blanks do not matter, nor does it that O and 0, or I, L and 1, look alike. */
function hashOf(code: string): Buffer {
  const plain = code.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  return hashOfSecret(plain);
}
