import { Body, Get, HttpStatus, Post, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiHeader } from '@nestjs/swagger';
import { TokenBundleDto } from '../auth/auth.dto.js';
import { AccessDenied } from '../guard/guard.errors.js';
import { RestController } from '../auth/rest-controller.decorator.js';
import { TokenTransport } from '../auth/token-transport.js';
import { MalformedRequest, TooManyRequests } from '../common/common.errors.js';
import type { HttpRequest, HttpResponse } from '../common/http.js';
import { Operation } from '../common/operation.decorator.js';
import { Public } from '../common/public.decorator.js';
import { AppConfig } from '../config/app-config.js';
import { LimitedByNetwork } from '../limits/limited-by-network.decorator.js';
import { WeakPassword } from '../passwords/passwords.errors.js';
import { SecondFactors } from '../second-factors/second-factors.service.js';
import { EmailTaken, UsernameTaken } from '../users/users.errors.js';
import { Availability } from './availability.service.js';
import { RegistrationRequests } from './registration-requests.service.js';
import { AvailabilityDto, RegisterDto, SettingsDto, WantedNameDto } from './registration.dto.js';
import { IdempotencyKeyReused, RegistrationClosed } from './registration.errors.js';

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  description: 'A name for this request, such as a UUID: sent again within a day it gets its first answer.',
  required: false,
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

@RestController('auth', 'registration')
export class RegistrationController {
  constructor(
    private readonly requests: RegistrationRequests,
    private readonly availability: Availability,
    private readonly transport: TokenTransport,
    private readonly factors: SecondFactors,
    private readonly config: AppConfig,
  ) {}

  @Public()
  @Post('register')
  @LimitedByNetwork('public-secrets')
  @Operation({
    id: 'register',
    summary: 'Register, and be signed in',
    status: HttpStatus.CREATED,
    body: TokenBundleDto,
    cookies: 'set',
    problems: [
      RegistrationClosed,
      EmailTaken,
      UsernameTaken,
      WeakPassword,
      IdempotencyKeyReused,
      AccessDenied,
      TooManyRequests,
    ],
  })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiAcceptedResponse({
    description: 'With `REGISTRATION=verified`: a mail is on its way, whoever the address belongs to.',
    schema: { type: 'object', maxProperties: 0 },
  })
  async register(
    @Body() { transport, ...body }: RegisterDto,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) response: HttpResponse & { status(code: number): unknown },
  ): Promise<TokenBundleDto | object> {
    this.requests.assertOpen();
    this.transport.assertAllowed(request, transport);
    const bundle = await this.requests.take(body, idempotencyKeyOf(request));
    if (bundle) return this.transport.deliver(bundle, response, transport);
    response.status(HttpStatus.ACCEPTED);
    return {};
  }

  @Public()
  @Post('available')
  @LimitedByNetwork('available')
  @Operation({
    id: 'checkAvailability',
    summary: 'Whether a username, or an address, is free',
    description: 'An address only where registering would tell, too: with `REGISTRATION=open`.',
    body: AvailabilityDto,
    problems: [RegistrationClosed, TooManyRequests],
  })
  async available(@Body() body: WantedNameDto): Promise<AvailabilityDto> {
    return { available: await this.availability.isFree(body) };
  }

  @Public()
  @Get('settings')
  @Operation({ id: 'getSettings', summary: 'What a sign-in page needs to know', body: SettingsDto })
  settings(): SettingsDto {
    return SettingsDto.from(this.config, this.factors.kinds);
  }
}

/** @throws MalformedRequest */
function idempotencyKeyOf({ headers }: HttpRequest): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new MalformedRequest('An Idempotency-Key has 1 to 255 characters, and no blanks.');
  }
  return key;
}
