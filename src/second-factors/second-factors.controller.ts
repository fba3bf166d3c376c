import { Get, Header, Post } from '@nestjs/common';
import type { Principal } from '../auth/principal.js';
import { RestController } from '../auth/rest-controller.decorator.js';
import { NotFound } from '../common/common.errors.js';
import { Operation } from '../common/operation.decorator.js';
import { StepUpRequired } from '../guard/guard.errors.js';
import { CurrentPrincipal, CurrentUser } from '../guard/principal.js';
import { Requires, steppedUp } from '../guard/requirements.js';
import type { User } from '../users/user.entity.js';
import { Enrolment } from './enrolment.js';
import { RecoveryCodes } from './recovery-codes.service.js';
import { RecoveryCodesDto, SecondFactorsDto } from './second-factors.dto.js';
import { SecondFactors } from './second-factors.service.js';

/** What all second factors of the signed-in user have in common. */
@RestController('user/two-factor', 'two-factor')
export class SecondFactorsController {
  constructor(
    private readonly factors: SecondFactors,
    private readonly recoveryCodes: RecoveryCodes,
  ) {}

  @Get()
  @Enrolment()
  @Operation({ id: 'getTwoFactor', summary: 'Which second factors are on', body: SecondFactorsDto })
  async status(@CurrentUser() user: User): Promise<SecondFactorsDto> {
    return SecondFactorsDto.from(user, await this.recoveryCodes.left(user.id));
  }

  @Post('recovery-codes')
  @Requires(steppedUp)
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'replaceRecoveryCodes',
    summary: 'New recovery codes; the old ones are dead',
    body: RecoveryCodesDto,
    problems: [StepUpRequired, NotFound],
  })
  async replaceCodes(@CurrentPrincipal() principal: Principal): Promise<RecoveryCodesDto> {
    return { recoveryCodes: await this.factors.replaceRecoveryCodes(principal) };
  }
}
