import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Principal } from '../auth/principal.js';
import type { SecondProof } from '../auth/sign-in-attempt.js';
import { type TokenBundle, TokenBundles } from '../auth/token-bundle.js';
import { ValidationFailed } from '../common/common.errors.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { assertGiven, isGiven } from '../second-factors/given-proof.js';
import { SecondFactors } from '../second-factors/second-factors.service.js';
import { SessionsService, type UserSession } from '../sessions/sessions.service.js';
import type { User } from '../users/user.entity.js';

/** What is shown to raise a session. */
export interface Confirmation extends SecondProof {
  password?: string;
}

/** What is done once somebody has proven themself. @param amr how they did (RFC 8176) */
type Work<T> = (manager: EntityManager, amr: string[]) => Promise<T>;

/** Raises a session: what needs a fresh sign-in is allowed again for a while (parity SS-16). */
@Injectable()
export class StepUp {
  constructor(
    private readonly passwords: PasswordsService,
    private readonly factors: SecondFactors,
    private readonly sessions: SessionsService,
    private readonly bundles: TokenBundles,
  ) {}

  /**
   * By the password, and by a second factor where one is on. A passkey stands for both; so does any second factor for
   * somebody who has no password.
   * @throws PasswordIncorrect, CodeInvalid, AccountLocked, ValidationFailed when something is missing
   */
  async confirm({ user, session }: Principal, confirmation: Confirmation): Promise<TokenBundle> {
    const raise = (manager: EntityManager, amr: string[]): Promise<UserSession> =>
      this.sessions.confirm(session.id, amr, manager);
    return this.bundles.issue(await this.prove(user, confirmation, raise));
  }

  private async prove<T>(user: User, { password, ...proof }: Confirmation, work: Work<T>): Promise<T> {
    if (password === undefined) {
      return this.factors.withProof(user, await this.insteadOfPassword(user, proof), work);
    }
    if (this.factors.methodsOf(user).length === 0) {
      return this.passwords.withPassword(user.id, password, (manager) => work(manager, ['pwd']));
    }
    assertGiven(proof);
    // The password first: who does not know it does not get to try codes.
    const mark = await this.passwords.requireMatch(user.id, password);
    return this.factors.withProof(user, proof, async (manager, amr) => {
      await this.passwords.requireStill(user.id, mark, manager);
      return work(manager, ['pwd', ...amr]);
    });
  }

  /** What of a proof may stand for the password. @throws ValidationFailed when nothing may */
  private async insteadOfPassword({ id }: User, proof: SecondProof): Promise<SecondProof> {
    const { passkey } = proof;
    if (passkey !== undefined) return { passkey };
    if (isGiven(proof) && !(await this.passwords.has(id))) return proof;
    throw new ValidationFailed([{ field: 'password', code: 'missing', message: 'Send the password.' }]);
  }
}
