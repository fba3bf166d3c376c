import { createPrivateKey, createSecretKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { openSecret, sealSecret } from '../common/secret-box.js';
import { AppConfig, type JwtAlgorithm } from '../config/app-config.js';
import { tokenKey, type TokenKey } from '../config/keys/token-key.js';
import { deriveKey } from '../config/app-key.js';
import { Database } from '../database/database.js';
import { generateSigningKey } from './generate-key.js';
import { SigningKey } from './signing-key.entity.js';

/** Boot stops with this. */
export class SigningKeyUnreadable extends Error {
  constructor(cause: unknown) {
    super(
      'APP_KEY does not open the signing keys in the database: they were sealed under another one, or changed since. ' +
        'Start with the former APP_KEY; or, if it is lost, delete the rows of the table signing_keys, which makes ' +
        'every access token that is out invalid.',
      { cause },
    );
    this.name = 'SigningKeyUnreadable';
  }
}

/** The keys that the service generates for itself when `BEARER_TOKEN_KEY` is not set. */
@Injectable()
export class KeyStore {
  private readonly sealingKey: Buffer;

  constructor(
    private readonly database: Database,
    config: AppConfig,
  ) {
    this.sealingKey = deriveKey(config, 'signing-keys');
  }

  /**
   * Every stored key, that of `algorithm` first; it is generated when there is none. Replicas that start at once on
   * an empty database get the same one.
   * @throws SigningKeyUnreadable
   */
  async load(algorithm: JwtAlgorithm): Promise<TokenKey[]> {
    const keys = (await this.database.getRepository(SigningKey).find()).map((row) => this.open(row));
    const current = keys.find((key) => key.algorithm === algorithm);
    if (current) return [current, ...keys.filter((key) => key !== current)];
    await this.insert(tokenKey(await generateSigningKey(algorithm), algorithm));
    return this.load(algorithm);
  }

  /** The unique index decides whose key stays; the others throw theirs away. */
  private async insert(key: TokenKey): Promise<void> {
    const sealed = sealSecret(this.sealingKey, exportKey(key.signingKey), placeOf(key));
    await this.database.query(
      'INSERT INTO signing_keys (kid, algorithm, sealed_key) VALUES ($1, $2, $3) ON CONFLICT (algorithm) DO NOTHING',
      [key.kid, key.algorithm, sealed],
    );
  }

  private open(row: SigningKey): TokenKey {
    try {
      const bytes = openSecret(this.sealingKey, row.sealedKey, placeOf(row));
      return tokenKey(importKey(bytes, row.algorithm), row.algorithm);
    } catch (error) {
      throw new SigningKeyUnreadable(error);
    }
  }
}

/** Algorithm and owner are part of the seal, so that no row can be given another's key. */
function placeOf({ kid, algorithm }: Pick<SigningKey, 'kid' | 'algorithm'>): string {
  return `signing_keys.sealed_key:${algorithm}:${kid}`;
}

function exportKey(key: KeyObject): Buffer {
  return key.type === 'secret' ? key.export() : key.export({ format: 'der', type: 'pkcs8' });
}

function importKey(bytes: Buffer, algorithm: JwtAlgorithm): KeyObject {
  if (algorithm.startsWith('HS')) return createSecretKey(bytes);
  return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' });
}
