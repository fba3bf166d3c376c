import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { AppConfig } from '../config/app-config.js';
import { DatabaseModule } from '../database/database.module.js';
import { BearerTokens } from './bearer-tokens.js';
import { JwksController } from './jwks.controller.js';
import { KeyRing } from './key-ring.js';
import { KeyStore } from './key-store.js';
import { CreateSigningKeys1764000005000 } from './migrations/1764000005000-create-signing-keys.js';
import { RefreshTokens } from './refresh-tokens.js';
import { SigningKey } from './signing-key.entity.js';

/** `BEARER_TOKEN_KEY` decides; without it the service keeps keys of its own. Nest waits for it before it listens. */
async function loadKeyRing({ bearerToken }: AppConfig, store: KeyStore): Promise<KeyRing> {
  const { keys, algorithm } = bearerToken;
  return new KeyRing(keys.length > 0 ? keys : await store.load(algorithm));
}

/** What a token is: keys, access tokens, refresh tokens. Knows nothing of who holds them. */
@Module({
  imports: [
    // Without keys: every call brings its own KeyObject.
    JwtModule.register({}),
    DatabaseModule.forFeature([SigningKey], [CreateSigningKeys1764000005000]),
  ],
  controllers: [JwksController],
  providers: [
    KeyStore,
    { provide: KeyRing, inject: [AppConfig, KeyStore], useFactory: loadKeyRing },
    BearerTokens,
    RefreshTokens,
  ],
  exports: [KeyRing, BearerTokens, RefreshTokens],
})
export class TokensModule {}
