import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Notices } from '../notices/notices.service.js';

const folder = join(import.meta.dirname, 'templates');

/** Mails people what happened to their account (parity ML-03, PW-04, BT-14). */
@Injectable()
export class AccountNotices implements OnModuleInit {
  constructor(private readonly notices: Notices) {}

  onModuleInit(): void {
    this.notices.on({ on: 'password.changed', letter: 'password-changed', folder });
    this.notices.on({ on: 'token.reused', letter: 'session-theft', folder });
    this.notices.on({
      on: 'user.banned',
      letter: 'account-banned',
      folder,
      sample: { until: new Date('2026-04-05T06:07:08Z') },
      tell: ({ until }) => (until ? { dates: { until } } : { variables: { until: '' } }),
    });
    // Not of `user.deleted`: it follows this one, or removes what was deleted long before.
    this.notices.on({ on: 'user.deactivated', letter: 'account-deleted', folder });
  }
}
