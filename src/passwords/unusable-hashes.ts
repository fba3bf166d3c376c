import { Injectable, Logger } from '@nestjs/common';
import { DomainEvents } from '../events/domain-events.js';
import { whyUnusable } from './hashes/read-hash.js';

/** Beyond this many people the log has said enough. */
const MAX_TOLD = 1_000;

/**
 * Tells operators, once, of people who cannot sign in because their stored hash is of no kind or cost that can be
 * verified. To the person it is a wrong password; a reset gives them a new one.
 */
@Injectable()
export class UnusableHashes {
  private readonly logger = new Logger('Passwords');
  private readonly told = new Set<string>();

  constructor(private readonly events: DomainEvents) {}

  /** Looks at a hash that somebody's password did not match. */
  async look(userId: string, hash: string): Promise<void> {
    const reason = whyUnusable(hash);
    if (reason === null || this.told.has(userId) || this.told.size >= MAX_TOLD) return;
    this.told.add(userId);
    this.logger.warn(
      `The password hash of user ${userId} cannot be verified (${reason}): they need a reset.`,
    );
    const actor = { kind: 'system', id: null } as const;
    await this.events.record({ type: 'password.unusable', userId, actor, reason });
  }
}
