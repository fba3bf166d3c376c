import { createHmac } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { networkOf } from '../common/client-address.js';
import { currentContext } from '../common/request-context.js';
import { deriveKey } from '../config/app-key.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { Housekeeping } from '../database/housekeeping.js';
import { changedRows } from '../database/rows.js';
import { DomainEvents } from '../events/domain-events.js';
import { describeAgent, kindOfAgent } from '../common/user-agent.js';

/** From what somebody signed in. */
export interface SeenDevice {
  /** In words; null where nothing is known of it. */
  readonly name: string | null;
  /** They have signed in before, and never from it. */
  readonly isNew: boolean;
}

/**
 * From what people have signed in before: a browser and a system, whatever their versions, on a network. All of it is
 * known of any request, so nothing is left on the device, and nothing that a client says of itself counts (RFR-19).
 */
@Injectable()
export class KnownDevices implements OnModuleInit {
  private readonly key: Buffer;

  constructor(
    private readonly database: Database,
    private readonly housekeeping: Housekeeping,
    private readonly events: DomainEvents,
    config: AppConfig,
  ) {
    this.key = deriveKey(config, 'known-devices');
  }

  /**
   * Whoever takes an account back, or leaves it, vouches for none of its devices, save that on which they chose a new
   * password: else somebody who goes on guessing locks it again before they can sign in (BRF-10).
   */
  onModuleInit(): void {
    for (const type of ['password.reset', 'email.reverted', 'user.deactivated'] as const) {
      this.events.on(type, async ({ userId }, manager) => {
        await manager.query('DELETE FROM known_devices WHERE user_id = $1', [userId]);
      });
    }
    this.events.on('password.reset', async ({ userId }, manager) => {
      await this.note(userId, manager);
    });
    this.housekeeping.addTable('known_devices', "last_used_at < now() - interval '1 year'");
  }

  /** Notes that somebody has signed in from the device of this request, with the sign-in's transaction. */
  async note(userId: string, manager: EntityManager): Promise<SeenDevice> {
    const device = this.current(userId);
    if (!device) return { name: null, isNew: false };
    // What the statement itself inserts is not among those that it counts.
    const [row] = await changedRows(
      manager,
      `WITH noted AS (
         INSERT INTO known_devices AS d (user_id, device) VALUES ($1, $2)
         ON CONFLICT (user_id, device) DO UPDATE SET last_used_at = now() RETURNING d.xmax = 0 AS is_first
       ) SELECT is_first AND EXISTS (SELECT 1 FROM known_devices WHERE user_id = $1) AS is_new FROM noted`,
      [userId, device],
    );
    return { name: nameOf(currentContext()?.userAgent ?? null), isNew: row?.is_new === true };
  }

  /** Whether this user has signed in before from the device of this request; for nobody it costs the same. */
  async isKnown(userId: string): Promise<boolean> {
    const sql = 'SELECT 1 FROM known_devices WHERE user_id = $1 AND device = $2';
    const device = this.current(userId);
    return device !== null && (await this.database.prepared(sql, [userId, device])).length > 0;
  }

  /** A name that says nothing, and that no two people share. Null outside of requests. */
  private current(userId: string): Buffer | null {
    const context = currentContext();
    if (!context) return null;
    const { ip, userAgent } = context;
    const parts = [userId, kindOfAgent(userAgent), networkOf(ip ?? '')];
    return createHmac('sha256', this.key).update(JSON.stringify(parts)).digest();
  }
}

/** As `Firefox 145, macOS`. */
function nameOf(userAgent: string | null): string | null {
  const { browser, system } = describeAgent(userAgent);
  return [browser, system].filter((part) => part !== null).join(', ') || null;
}
