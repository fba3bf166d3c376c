import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EventType } from '../events/domain-event.js';
import { DomainEvents } from '../events/domain-events.js';
import { SessionsService } from './sessions.service.js';

/** What ends all of a person's sessions, save one that it names, and how that is called. */
const ENDINGS = {
  'password.changed': 'password_changed',
  'password.reset': 'password_reset',
  'email.reverted': 'email_reverted',
  'twofactor.enabled': 'two_factor_changed',
  'twofactor.disabled': 'two_factor_changed',
  'passkey.removed': 'two_factor_changed',
  'user.banned': 'user_banned',
  'user.deactivated': 'user_deleted',
} as const satisfies { [T in EventType]?: string };

/** Whatever takes an account out of its owner's hands, or changes the key to it, ends its sessions (BT-12). */
@Injectable()
export class SessionEndings implements OnModuleInit {
  constructor(
    private readonly events: DomainEvents,
    private readonly sessions: SessionsService,
  ) {}

  onModuleInit(): void {
    for (const [type, reason] of Object.entries(ENDINGS) as [keyof typeof ENDINGS, string][]) {
      this.events.on(type, (event, manager) => {
        const exceptSid = 'exceptSid' in event ? event.exceptSid : null;
        return this.sessions.endAll(event.userId, reason, exceptSid, manager);
      });
    }
  }
}
