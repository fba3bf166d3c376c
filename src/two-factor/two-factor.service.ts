import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CodeInvalid } from '../auth/auth.errors.js';
import type { Principal } from '../auth/principal.js';
import type { SecondProof } from '../auth/sign-in-attempt.js';
import { NotFound } from '../common/common.errors.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { changedRows } from '../database/rows.js';
import { DomainEvents } from '../events/domain-events.js';
import { ChallengeInvalid } from '../second-factors/second-factors.errors.js';
import { SecondFactors } from '../second-factors/second-factors.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { User } from '../users/user.entity.js';
import { TotpCodes } from './totp-codes.js';
import { TotpSecret } from './totp-secret.entity.js';
import { TotpFactor } from './totp.factor.js';

const PENDING_MINUTES = 10;
const MAX_TRIES = 5;

/** What an authenticator app needs, shown once. */
export interface Enrolling {
  /** Base32 (RFC 4648). */
  secret: string;
  otpauthUri: string;
  expiresAt: Date;
}

/** Turns an authenticator app on and off (parity TF-01, TF-02, TF-09). */
@Injectable()
export class TwoFactor implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly codes: TotpCodes,
    private readonly factor: TotpFactor,
    private readonly factors: SecondFactors,
    private readonly sessions: SessionsService,
    private readonly events: DomainEvents,
    private readonly config: AppConfig,
  ) {}

  /** An app that a thief may have set up goes with the address that they gave the account (HJK-12). */
  onModuleInit(): void {
    this.events.on('email.reverted', async ({ userId, since }, manager) => {
      const sql = 'DELETE FROM totp_secrets WHERE user_id = $1 AND confirmed_at >= $2 RETURNING user_id';
      if ((await changedRows(manager, sql, [userId, since])).length === 0) return;
      await this.factors.turnOff({ userId, method: this.factor.method, sid: null }, manager);
    });
  }

  /**
   * Makes a secret, which is good for nothing until a code of it is shown. An active one stays as it is until then; to
   * replace it, a second factor is needed.
   * @throws NotFound with `TWO_FACTOR=off`, CodeInvalid, AccountLocked, SessionRevoked
   */
  async start(principal: Principal, proof: SecondProof): Promise<Enrolling> {
    if (this.config.users.twoFactor === 'off') throw new NotFound();
    const { user } = principal;
    const isOn = this.isOn(user);
    const begin = (manager: EntityManager): Promise<Enrolling> => this.startWithin(principal, isOn, manager);
    return isOn ? this.factors.withProof(user, proof, begin) : this.database.transaction(begin);
  }

  /**
   * Turns it on, or puts the new secret in the place of the old one. Other sessions end.
   * @returns recovery codes, to be shown once; null where the person has some
   * @throws CodeInvalid, SessionRevoked, ChallengeInvalid when nothing waits to be confirmed any more
   */
  async confirm({ user, session }: Principal, code: string): Promise<string[] | null> {
    const sealed = await this.countTry(user.id);
    const secret = this.codes.open(user.id, sealed);
    const step = secret && this.codes.stepOf(secret, code);
    if (!step) {
      await this.events.record({ type: 'twofactor.failed', userId: user.id, by: this.factor.method });
      throw new CodeInvalid();
    }
    return this.database.transaction(async (manager) => {
      await this.sessions.hold(session.id, manager);
      await this.activate(user.id, sealed, step, manager);
      const { method, amr } = this.factor;
      return this.factors.turnOn({ userId: user.id, method, sid: session.id }, amr, manager);
    });
  }

  /** Turns it off, for somebody who shows a second factor. Other sessions end. @throws CodeInvalid, AccountLocked, NotFound */
  async disable({ user, session }: Principal, proof: SecondProof): Promise<void> {
    if (!this.isOn(user)) throw new NotFound();
    const { method } = this.factor;
    await this.factors.withProof(user, proof, async (manager) => {
      await manager.delete(TotpSecret, { userId: user.id });
      await this.factors.turnOff({ userId: user.id, method, sid: session.id }, manager);
    });
  }

  isOn({ secondFactors }: User): boolean {
    return this.factor.method in secondFactors;
  }

  /** Without a proof never over an active secret, also one that the caller has not heard of yet. @throws CodeInvalid */
  private async startWithin(
    { user: { id, email }, session }: Principal,
    isProven: boolean,
    manager: EntityManager,
  ): Promise<Enrolling> {
    await this.sessions.hold(session.id, manager);
    const secret = this.codes.newSecret();
    const [row] = await changedRows(
      manager,
      `INSERT INTO totp_secrets AS t (user_id, pending_secret, pending_expires_at)
       VALUES ($1, $2, now() + make_interval(mins => $3))
       ON CONFLICT (user_id) DO UPDATE SET pending_secret = excluded.pending_secret,
         pending_expires_at = excluded.pending_expires_at, pending_tries = 0
       WHERE t.secret IS NULL OR $4::boolean
       RETURNING t.pending_expires_at`,
      [id, this.codes.seal(id, secret), PENDING_MINUTES, isProven],
    );
    if (!row) throw new CodeInvalid();
    await this.events.publish({ type: 'twofactor.started', userId: id }, manager);
    return { ...this.codes.describe(secret, email), expiresAt: row.pending_expires_at as Date };
  }

  /** Counts a code before it is looked at. @returns the secret that waits, encrypted */
  private async countTry(userId: string): Promise<Buffer> {
    const sql = `UPDATE totp_secrets SET pending_tries = pending_tries + 1
      WHERE user_id = $1 AND pending_secret IS NOT NULL AND pending_expires_at > now() AND pending_tries < ${MAX_TRIES}
      RETURNING pending_secret`;
    const [row] = await changedRows(this.database, sql, [userId]);
    if (!row) throw new ChallengeInvalid();
    return row.pending_secret as Buffer;
  }

  /** Of two confirmations at once a single one finds the secret waiting. */
  private async activate(
    userId: string,
    sealed: Buffer,
    step: number,
    manager: EntityManager,
  ): Promise<void> {
    const sql = `UPDATE totp_secrets SET secret = pending_secret, confirmed_at = now(), last_step = $3, pending_secret = NULL,
        pending_expires_at = NULL, pending_tries = 0
      WHERE user_id = $1 AND pending_secret = $2 AND pending_expires_at > now() RETURNING user_id`;
    if ((await changedRows(manager, sql, [userId, sealed, step])).length !== 1) throw new ChallengeInvalid();
  }
}
