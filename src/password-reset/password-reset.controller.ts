import { Body, HttpStatus, Post } from '@nestjs/common';
import { RestController } from '../auth/rest-controller.decorator.js';
import { TooManyRequests } from '../common/common.errors.js';
import { Operation } from '../common/operation.decorator.js';
import { Public } from '../common/public.decorator.js';
import { LimitedByNetwork } from '../limits/limited-by-network.decorator.js';
import { LinkInvalid } from '../links/links.errors.js';
import { WeakPassword } from '../passwords/passwords.errors.js';
import { ForgotPasswordDto, ResetPasswordDto } from './password-reset.dto.js';
import { PasswordReset } from './password-reset.service.js';

@RestController('auth/password', 'password')
export class PasswordResetController {
  constructor(private readonly resets: PasswordReset) {}

  @Public()
  @Post('forgot')
  @LimitedByNetwork('public-secrets', 'mails-from')
  @Operation({
    id: 'forgotPassword',
    summary: 'Mail a link to set a new password; one answer for every address',
    status: HttpStatus.ACCEPTED,
    problems: [TooManyRequests],
  })
  forgot(@Body() { email, redirectTo }: ForgotPasswordDto): Promise<void> {
    return this.resets.request(email, redirectTo);
  }

  @Public()
  @Post('reset')
  @LimitedByNetwork('public-secrets')
  @Operation({
    id: 'resetPassword',
    summary: 'Set a new password with the mailed link; every session ends',
    status: HttpStatus.NO_CONTENT,
    problems: [LinkInvalid, WeakPassword, TooManyRequests],
  })
  reset(@Body() { token, password }: ResetPasswordDto): Promise<void> {
    return this.resets.reset(token, password);
  }
}
