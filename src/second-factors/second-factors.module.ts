import { Module, type OnModuleInit } from '@nestjs/common';
import type { Principal } from '../auth/principal.js';
import { AppConfig } from '../config/app-config.js';
import { DatabaseModule } from '../database/database.module.js';
import { Circumstances, StandingRequirements } from '../guard/requirements.js';
import { LimitsModule } from '../limits/limits.module.js';
import { ChallengeAnswers } from './challenge-answers.service.js';
import { ChallengeController } from './challenge.controller.js';
import { secondFactorProven } from './enrolment.js';
import { CreateSecondFactors1764000015100 } from './migrations/1764000015100-create-second-factors.js';
import { DateRecoveryCodes1764000023000 } from './migrations/1764000023000-date-recovery-codes.js';
import { RecoveryCodes } from './recovery-codes.service.js';
import { SecondFactorTries } from './second-factor-tries.service.js';
import { SecondFactorStep } from './second-factor.step.js';
import { SecondFactorsController } from './second-factors.controller.js';
import { SecondFactors } from './second-factors.service.js';
import { SignInChallenge } from './sign-in-challenge.entity.js';
import { SignInChallenges } from './sign-in-challenges.service.js';
import { NoticesModule } from '../notices/notices.module.js';
import { SecondFactorNotices } from './second-factor-notices.service.js';

/** What all second factors have in common; each kind is a feature that defines itself here. */
@Module({
  imports: [
    DatabaseModule.forFeature(
      [SignInChallenge],
      [CreateSecondFactors1764000015100, DateRecoveryCodes1764000023000],
    ),
    LimitsModule,
    NoticesModule,
  ],
  controllers: [ChallengeController, SecondFactorsController],
  providers: [
    SecondFactorNotices,
    ChallengeAnswers,
    RecoveryCodes,
    SecondFactorStep,
    SecondFactorTries,
    SecondFactors,
    SignInChallenges,
  ],
  exports: [SecondFactors, SignInChallenges],
})
export class SecondFactorsModule implements OnModuleInit {
  constructor(
    private readonly standing: StandingRequirements,
    private readonly circumstances: Circumstances,
    private readonly factors: SecondFactors,
    private readonly config: AppConfig,
  ) {}

  onModuleInit(): void {
    this.circumstances.addToStepUp((principal: Principal) => this.factors.assertShown(principal));
    if (this.config.users.twoFactor === 'required') this.standing.add(secondFactorProven);
  }
}
