import { Module, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { DatabaseModule } from '../database/database.module.js';
import { Housekeeping } from '../database/housekeeping.js';
import { EventsModule } from '../events/events.module.js';
import { tokenLifetimeSeconds } from '../config/token-lifetime.js';
import { KeyRotation } from './key-rotation.js';
import { KeyStore } from './key-store.js';
import { CreateSigningKeys1764000005000 } from './migrations/1764000005000-create-signing-keys.js';
import { GiveKeysALife1764000011000 } from './migrations/1764000011000-give-keys-a-life.js';
import { SigningKey } from './signing-key.entity.js';

/** The stored keys and what changes them: all that `npm run keys` needs. */
@Module({
  imports: [
    DatabaseModule.forFeature([SigningKey], [CreateSigningKeys1764000005000, GiveKeysALife1764000011000]),
    EventsModule,
  ],
  providers: [KeyStore, KeyRotation],
  exports: [KeyStore, KeyRotation],
})
export class SigningKeysModule implements OnModuleInit {
  constructor(
    private readonly housekeeping: Housekeeping,
    private readonly config: AppConfig,
  ) {}

  /** A key goes when one that began after it has signed alone for TTL and leeway (key-life.ts). */
  onModuleInit(): void {
    this.housekeeping.add(`
      DELETE FROM signing_keys WHERE signs_from < (
        SELECT max(signs_from) FROM signing_keys
        WHERE signs_from < now() - interval '${tokenLifetimeSeconds(this.config)} seconds'
          AND (revoked_at IS NULL OR revoked_at > signs_from)
      )`);
  }
}
