import { createPrivateKey, createSecretKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { openSecret, sealSecret } from '../common/secret-box.js';
import { AppConfig, type JwtAlgorithm } from '../config/app-config.js';
import { tokenKey, type TokenKey } from '../config/keys/token-key.js';
import { deriveKey } from '../config/app-key.js';
import { Database } from '../database/database.js';
import { tokenLifetimeSeconds } from '../config/token-lifetime.js';
import { generateSigningKey } from './generate-key.js';
import { type KeyLife, livesOf, timesOf } from './key-life.js';
import type { RingKey } from './key-ring.js';
import { SigningKey } from './signing-key.entity.js';

/** Boot stops with this, and so does every change of keys. */
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
  private readonly overlapMs: number;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {
    this.sealingKey = deriveKey(config, 'signing-keys');
    this.overlapMs = tokenLifetimeSeconds(config) * 1000;
  }

  /** Whether its keys sign; else those of `BEARER_TOKEN_KEY` do. */
  get isUsed(): boolean {
    return this.config.bearerToken.keys.length === 0;
  }

  /**
   * Makes sure that the newest key is of the configured algorithm: else one is made, and signs at once. Replicas that
   * start at once on an empty database get the same one.
   * @throws SigningKeyUnreadable
   */
  async begin(): Promise<RingKey[]> {
    return this.change(async (keys, manager) => {
      if (keys.at(-1)?.key.algorithm === this.config.bearerToken.algorithm) return keys;
      await this.add(0, keys, manager);
      return this.read(manager);
    });
  }

  /** Every key that was not killed; one is made where somebody has deleted all. @throws SigningKeyUnreadable */
  async load(): Promise<RingKey[]> {
    const keys = await this.read(this.database.manager);
    return keys.length > 0 ? keys : this.begin();
  }

  /** What there is to know of every key, the private halves aside. */
  async list(): Promise<KeyLife[]> {
    return livesOf(await rowsOf(this.database.manager), this.clock.nowMs(), this.overlapMs);
  }

  /**
   * Gives `work` the keys that were not killed, and nobody changes them meanwhile, in any replica.
   * @throws SigningKeyUnreadable, so that no key is added under an `APP_KEY` which is not that of the service
   */
  async change<T>(work: (keys: RingKey[], manager: EntityManager) => Promise<T>): Promise<T> {
    return this.database.transaction(async (manager) => {
      // Others may still read.
      await manager.query('LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE');
      return work(await this.read(manager), manager);
    });
  }

  /**
   * Adds a key of the configured algorithm that signs after this delay, and never before one of `keys`, which are there
   * already, whatever their makers' clocks say.
   */
  async add(delaySeconds: number, keys: RingKey[], manager: EntityManager): Promise<RingKey> {
    const { algorithm } = this.config.bearerToken;
    const key = tokenKey(await generateSigningKey(algorithm), algorithm);
    const sealed = sealSecret(this.sealingKey, exportKey(key.signingKey), placeOf(key));
    const soonestMs = keys.map(({ signsFromMs }) => signsFromMs + 1);
    const signsFromMs = Math.max(this.clock.nowMs() + delaySeconds * 1000, ...soonestMs);
    await manager.query(
      'INSERT INTO signing_keys (kid, algorithm, sealed_key, signs_from) VALUES ($1, $2, $3, $4)',
      [key.kid, algorithm, sealed, new Date(signsFromMs)],
    );
    return { key, signsFromMs, verifiesUntilMs: Infinity };
  }

  private async read(manager: EntityManager): Promise<RingKey[]> {
    const rows = await rowsOf(manager);
    const kept = rows.filter(({ revokedAt }) => revokedAt === null);
    return kept.map((row) => ({ key: this.open(row), ...timesOf(row, rows, this.overlapMs) }));
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

/** In the order in which they sign. */
function rowsOf(manager: EntityManager): Promise<SigningKey[]> {
  return manager.find(SigningKey, { order: { signsFrom: 'ASC' } });
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
