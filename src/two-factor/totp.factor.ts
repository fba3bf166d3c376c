import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { changedRows } from '../database/rows.js';
import type { SecondFactor } from '../second-factors/second-factor.js';
import { SecondFactors } from '../second-factors/second-factors.service.js';
import { TotpCodes } from './totp-codes.js';
import { TotpSecret } from './totp-secret.entity.js';

export const TOTP = 'totp';

/** An authenticator app as a second factor (parity TF-03). */
@Injectable()
export class TotpFactor implements SecondFactor, OnModuleInit {
  readonly method = TOTP;
  readonly takes = 'code';
  readonly amr = ['otp'];

  constructor(
    private readonly factors: SecondFactors,
    private readonly codes: TotpCodes,
  ) {}

  onModuleInit(): void {
    this.factors.define(this);
  }

  /** A code counts once, for all challenges and replicas: the step that was used last only ever grows. */
  async verify(userId: string, code: string, manager: EntityManager): Promise<string[] | null> {
    const row = await manager.findOneBy(TotpSecret, { userId });
    const secret = row?.secret && this.codes.open(userId, row.secret);
    const step = secret && this.codes.stepOf(secret, code, Number(row.lastStep));
    if (!step) return null;
    const sql = `UPDATE totp_secrets SET last_step = $2
      WHERE user_id = $1 AND last_step < $2 AND secret = $3 RETURNING user_id`;
    const used = await changedRows(manager, sql, [userId, step, row.secret]);
    return used.length === 1 ? this.amr : null;
  }
}
