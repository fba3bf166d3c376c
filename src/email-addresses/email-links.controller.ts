import { Body, HttpStatus, Post } from '@nestjs/common';
import { RestController } from '../auth/rest-controller.decorator.js';
import { Operation } from '../common/operation.decorator.js';
import { Public } from '../common/public.decorator.js';
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
  @Operation({
    id: 'verifyEmail',
    summary: 'Prove an address with its mailed link',
    status: HttpStatus.NO_CONTENT,
    problems: [LinkInvalid],
  })
  verify(@Body() { token }: LinkTokenDto): Promise<void> {
    return this.links.redeem('verify-email', token);
  }

  @Public()
  @Post('verification')
  @Operation({
    id: 'requestEmailVerification',
    summary: 'Mail the link again; one answer for every address',
    status: HttpStatus.ACCEPTED,
  })
  request(@Body() { email, redirectTo }: VerificationRequestDto): Promise<void> {
    return this.verification.requestForAddress(email, redirectTo);
  }

  @Public()
  @Post('undo')
  @Operation({
    id: 'undoEmailChange',
    summary: 'Take the old address back; every session ends',
    status: HttpStatus.NO_CONTENT,
    problems: [LinkInvalid],
  })
  undo(@Body() { token }: LinkTokenDto): Promise<void> {
    return this.links.redeem('undo-email', token);
  }
}
