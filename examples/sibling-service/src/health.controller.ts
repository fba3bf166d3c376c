import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { AuthClient, Public } from 'tokenhouse/client';

@Public()
@Controller('health')
export class HealthController {
  constructor(private readonly auth: AuthClient) {}

  /** Ready while what is revoked is known here. */
  @Get('ready')
  ready(): { status: string } {
    if (!this.auth.isCurrent()) throw new ServiceUnavailableException();
    return { status: 'ok' };
  }
}
