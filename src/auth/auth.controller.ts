import { Body, Get, Header, HttpStatus, Post, Req, Res } from '@nestjs/common';
import { TooManyRequests } from '../common/common.errors.js';
import type { HttpRequest, HttpResponse } from '../common/http.js';
import { Operation } from '../common/operation.decorator.js';
import { Public } from '../common/public.decorator.js';
import { AccessDenied } from '../guard/guard.errors.js';
import { CurrentPrincipal } from '../guard/principal.js';
import { LimitedByNetwork } from '../limits/limited-by-network.decorator.js';
import { AccountLocked } from '../limits/limits.errors.js';
import { RefreshTokenInvalid, RefreshTokenReused, SessionRevoked } from '../tokens/tokens.errors.js';
import {
  ChallengeDto,
  CurrentSessionDto,
  LoginDto,
  LogoutDto,
  RefreshDto,
  TokenBundleDto,
} from './auth.dto.js';
import { CodeInvalid, InvalidCredentials, UserBanned } from './auth.errors.js';
import type { Principal } from './principal.js';
import { RefreshService } from './refresh.service.js';
import { RestController } from './rest-controller.decorator.js';
import { SignInService } from './sign-in.service.js';
import { SignOutService } from './sign-out.service.js';
import { TokenTransport } from './token-transport.js';

/** Signing in and out. The public routes read neither the `Authorization` header nor the session cookie. */
@RestController('auth', 'auth')
export class AuthController {
  constructor(
    private readonly signIn: SignInService,
    private readonly refreshing: RefreshService,
    private readonly signOut: SignOutService,
    private readonly transport: TokenTransport,
  ) {}

  @Public()
  @Post(['login', 'signin'])
  @LimitedByNetwork('public-secrets')
  @Operation({
    id: 'login',
    summary: 'Sign in',
    description:
      '`email` and `username` are accepted for `login`; unknown fields are ignored. Where a second factor is on and no proof of it came along, the answer is a challenge.',
    body: TokenBundleDto,
    otherBody: ChallengeDto,
    cookies: 'set',
    problems: [InvalidCredentials, UserBanned, AccessDenied, CodeInvalid, TooManyRequests, AccountLocked],
  })
  async login(
    @Body() body: LoginDto,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) response: HttpResponse,
  ): Promise<TokenBundleDto | ChallengeDto> {
    this.transport.assertAllowed(request, body.transport);
    return this.transport.answer(await this.signIn.signIn(body.credentials()), response, body.transport);
  }

  @Public()
  @Post('refresh')
  @Operation({
    id: 'refresh',
    summary: 'Get new tokens for a refresh token',
    body: TokenBundleDto,
    cookies: 'set',
    problems: [RefreshTokenInvalid, RefreshTokenReused, SessionRevoked, TooManyRequests],
  })
  async refresh(
    @Body() body: RefreshDto,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) response: HttpResponse,
  ): Promise<TokenBundleDto> {
    const { token, transport } = this.transport.refreshToken(request, body.refreshToken);
    return this.transport.deliver(await this.refreshing.refresh(token), response, transport);
  }

  @Public()
  @Post('logout')
  @Operation({
    id: 'logout',
    summary: 'Sign out',
    description: 'Ends the sessions that the bearer token, the cookies and the refresh token name.',
    status: HttpStatus.NO_CONTENT,
    cookies: 'deleted',
    readsToken: true,
  })
  async logout(
    @Body() body: LogoutDto,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) response: HttpResponse,
  ): Promise<void> {
    await this.signOut.signOut(this.transport.allTokens(request, body.refreshToken));
    this.transport.clear(request, response);
  }

  @Get('session')
  @Header('Cache-Control', 'no-store')
  @Operation({ id: 'getSession', summary: 'The signed-in user and their session', body: CurrentSessionDto })
  session(@CurrentPrincipal() principal: Principal): CurrentSessionDto {
    return CurrentSessionDto.from(principal);
  }
}
