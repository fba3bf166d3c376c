import { Body, Delete, Get, HttpStatus, Patch, Post, Req, Res } from '@nestjs/common';
import { TokenBundleDto } from '../auth/auth.dto.js';
import { CodeInvalid } from '../auth/auth.errors.js';
import { AccessDenied, StepUpRequired } from '../guard/guard.errors.js';
import type { Principal } from '../auth/principal.js';
import { CurrentPrincipal, CurrentUser } from '../guard/principal.js';
import { RestController } from '../auth/rest-controller.decorator.js';
import { TokenTransport } from '../auth/token-transport.js';
import type { HttpRequest, HttpResponse } from '../common/http.js';
import { TooManyRequests } from '../common/common.errors.js';
import { Operation } from '../common/operation.decorator.js';
import { AccountLocked } from '../limits/limits.errors.js';
import { PasswordIncorrect, SamePassword, WeakPassword } from '../passwords/passwords.errors.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { Enrolment } from '../second-factors/enrolment.js';
import { ChallengeInvalid } from '../second-factors/second-factors.errors.js';
import { UserDto } from '../users/user.dto.js';
import type { User } from '../users/user.entity.js';
import { UsernameTaken } from '../users/users.errors.js';
import { ChangePasswordDto, ConfirmPasswordDto, DeleteAccountDto, UpdateAccountDto } from './account.dto.js';
import { AccountService } from './account.service.js';
import { StepUp } from './step-up.service.js';

/** The signed-in user's own account. */
@RestController('user', 'account')
export class AccountController {
  constructor(
    private readonly account: AccountService,
    private readonly passwords: PasswordsService,
    private readonly stepUp: StepUp,
    private readonly transport: TokenTransport,
  ) {}

  @Get()
  @Operation({ id: 'getAccount', summary: 'The signed-in user', body: UserDto })
  read(@CurrentUser() user: User): UserDto {
    return UserDto.from(user);
  }

  @Patch()
  @Operation({
    id: 'updateAccount',
    summary: 'Change names or username',
    body: UserDto,
    problems: [UsernameTaken, AccessDenied],
  })
  async update(@CurrentUser() user: User, @Body() body: UpdateAccountDto): Promise<UserDto> {
    return UserDto.from(await this.account.update(user, body));
  }

  @Delete()
  @Operation({
    id: 'deleteAccount',
    summary: 'Delete the account; every session ends',
    status: HttpStatus.NO_CONTENT,
    cookies: 'deleted',
    problems: [StepUpRequired, PasswordIncorrect, TooManyRequests],
  })
  async delete(
    @CurrentPrincipal() principal: Principal,
    @Body() { password }: DeleteAccountDto,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) response: HttpResponse,
  ): Promise<void> {
    await this.account.delete(principal, password);
    this.transport.clear(request, response);
  }

  @Post('password')
  @Operation({
    id: 'changePassword',
    summary: 'Change the password; every other session ends',
    status: HttpStatus.NO_CONTENT,
    problems: [PasswordIncorrect, SamePassword, WeakPassword, TooManyRequests],
  })
  changePassword(
    @CurrentPrincipal() { user, session }: Principal,
    @Body() body: ChangePasswordDto,
  ): Promise<void> {
    return this.passwords.change(user, body.currentPassword, body.newPassword, session.id);
  }

  @Post('confirm-password')
  @Enrolment()
  @Operation({
    id: 'confirmPassword',
    summary: 'Confirm the password, for what needs a fresh sign-in',
    description:
      'Where a second factor is on, its proof is needed, too. A passkey stands for both; so does a code for people without a password.',
    body: TokenBundleDto,
    cookies: 'set',
    problems: [PasswordIncorrect, CodeInvalid, ChallengeInvalid, TooManyRequests, AccountLocked],
  })
  async confirmPassword(
    @CurrentPrincipal() principal: Principal,
    @Body() body: ConfirmPasswordDto,
    @Res({ passthrough: true }) response: HttpResponse,
  ): Promise<TokenBundleDto> {
    const transport = principal.credential === 'cookie' ? 'cookie' : 'body';
    return this.transport.deliver(await this.stepUp.confirm(principal, body), response, transport);
  }
}
