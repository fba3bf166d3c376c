import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { NewsModule } from '../news/news.module.js';
import { BearerTokens } from './bearer-tokens.js';
import { JwksController } from './jwks.controller.js';
import { KeyRing, keysInOrder } from './key-ring.js';
import { KeyRingUpdater } from './key-ring-updater.js';
import { KeyStore } from './key-store.js';
import { RefreshTokens } from './refresh-tokens.js';
import { RotationSchedule } from './rotation-schedule.js';
import { SigningKeysModule } from './signing-keys.module.js';

/** `BEARER_TOKEN_KEY` decides; without it the service keeps keys of its own. Nest waits for it before it listens. */
async function loadKeyRing({ bearerToken }: AppConfig, store: KeyStore, clock: Clock): Promise<KeyRing> {
  return new KeyRing(store.isUsed ? await store.begin() : keysInOrder(bearerToken.keys), clock);
}

/** What a token is: keys, access tokens, refresh tokens. Knows nothing of who holds them. */
@Module({
  imports: [
    // Without keys: every call brings its own KeyObject.
    JwtModule.register({}),
    NewsModule,
    SigningKeysModule,
  ],
  controllers: [JwksController],
  providers: [
    { provide: KeyRing, inject: [AppConfig, KeyStore, Clock], useFactory: loadKeyRing },
    KeyRingUpdater,
    RotationSchedule,
    BearerTokens,
    RefreshTokens,
  ],
  exports: [KeyRing, BearerTokens, RefreshTokens],
})
export class TokensModule {}
