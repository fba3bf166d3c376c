import { Injectable } from '@nestjs/common';
import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import { InvalidCredentials } from '../auth/auth.errors.js';
import type { Challenge } from '../auth/challenge.js';
import { GuessWatch } from '../auth/guess-watch.js';
import { beginAttempt, type OpeningPart } from '../auth/sign-in-attempt.js';
import { SignInRefusals } from '../auth/sign-in-refusals.js';
import type { SignInTarget } from '../auth/sign-in-target.js';
import { SignInService } from '../auth/sign-in.service.js';
import type { TokenBundle, Transport } from '../auth/token-bundle.js';
import { Database } from '../database/database.js';
import { Limits } from '../limits/limits.js';
import { MULTI_FACTOR } from '../second-factors/second-factor.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { type AuthenticatorAnswer, readAssertion } from './authenticator-answer.js';
import { type Assertion, methodsOf, PasskeyAssertions, PasskeyCloned } from './passkey-assertions.service.js';

export interface PasskeyCredentials {
  /** What `navigator.credentials.get` gave, as JSON. */
  passkey: object;
  remember?: boolean;
  transport?: Transport;
}

type Answer = AuthenticatorAnswer<AuthenticationResponseJSON>;

interface Proven {
  user: User;
  assertion: Assertion;
}

/** Before anybody has said who they are. */
const SIGN_IN = { purpose: 'sign-in', userId: null } as const;

/** Signing in by a passkey alone: something that the person has, and that knows who uses it. */
@Injectable()
export class PasskeySignIn {
  constructor(
    private readonly database: Database,
    private readonly assertions: PasskeyAssertions,
    private readonly users: UsersService,
    private readonly signIns: SignInService,
    private readonly limits: Limits,
    private readonly watch: GuessWatch,
    private readonly refusals: SignInRefusals,
  ) {}

  /** @throws InvalidCredentials, ChallengeInvalid, UserBanned, BudgetSpent, ValidationFailed, or what a hook or a step throws */
  async signIn({
    passkey,
    remember = false,
    transport = 'body',
  }: PasskeyCredentials): Promise<TokenBundle | Challenge> {
    const { user, assertion } = await this.count(readAssertion(passkey));
    const methods = [...methodsOf(assertion.passkey), MULTI_FACTOR];
    const attempt = beginAttempt(user, { methods, proof: { passkey }, remember, transport });
    attempt.opening.push(this.using(assertion));
    return this.signIns.signInProven(attempt).catch((error: unknown) => {
      throw error instanceof PasskeyCloned ? new InvalidCredentials() : error;
    });
  }

  /** Nobody guesses a signature; what is limited is the work of refusing. */
  private async count(answer: Answer): Promise<Proven> {
    const spent = await this.watch.over(this.limits.spendHere('network-passwords'));
    try {
      const proven = await this.prove(answer);
      if (!proven) throw new InvalidCredentials();
      await this.limits.refund(spent);
      return proven;
    } catch (error) {
      await this.limits.refundAfter(error, spent);
      if (error instanceof InvalidCredentials) await this.refusals.tell(nobodyOf(answer), error);
      throw error;
    }
  }

  private async prove(answer: Answer): Promise<Proven | null> {
    const assertion = await this.assertions.check(answer, SIGN_IN, this.database.manager);
    // Without it the signature does not say who the person wanted to be (WebAuthn, section 7.2, step 6).
    if (!assertion || answer.json.response.userHandle === undefined) return null;
    const user = await this.users.findById(assertion.passkey.userId);
    return user && { user, assertion };
  }

  /** Used up together with the opening of the session, or not at all. */
  private using(assertion: Assertion): OpeningPart {
    return {
      before: async (manager) => {
        const methods = await this.assertions.consume(assertion, manager);
        if (!methods) throw new InvalidCredentials();
        return methods;
      },
      refused: (error) => this.assertions.tellRefusal(error),
    };
  }
}

/** Whose it is was not proven, so it is nobody's; known again by what the passkey is called. */
function nobodyOf({ json }: Answer): SignInTarget {
  return { user: null, key: `passkey ${json.id}` };
}
