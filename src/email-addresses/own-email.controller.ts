import { Body, Delete, HttpStatus, Post } from '@nestjs/common';
import { CurrentUser } from '../guard/principal.js';
import { RestController } from '../auth/rest-controller.decorator.js';
import { Operation } from '../common/operation.decorator.js';
import { TooManyRequests } from '../common/common.errors.js';
import { LimitedByNetwork } from '../limits/limited-by-network.decorator.js';
import { PasswordIncorrect } from '../passwords/passwords.errors.js';
import { Enrolment } from '../second-factors/enrolment.js';
import type { User } from '../users/user.entity.js';
import { ChangeEmailDto, ResendVerificationDto } from './email-addresses.dto.js';
import { EmailChange } from './email-change.service.js';
import { EmailVerification } from './email-verification.service.js';

/** The address of the signed-in user. */
@RestController('user/email', 'email')
export class OwnEmailController {
  constructor(
    private readonly changes: EmailChange,
    private readonly verification: EmailVerification,
  ) {}

  @Post()
  @LimitedByNetwork('mails-from')
  @Operation({
    id: 'changeEmail',
    summary: 'Change the address, once the new one is proven',
    status: HttpStatus.ACCEPTED,
    problems: [PasswordIncorrect, TooManyRequests],
  })
  change(@CurrentUser() user: User, @Body() { email, password, redirectTo }: ChangeEmailDto): Promise<void> {
    return this.changes.request(user, email, password, redirectTo);
  }

  @Delete()
  @Operation({ id: 'cancelEmailChange', summary: 'Call the change off', status: HttpStatus.NO_CONTENT })
  cancel(@CurrentUser() user: User): Promise<void> {
    return this.changes.cancel(user);
  }

  @Post('verification')
  @LimitedByNetwork('mails-from')
  @Enrolment()
  @Operation({
    id: 'resendEmailVerification',
    summary: 'Mail the link again, at most once a minute',
    status: HttpStatus.ACCEPTED,
    problems: [TooManyRequests],
  })
  resend(@CurrentUser() user: User, @Body() { redirectTo }: ResendVerificationDto): Promise<void> {
    return this.verification.requestForUser(user, redirectTo);
  }
}
