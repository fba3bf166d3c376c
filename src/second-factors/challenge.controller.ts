import { Body, Post, Req, Res } from '@nestjs/common';
import { CodeInvalid, UserBanned } from '../auth/auth.errors.js';
import { ChallengeDto, TokenBundleDto } from '../auth/auth.dto.js';
import { RestController } from '../auth/rest-controller.decorator.js';
import { TokenTransport } from '../auth/token-transport.js';
import { TooManyRequests } from '../common/common.errors.js';
import type { HttpRequest, HttpResponse } from '../common/http.js';
import { Operation } from '../common/operation.decorator.js';
import { Public } from '../common/public.decorator.js';
import { LimitedByNetwork } from '../limits/limited-by-network.decorator.js';
import { AccountLocked } from '../limits/limits.errors.js';
import { ChallengeAnswers } from './challenge-answers.service.js';
import { AnswerChallengeDto } from './second-factors.dto.js';
import { ChallengeInvalid } from './second-factors.errors.js';

@RestController('auth', 'auth')
export class ChallengeController {
  constructor(
    private readonly answers: ChallengeAnswers,
    private readonly transport: TokenTransport,
  ) {}

  @Public()
  @Post('challenge')
  @LimitedByNetwork('public-secrets')
  @Operation({
    id: 'answerChallenge',
    summary: 'Complete a sign-in with a second factor',
    description: 'One of `code`, `recoveryCode` and `passkey`. Five wrong answers end the challenge.',
    body: TokenBundleDto,
    otherBody: ChallengeDto,
    cookies: 'set',
    problems: [ChallengeInvalid, CodeInvalid, UserBanned, TooManyRequests, AccountLocked],
  })
  async answer(
    @Body() { id, ...proof }: AnswerChallengeDto,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) response: HttpResponse,
  ): Promise<TokenBundleDto | ChallengeDto> {
    const challenge = await this.answers.find(id, proof);
    this.transport.assertAllowed(request, challenge.transport);
    return this.transport.answer(await this.answers.answer(challenge, proof), response, challenge.transport);
  }
}
