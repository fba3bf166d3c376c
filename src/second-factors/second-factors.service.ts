import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CodeInvalid } from '../auth/auth.errors.js';
import type { Principal } from '../auth/principal.js';
import type { SecondProof } from '../auth/sign-in-attempt.js';
import { NotFound } from '../common/common.errors.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { DomainEvents } from '../events/domain-events.js';
import { StepUpRequired } from '../guard/guard.errors.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { assertGiven } from './given-proof.js';
import { RECOVERY_CODE, RecoveryCodes } from './recovery-codes.service.js';
import { MULTI_FACTOR, type SecondFactor } from './second-factor.js';
import { SecondFactorTries, type Try } from './second-factor-tries.service.js';

/** A factor that is turned on or off, and the session in which it is, which stays; null where that is nobody's. */
interface Changing<Sid = string> {
  userId: string;
  method: string;
  sid: Sid;
}

/** The second factors that people have turned on, and the check of what they show for one. */
@Injectable()
export class SecondFactors {
  private readonly factors: SecondFactor[];

  constructor(
    private readonly database: Database,
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly recoveryCodes: RecoveryCodes,
    private readonly tries: SecondFactorTries,
    private readonly events: DomainEvents,
    private readonly config: AppConfig,
  ) {
    this.factors = [recoveryCodes];
  }

  /** Adds a kind of factor; call it from `onModuleInit`. */
  define(factor: SecondFactor): void {
    this.factors.push(factor);
  }

  /** What people can turn on; nothing with `TWO_FACTOR=off`. */
  get kinds(): string[] {
    if (this.config.users.twoFactor === 'off') return [];
    return this.factors.map(({ method }) => method).filter((method) => method !== RECOVERY_CODE);
  }

  /**
   * How this person can prove themself besides the password; empty where nobody is to ask them. Of a factor whose feature
   * is not here any more, nobody can ask: a recovery code is what is left, and never the password alone.
   */
  methodsOf({ secondFactors }: Pick<User, 'secondFactors'>): string[] {
    if (this.config.users.twoFactor === 'off' || Object.keys(secondFactors).length === 0) return [];
    return [...this.kinds.filter((method) => method in secondFactors), RECOVERY_CODE];
  }

  /**
   * Whoever has one has shown one in this session, which may have been opened when nobody asked for it (MFA-14).
   * @throws StepUpRequired
   */
  assertShown({ user, session }: Principal): void {
    const isShown = session.methods.includes(MULTI_FACTOR);
    if (!isShown && this.methodsOf(user).length > 0) throw new StepUpRequired();
  }

  /**
   * From now on the method is asked for; where it was before, it has another secret now. Other sessions end, this one
   * counts as proven with it.
   * @param amr what using it proves (RFC 8176)
   * @returns recovery codes, to be shown once, when it is the person's first method; else null
   * @throws SessionRevoked when this one has ended meanwhile
   */
  async turnOn(
    { userId, method, sid }: Changing,
    amr: string[],
    manager: EntityManager,
  ): Promise<string[] | null> {
    const user = await this.users.addSecondFactor(userId, method, manager);
    await this.sessions.addMethods(sid, [...amr, MULTI_FACTOR], manager);
    await this.events.publish({ type: 'twofactor.enabled', userId, method, exceptSid: sid }, manager);
    const isFirst = user !== null && Object.keys(user.secondFactors).length === 1;
    return isFirst ? this.recoveryCodes.replace(userId, manager) : null;
  }

  /** From now on the method is not asked for; with the last one the recovery codes go. Other sessions end. */
  async turnOff({ userId, method, sid }: Changing<string | null>, manager: EntityManager): Promise<void> {
    const user = await this.users.removeSecondFactor(userId, method, manager);
    if (!user) return;
    if (Object.keys(user.secondFactors).length === 0) {
      await this.recoveryCodes.wipe(userId, manager);
      await this.sessions.removeMethods(userId, [MULTI_FACTOR], manager);
    }
    await this.events.publish({ type: 'twofactor.disabled', userId, method, exceptSid: sid }, manager);
  }

  /**
   * New recovery codes; the old ones are dead (parity TF-08).
   * @throws NotFound when no second factor is on, and with `TWO_FACTOR=off`; SessionRevoked
   */
  async replaceRecoveryCodes({ user: { id: userId }, session }: Principal): Promise<string[]> {
    if (this.config.users.twoFactor === 'off') throw new NotFound();
    return this.database.transaction(async (manager) => {
      await this.sessions.hold(session.id, manager);
      if (!(await this.users.hasSecondFactor(userId, manager))) throw new NotFound();
      const codes = await this.recoveryCodes.replace(userId, manager);
      const event = { type: 'twofactor.recovery.regenerated', userId, left: codes.length } as const;
      await this.events.publish(event, manager);
      return codes;
    });
  }

  /**
   * Does `work` for somebody who shows a second factor, in one transaction with its check.
   * @throws CodeInvalid, AccountLocked, ValidationFailed when none is shown
   */
  async withProof<T>(
    user: User,
    proof: SecondProof,
    work: (manager: EntityManager, amr: string[]) => Promise<T>,
  ): Promise<T> {
    assertGiven(proof);
    const attempt = await this.tries.begin(user.id, proof, 'confirm');
    try {
      return await this.database.transaction(async (manager) => {
        await this.users.lock(user.id, manager);
        return work(manager, await this.verify(attempt, manager));
      });
    } catch (error) {
      await this.tellRefusal(attempt, error);
      throw error;
    }
  }

  /** @returns the `amr` values that are proven now. @throws CodeInvalid */
  async verify(attempt: Try, manager: EntityManager): Promise<string[]> {
    const { userId, proof, use } = attempt;
    const factor = this.factorOf(proof);
    const amr = await factor?.verify(userId, proof[factor.takes] ?? {}, manager, use);
    if (!amr) throw new CodeInvalid();
    await this.tries.passed(attempt, manager);
    return [...amr, MULTI_FACTOR];
  }

  /** After the rollback. */
  async tellRefusal(attempt: Try, error: unknown): Promise<void> {
    const factor = this.factorOf(attempt.proof);
    await this.tries.refused(attempt, factor?.method, error);
    await factor?.refused?.(error);
  }

  /** Of several proofs the first that somebody takes decides; the others are not used up. */
  private factorOf(proof: SecondProof): SecondFactor | undefined {
    return this.factors.find(({ takes }) => proof[takes] !== undefined);
  }
}
