import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CodeInvalid } from '../auth/auth.errors.js';
import type { SecondProof } from '../auth/sign-in-attempt.js';
import { SignInTries } from '../auth/sign-in-tries.js';
import { Database } from '../database/database.js';
import { DomainEvents } from '../events/domain-events.js';
import { type Charge, Limits, type Spent } from '../limits/limits.js';
import type { ProofUse } from './second-factor.js';

/** Something that a person shows for a second factor; it has been counted, and is still to be looked at. */
export interface Try {
  readonly userId: string;
  readonly proof: SecondProof;
  readonly use: ProofUse;
  readonly spent: Spent;
}

/** Counts what is tried for second factors, whatever challenge or route it comes by (parity TF-05). */
@Injectable()
export class SecondFactorTries {
  constructor(
    private readonly limits: Limits,
    private readonly signInTries: SignInTries,
    private readonly database: Database,
    private readonly events: DomainEvents,
  ) {}

  /**
   * To be called before the proof is looked at, and outside of any transaction: a try counts whatever becomes of it.
   * After too many wrong codes in a row only what cannot be guessed is looked at. @throws AccountLocked
   */
  async begin(userId: string, proof: SecondProof, use: ProofUse): Promise<Try> {
    const charges: Charge[] = [['second-factor', userId]];
    if (proof.code !== undefined) charges.push(inARow(userId));
    try {
      return { userId, proof, use, spent: await this.limits.spend(...charges) };
    } catch (error) {
      await this.signInTries.tellOfLock({ id: userId }, error);
      throw error;
    }
  }

  /** It was right, in this transaction. */
  async passed({ userId, proof, spent }: Try, manager: EntityManager): Promise<void> {
    await this.database.afterCommit(manager, async () => {
      await this.limits.refund(spent);
      if (proof.code !== undefined) await this.limits.clearUnlessSpent(inARow(userId));
      else await this.limits.clear(inARow(userId));
    });
  }

  /** To be called after the rollback, so that what is told stays (parity AL-01). A failure of the service's own does not count. */
  async refused({ userId, spent }: Try, method: string | undefined, error: unknown): Promise<void> {
    await this.limits.refundAfter(error, spent);
    if (!(error instanceof CodeInvalid)) return;
    await this.events.record({ type: 'twofactor.failed', userId, by: method ?? 'nothing' });
  }
}

function inARow(userId: string): Charge {
  return ['second-factor-in-a-row', userId];
}
