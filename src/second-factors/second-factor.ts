import type { EntityManager } from 'typeorm';
import type { SecondProof } from '../auth/sign-in-attempt.js';

/** What a proof is shown for: to go on with a sign-in after the password, or to confirm something in a session. */
export type ProofUse = 'challenge' | 'confirm';

/** A way to prove oneself besides the password. A feature defines one; see `SecondFactors.define`. */
export interface SecondFactor {
  /** Unique; what challenges and `GET /api/user/two-factor` call it, e.g. `totp`. */
  readonly method: string;
  /** The field of a proof that it reads. */
  readonly takes: keyof SecondProof;
  /**
   * Whether `proof`, of the right type, is that person's. What counts once is used up by one conditional statement in
   * the transaction of `manager`.
   * @returns the `amr` values that it adds (RFC 8176); null when it is wrong
   */
  verify(
    userId: string,
    proof: string | object,
    manager: EntityManager,
    use: ProofUse,
  ): Promise<string[] | null>;
  /** What it has to tell of a refusal, after the rollback. */
  refused?(error: unknown): Promise<void>;
}

/** More than one factor was proven (RFC 8176, section 2). */
export const MULTI_FACTOR = 'mfa';
