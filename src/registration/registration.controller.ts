import { Body, Get, HttpStatus, Post, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse } from '@nestjs/swagger';
import { TokenBundleDto } from '../auth/auth.dto.js';
import { AccessDenied } from '../guard/guard.errors.js';
import { RestController } from '../auth/rest-controller.decorator.js';
import { TokenTransport } from '../auth/token-transport.js';
import type { HttpRequest, HttpResponse } from '../common/http.js';
import { Operation } from '../common/operation.decorator.js';
import { Public } from '../common/public.decorator.js';
import { AppConfig } from '../config/app-config.js';
import { Overloaded, WeakPassword } from '../passwords/passwords.errors.js';
import { EmailTaken, UsernameTaken } from '../users/users.errors.js';
import { PendingRegistrations } from './pending-registrations.service.js';
import { RegisterDto, SettingsDto } from './registration.dto.js';
import { RegistrationClosed } from './registration.errors.js';
import { RegistrationService } from './registration.service.js';

@RestController('auth', 'registration')
export class RegistrationController {
  constructor(
    private readonly registrations: RegistrationService,
    private readonly pending: PendingRegistrations,
    private readonly transport: TokenTransport,
    private readonly config: AppConfig,
  ) {}

  @Public()
  @Post('register')
  @Operation({
    id: 'register',
    summary: 'Register, and be signed in',
    status: HttpStatus.CREATED,
    body: TokenBundleDto,
    cookies: 'set',
    problems: [RegistrationClosed, EmailTaken, UsernameTaken, WeakPassword, AccessDenied, Overloaded],
  })
  @ApiAcceptedResponse({
    description: 'With `REGISTRATION=verified`: a mail is on its way, whoever the address belongs to.',
    schema: { type: 'object', maxProperties: 0 },
  })
  async register(
    @Body() { transport, ...body }: RegisterDto,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) response: HttpResponse & { status(code: number): unknown },
  ): Promise<TokenBundleDto | object> {
    if (this.config.users.registration === 'closed') throw new RegistrationClosed();
    this.transport.assertAllowed(request, transport);
    if (this.config.users.registration === 'verified') {
      await this.pending.add(body);
      response.status(HttpStatus.ACCEPTED);
      return {};
    }
    return this.transport.deliver(await this.registrations.register(body), response, transport);
  }

  @Public()
  @Get('settings')
  @Operation({ id: 'getSettings', summary: 'What a sign-in page needs to know', body: SettingsDto })
  settings(): SettingsDto {
    return SettingsDto.from(this.config);
  }
}
