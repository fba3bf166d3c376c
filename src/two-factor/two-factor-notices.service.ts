import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Notices } from '../notices/notices.service.js';
import { TOTP } from './totp.factor.js';

const folder = join(import.meta.dirname, 'templates');

/** Mails people that an authenticator app was turned on or off (parity ML-03). */
@Injectable()
export class TwoFactorNotices implements OnModuleInit {
  constructor(private readonly notices: Notices) {}

  onModuleInit(): void {
    const tell = ({ method }: { method: string }): object | null => (method === TOTP ? {} : null);
    this.notices.on({ on: 'twofactor.enabled', letter: 'two-factor-enabled', folder, tell });
    this.notices.on({ on: 'twofactor.disabled', letter: 'two-factor-disabled', folder, tell });
  }
}
