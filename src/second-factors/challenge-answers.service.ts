import { Injectable } from '@nestjs/common';
import { beginAttempt, type SecondProof } from '../auth/sign-in-attempt.js';
import { Challenge } from '../auth/challenge.js';
import { SignInService } from '../auth/sign-in.service.js';
import { SignInTries } from '../auth/sign-in-tries.js';
import type { TokenBundle } from '../auth/token-bundle.js';
import { UsersService } from '../users/users.service.js';
import { assertGiven } from './given-proof.js';
import { SecondFactorStep } from './second-factor.step.js';
import { ChallengeInvalid } from './second-factors.errors.js';
import type { SignInChallenge } from './sign-in-challenge.entity.js';
import { SignInChallenges } from './sign-in-challenges.service.js';

/** Goes on with a sign-in that waited for a second factor. */
@Injectable()
export class ChallengeAnswers {
  constructor(
    private readonly challenges: SignInChallenges,
    private readonly step: SecondFactorStep,
    private readonly users: UsersService,
    private readonly signIn: SignInService,
    private readonly tries: SignInTries,
  ) {}

  /** The challenge of this id, one of its tries used. @throws ChallengeInvalid, ValidationFailed without a proof */
  async find(id: string, proof: SecondProof): Promise<SignInChallenge> {
    assertGiven(proof);
    return this.challenges.countTry(id);
  }

  /** Completes the sign-in. @throws CodeInvalid, ChallengeInvalid, AccountLocked, UserBanned, or what a step throws */
  async answer(challenge: SignInChallenge, proof: SecondProof): Promise<TokenBundle | Challenge> {
    const { userId, methods, passed, passwordMark, remember, transport } = challenge;
    const user = await this.users.findById(userId);
    if (!user) throw new ChallengeInvalid();
    await this.tries.assertOpen(user);
    const proving = await this.step.proving(userId, proof);
    const given = { methods, proof, passwordMark, remember, transport };
    const attempt = beginAttempt(user, { ...given, passed: [...passed, this.step.name] });
    attempt.opening.push(
      { before: async (manager) => this.challenges.consume(challenge, manager).then(() => []) },
      proving,
    );
    return this.signIn.proceed(attempt);
  }
}
