import { Body, Delete, Header, HttpStatus, Post } from '@nestjs/common';
import { CodeInvalid, EmailNotVerified } from '../auth/auth.errors.js';
import { emailVerified } from '../auth/email-verified.requirement.js';
import type { Principal } from '../auth/principal.js';
import { RestController } from '../auth/rest-controller.decorator.js';
import { NotFound } from '../common/common.errors.js';
import { Operation } from '../common/operation.decorator.js';
import { AccountLocked } from '../limits/limits.errors.js';
import { StepUpRequired } from '../guard/guard.errors.js';
import { CurrentPrincipal } from '../guard/principal.js';
import { Requires, steppedUp } from '../guard/requirements.js';
import { Enrolment } from '../second-factors/enrolment.js';
import { SecondProofDto } from '../second-factors/second-proof.dto.js';
import { ChallengeInvalid } from '../second-factors/second-factors.errors.js';
import { ConfirmedDto, ConfirmTwoFactorDto, EnrollingDto } from './two-factor.dto.js';
import { TwoFactor } from './two-factor.service.js';

/** An authenticator app as the signed-in user's second factor. */
@RestController('user/two-factor', 'two-factor')
@Requires(steppedUp, emailVerified)
export class TwoFactorController {
  constructor(private readonly twoFactor: TwoFactor) {}

  @Post()
  @Enrolment()
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'startTwoFactor',
    summary: 'A secret for an authenticator app, to be confirmed',
    description:
      'Where one is on already, a proof of a second factor is needed, and the new secret replaces it when it is confirmed.',
    status: HttpStatus.CREATED,
    body: EnrollingDto,
    problems: [StepUpRequired, EmailNotVerified, CodeInvalid, ChallengeInvalid, AccountLocked, NotFound],
  })
  async start(
    @CurrentPrincipal() principal: Principal,
    @Body() proof: SecondProofDto,
  ): Promise<EnrollingDto> {
    return EnrollingDto.from(await this.twoFactor.start(principal, proof));
  }

  @Post('confirm')
  @Enrolment()
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'confirmTwoFactor',
    summary: 'Turn it on with a first code; every other session ends',
    body: ConfirmedDto,
    problems: [StepUpRequired, EmailNotVerified, CodeInvalid, AccountLocked, ChallengeInvalid],
  })
  async confirm(
    @CurrentPrincipal() principal: Principal,
    @Body() { code }: ConfirmTwoFactorDto,
  ): Promise<ConfirmedDto> {
    return { recoveryCodes: await this.twoFactor.confirm(principal, code) };
  }

  @Delete()
  @Operation({
    id: 'disableTwoFactor',
    summary: 'Turn it off; every other session ends',
    description: 'Needs a proof of a second factor: `code`, `recoveryCode` or `passkey`.',
    status: HttpStatus.NO_CONTENT,
    problems: [StepUpRequired, EmailNotVerified, CodeInvalid, ChallengeInvalid, AccountLocked, NotFound],
  })
  disable(@CurrentPrincipal() principal: Principal, @Body() proof: SecondProofDto): Promise<void> {
    return this.twoFactor.disable(principal, proof);
  }
}
