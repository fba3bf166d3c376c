import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ProofUse, SecondFactor } from '../second-factors/second-factor.js';
import { SecondFactors } from '../second-factors/second-factors.service.js';
import { readAssertion } from './authenticator-answer.js';
import { PasskeyAssertions } from './passkey-assertions.service.js';

export const PASSKEY = 'passkey';

/** A passkey after the password, or instead of confirming it. */
@Injectable()
export class PasskeyFactor implements SecondFactor, OnModuleInit {
  readonly method = PASSKEY;
  readonly takes = 'passkey';

  constructor(
    private readonly factors: SecondFactors,
    private readonly assertions: PasskeyAssertions,
  ) {}

  onModuleInit(): void {
    this.factors.define(this);
  }

  /** @throws ChallengeInvalid, PasskeyCloned, ValidationFailed */
  async verify(
    userId: string,
    proof: object,
    manager: EntityManager,
    purpose: ProofUse,
  ): Promise<string[] | null> {
    const assertion = await this.assertions.check(readAssertion(proof), { purpose, userId }, manager);
    return assertion && this.assertions.consume(assertion, manager);
  }

  refused(error: unknown): Promise<void> {
    return this.assertions.tellRefusal(error);
  }
}
