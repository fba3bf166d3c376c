import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Notices } from '../notices/notices.service.js';

/** So few are worth a letter (parity TF-06). */
const FEW = 2;
const folder = join(import.meta.dirname, 'templates');

/** Mails people what became of their recovery codes, and that somebody guesses their second factor. */
@Injectable()
export class SecondFactorNotices implements OnModuleInit {
  constructor(private readonly notices: Notices) {}

  onModuleInit(): void {
    this.notices.on({
      on: 'twofactor.recovery.used',
      letter: 'recovery-codes-low',
      folder,
      sample: { left: FEW },
      tell: ({ left }) => (left <= FEW ? { variables: { left } } : null),
    });
    this.notices.on({ on: 'twofactor.recovery.regenerated', letter: 'recovery-codes-replaced', folder });
    this.notices.on({
      on: 'session.locked',
      letter: 'second-factor-guessed',
      folder,
      tell: ({ by }) => (by === 'second-factor' ? {} : null),
    });
  }
}
