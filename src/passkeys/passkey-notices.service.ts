import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Notices } from '../notices/notices.service.js';

const LETTERS = {
  'passkey.added': 'passkey-added',
  'passkey.removed': 'passkey-removed',
  'passkey.cloned': 'passkey-cloned',
} as const;
const folder = join(import.meta.dirname, 'templates');

/** Mails people what happened to their passkeys (parity ML-03). */
@Injectable()
export class PasskeyNotices implements OnModuleInit {
  constructor(private readonly notices: Notices) {}

  onModuleInit(): void {
    for (const on of Object.keys(LETTERS) as (keyof typeof LETTERS)[]) {
      this.notices.on({
        on,
        letter: LETTERS[on],
        folder,
        sample: { name: 'My phone' },
        tell: ({ name }) => ({ variables: { name: name ?? '' } }),
      });
    }
  }
}
