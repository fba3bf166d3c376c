import { Body, Header, Post, Req, Res } from '@nestjs/common';
import { ChallengeDto, TokenBundleDto } from '../auth/auth.dto.js';
import { InvalidCredentials, UserBanned } from '../auth/auth.errors.js';
import { RestController } from '../auth/rest-controller.decorator.js';
import { TokenTransport } from '../auth/token-transport.js';
import { NotFound, TooManyRequests } from '../common/common.errors.js';
import type { HttpRequest, HttpResponse } from '../common/http.js';
import { Operation } from '../common/operation.decorator.js';
import { Public } from '../common/public.decorator.js';
import { AccessDenied } from '../guard/guard.errors.js';
import { LimitedByNetwork } from '../limits/limited-by-network.decorator.js';
import { ChallengeInvalid } from '../second-factors/second-factors.errors.js';
import { PasskeyRequests } from './passkey-requests.service.js';
import { PasskeySignIn } from './passkey-sign-in.service.js';
import { PasskeyLoginDto, PasskeyRequestDto, RequestOptionsDto } from './passkeys.dto.js';

/** Signing in by a passkey. */
@RestController('auth/passkeys', 'auth')
export class PasskeySignInController {
  constructor(
    private readonly requests: PasskeyRequests,
    private readonly signIns: PasskeySignIn,
    private readonly transport: TokenTransport,
  ) {}

  @Public()
  @Post('options')
  @LimitedByNetwork('public-secrets')
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'startPasskeyLogin',
    summary: 'What to ask of an authenticator, to sign in',
    description: 'With `challengeId` to answer that challenge; without it to sign in by a passkey alone.',
    body: RequestOptionsDto,
    problems: [ChallengeInvalid, NotFound, TooManyRequests],
  })
  async start(@Body() { challengeId }: PasskeyRequestDto): Promise<RequestOptionsDto> {
    const options =
      challengeId === undefined ? this.requests.forSignIn() : this.requests.forChallenge(challengeId);
    return { options: await options };
  }

  @Public()
  @Post('login')
  @LimitedByNetwork('public-secrets')
  @Operation({
    id: 'passkeyLogin',
    summary: 'Sign in by a passkey, without a password',
    body: TokenBundleDto,
    otherBody: ChallengeDto,
    cookies: 'set',
    problems: [InvalidCredentials, ChallengeInvalid, UserBanned, AccessDenied, TooManyRequests],
  })
  async login(
    @Body() body: PasskeyLoginDto,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) response: HttpResponse,
  ): Promise<TokenBundleDto | ChallengeDto> {
    this.transport.assertAllowed(request, body.transport);
    return this.transport.answer(await this.signIns.signIn(body), response, body.transport);
  }
}
