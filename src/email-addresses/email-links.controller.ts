import { Body, HttpStatus, Post } from '@nestjs/common';
import { RestController } from '../auth/rest-controller.decorator.js';
import { TooManyRequests } from '../common/common.errors.js';
import { Operation } from '../common/operation.decorator.js';
import { Public } from '../common/public.decorator.js';
import { LimitedByNetwork } from '../limits/limited-by-network.decorator.js';
import { LinkInvalid } from '../links/links.errors.js';
import { OneTimeLinks } from '../links/one-time-links.service.js';
import { LinkTokenDto, VerificationRequestDto } from './email-addresses.dto.js';
import { EmailVerification } from './email-verification.service.js';

/** What the pages behind mailed links call; whoever is signed in there plays no part. */
@RestController('auth/email', 'email')
export class EmailLinksController {
  constructor(
    private readonly links: OneTimeLinks,
    private readonly verification: EmailVerification,
  ) {}

  @Public()
  @Post('verify')
  @LimitedByNetwork('public-secrets')
  @Operation({
    id: 'verifyEmail',
    summary: 'Prove an address with its mailed link',
    status: HttpStatus.NO_CONTENT,
    problems: [LinkInvalid, TooManyRequests],
  })
  verify(@Body() { token }: LinkTokenDto): Promise<void> {
    return this.links.redeem('verify-email', token);
  }

  @Public()
  @Post('verification')
  @LimitedByNetwork('public-secrets', 'mails-from')
  @Operation({
    id: 'requestEmailVerification',
    summary: 'Mail the link again; one answer for every address',
    status: HttpStatus.ACCEPTED,
    problems: [TooManyRequests],
  })
  request(@Body() { email, redirectTo }: VerificationRequestDto): Promise<void> {
    return this.verification.requestForAddress(email, redirectTo);
  }

  @Public()
  @Post('undo')
  @LimitedByNetwork('public-secrets')
  @Operation({
    id: 'undoEmailChange',
    summary: 'Take the old address back; every session ends',
    description: 'Second factors and recovery codes that came since the change was asked for go, too.',
    status: HttpStatus.NO_CONTENT,
    problems: [LinkInvalid, TooManyRequests],
  })
  undo(@Body() { token }: LinkTokenDto): Promise<void> {
    return this.links.redeem('undo-email', token);
  }
}
