import { Body, Delete, Get, Header, HttpStatus, Param, Patch, Post } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { CodeInvalid, EmailNotVerified } from '../auth/auth.errors.js';
import { emailVerified } from '../auth/email-verified.requirement.js';
import type { Principal } from '../auth/principal.js';
import { RestController } from '../auth/rest-controller.decorator.js';
import { NotFound } from '../common/common.errors.js';
import { Operation } from '../common/operation.decorator.js';
import { StepUpRequired } from '../guard/guard.errors.js';
import { CurrentPrincipal, CurrentUser } from '../guard/principal.js';
import { Requires, steppedUp } from '../guard/requirements.js';
import { AccountLocked } from '../limits/limits.errors.js';
import { Enrolment } from '../second-factors/enrolment.js';
import { SecondProofDto } from '../second-factors/second-proof.dto.js';
import { ChallengeInvalid } from '../second-factors/second-factors.errors.js';
import type { User } from '../users/user.entity.js';
import { PasskeyRequests } from './passkey-requests.service.js';
import {
  CreationOptionsDto,
  PasskeyDto,
  RegisteredPasskeyDto,
  RegisterPasskeyDto,
  RenamePasskeyDto,
  RequestOptionsDto,
} from './passkeys.dto.js';
import { PasskeyLimitReached } from './passkeys.errors.js';
import { PasskeysService } from './passkeys.service.js';

const ID = { name: 'id', schema: { type: 'string' as const, format: 'uuid' } };

/** The passkeys of the signed-in user. */
@RestController('user/passkeys', 'passkeys')
export class PasskeysController {
  constructor(
    private readonly passkeys: PasskeysService,
    private readonly requests: PasskeyRequests,
  ) {}

  @Get()
  @Enrolment()
  @Operation({ id: 'listPasskeys', summary: 'Every passkey, the oldest first', body: [PasskeyDto] })
  async list(@CurrentUser() { id }: User): Promise<PasskeyDto[]> {
    return (await this.passkeys.list(id)).map((passkey) => PasskeyDto.from(passkey));
  }

  @Post('options')
  @Enrolment()
  @Requires(steppedUp, emailVerified)
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'startPasskey',
    summary: 'What to ask of an authenticator, for a new passkey',
    body: CreationOptionsDto,
    problems: [StepUpRequired, EmailNotVerified, NotFound, PasskeyLimitReached],
  })
  async start(@CurrentUser() user: User): Promise<CreationOptionsDto> {
    return { options: await this.passkeys.begin(user) };
  }

  @Post('options/confirm')
  @Enrolment()
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'startPasskeyConfirmation',
    summary: 'What to ask of an authenticator, to confirm something by a passkey',
    description: 'For step-up, and wherever a second factor is asked for in a session.',
    body: RequestOptionsDto,
    problems: [NotFound],
  })
  async startConfirmation(@CurrentUser() { id }: User): Promise<RequestOptionsDto> {
    return { options: await this.requests.forConfirming(id) };
  }

  @Post()
  @Enrolment()
  @Requires(steppedUp, emailVerified)
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'registerPasskey',
    summary: 'Add a passkey; with the first one every other session ends',
    status: HttpStatus.CREATED,
    body: RegisteredPasskeyDto,
    problems: [StepUpRequired, EmailNotVerified, ChallengeInvalid, CodeInvalid, PasskeyLimitReached],
  })
  async register(
    @CurrentPrincipal() principal: Principal,
    @Body() { passkey: given, name }: RegisterPasskeyDto,
  ): Promise<RegisteredPasskeyDto> {
    const { passkey, recoveryCodes } = await this.passkeys.register(principal, given, name ?? null);
    return RegisteredPasskeyDto.registered(passkey, recoveryCodes);
  }

  @Patch(':id')
  @ApiParam(ID)
  @Operation({ id: 'renamePasskey', summary: 'Rename a passkey', body: PasskeyDto, problems: [NotFound] })
  async rename(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() { name }: RenamePasskeyDto,
  ): Promise<PasskeyDto> {
    return PasskeyDto.from(await this.passkeys.rename(principal, id, name));
  }

  @Delete(':id')
  @ApiParam(ID)
  @Requires(steppedUp, emailVerified)
  @Operation({
    id: 'removePasskey',
    summary: 'Remove a passkey; every other session ends',
    description: 'Needs a proof of a second factor: `code`, `recoveryCode` or `passkey`.',
    status: HttpStatus.NO_CONTENT,
    problems: [StepUpRequired, EmailNotVerified, NotFound, ChallengeInvalid, CodeInvalid, AccountLocked],
  })
  remove(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() proof: SecondProofDto,
  ): Promise<void> {
    return this.passkeys.remove(principal, id, proof);
  }
}
