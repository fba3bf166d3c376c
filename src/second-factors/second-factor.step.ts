import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Challenge } from '../auth/challenge.js';
import { InvalidCredentials } from '../auth/auth.errors.js';
import type { OpeningPart, SecondProof, SignInAttempt, SignInStep } from '../auth/sign-in-attempt.js';
import { SignInService } from '../auth/sign-in.service.js';
import { isGiven } from './given-proof.js';
import { MULTI_FACTOR } from './second-factor.js';
import { SecondFactorTries } from './second-factor-tries.service.js';
import { SecondFactors } from './second-factors.service.js';
import { SignInChallenges } from './sign-in-challenges.service.js';

/** The step of signing in that asks for a second factor, where one is on. */
@Injectable()
export class SecondFactorStep implements SignInStep, OnModuleInit {
  readonly name = 'second-factor';

  constructor(
    private readonly factors: SecondFactors,
    private readonly tries: SecondFactorTries,
    private readonly challenges: SignInChallenges,
    private readonly signIn: SignInService,
  ) {}

  onModuleInit(): void {
    this.signIn.contribute(this);
  }

  /** @throws CodeInvalid, AccountLocked */
  async run(attempt: SignInAttempt): Promise<Challenge | void> {
    if (attempt.methods.includes(MULTI_FACTOR)) return;
    const { user, proof } = attempt;
    const methods = this.factors.methodsOf(user);
    if (methods.length === 0) {
      attempt.opening.push(this.stillNone);
      return;
    }
    if (!isGiven(proof)) return this.challenges.issue(attempt, methods);
    attempt.opening.push(await this.proving(user.id, proof));
  }

  /** The check of a proof as a part of opening the session: used up together with it, or not at all. @throws AccountLocked */
  async proving(userId: string, proof: SecondProof): Promise<OpeningPart> {
    const attempt = await this.tries.begin(userId, proof, 'challenge');
    return {
      before: (manager) => this.factors.verify(attempt, manager),
      refused: (error) => this.factors.tellRefusal(attempt, error),
    };
  }

  /** A factor may have been turned on since the user was looked up; opening the session has locked their row. */
  private readonly stillNone: OpeningPart = {
    after: ({ user }) => {
      if (this.factors.methodsOf(user).length > 0) throw new InvalidCredentials();
    },
  };
}
