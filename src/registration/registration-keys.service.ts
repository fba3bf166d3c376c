import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { deriveKey } from '../config/app-key.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { Housekeeping } from '../database/housekeeping.js';
import { changedRows } from '../database/rows.js';
import { IdempotencyKeyReused } from './registration.errors.js';
import type { Registration } from './registration.service.js';

/** An `Idempotency-Key` and what it came with, both in a form that tells neither. */
export interface RegistrationClaim {
  readonly key: Buffer;
  readonly request: Buffer;
}

const LIFE = "interval '1 day'";

/** Which requests to register have been fulfilled, by the keys that their clients gave them. */
@Injectable()
export class RegistrationKeys implements OnModuleInit {
  private readonly secret: Buffer;

  constructor(
    private readonly database: Database,
    private readonly housekeeping: Housekeeping,
    config: AppConfig,
  ) {
    this.secret = deriveKey(config, 'registration-keys');
  }

  onModuleInit(): void {
    this.housekeeping.addTable('registration_keys', `created_at < now() - ${LIFE}`);
  }

  /** The password is left out: a hash that is quick to compute must not be kept of it. */
  claim(key: string, { password: _, ...fields }: Registration): RegistrationClaim {
    const { email, username = null, firstName = null, lastName = null } = fields;
    return {
      key: this.hash(key),
      request: this.hash(JSON.stringify([email, username, firstName, lastName])),
    };
  }

  /**
   * What came of the request with this key: the session that it opened, null for none; undefined when there was none.
   * @throws IdempotencyKeyReused when it was another request
   */
  async find({ key, request }: RegistrationClaim): Promise<{ sessionId: string | null } | undefined> {
    const [row] = await this.database.query<{ request: Buffer; session_id: string | null }[]>(
      `SELECT request, session_id FROM registration_keys WHERE key = $1 AND created_at >= now() - ${LIFE}`,
      [key],
    );
    if (row && !timingSafeEqual(row.request, request)) throw new IdempotencyKeyReused();
    return row && { sessionId: row.session_id };
  }

  /** In the transaction that fulfils the request: of two at once with one key the other waits, fails and is undone. */
  async keep(
    { key, request }: RegistrationClaim,
    sessionId: string | null,
    manager: EntityManager,
  ): Promise<void> {
    const kept = await changedRows(
      manager,
      `INSERT INTO registration_keys AS k (key, request, session_id) VALUES ($1, $2, $3)
       ON CONFLICT (key) DO UPDATE
       SET request = excluded.request, session_id = excluded.session_id, created_at = now()
       WHERE k.created_at < now() - ${LIFE} RETURNING key`,
      [key, request, sessionId],
    );
    if (kept.length === 0) throw new IdempotencyKeyReused();
  }

  private hash(text: string): Buffer {
    return createHmac('sha256', this.secret).update(text).digest();
  }
}
