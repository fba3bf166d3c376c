import { Injectable } from '@nestjs/common';
import { type EntityManager, IsNull } from 'typeorm';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { DomainEvents } from '../events/domain-events.js';
import { leadSeconds, signingOf } from './key-life.js';
import type { RingKey } from './key-ring.js';
import { KeyStore } from './key-store.js';
import { SigningKey } from './signing-key.entity.js';

const DAY_MS = 86_400_000;

/** The key that comes after the current one, or has come in its place. */
export interface Successor {
  readonly kid: string;
  readonly signsFromMs: number;
  /** False when it was waiting already. */
  readonly made: boolean;
}

export interface Killing {
  /** False when it was killed before. */
  readonly killed: boolean;
  /** What signs now instead; undefined when the killed key was not the one that signed. */
  readonly successor?: Successor;
}

/**
 * Changes the stored keys. Any replica may do it at any time: the store lets one after the other, and each finds what
 * the one before has done. The database tells all of them (migrations/1764000011000-give-keys-a-life.ts).
 */
@Injectable()
export class KeyRotation {
  constructor(
    private readonly store: KeyStore,
    private readonly clock: Clock,
    private readonly config: AppConfig,
    private readonly events: DomainEvents,
  ) {}

  /**
   * Makes the next key, published from now on; does nothing while one is waiting.
   * @param options.now it signs at once, be it a new one or the one that is waiting
   * @throws SigningKeyUnreadable
   */
  async rotate({ now = false } = {}): Promise<Successor> {
    return this.store.change((keys, manager) =>
      now ? this.signAtOnce(keys, manager) : this.announce(keys, manager),
    );
  }

  /** Makes the next key once the newest has signed for `KEY_ROTATION_DAYS`; else null. @throws SigningKeyUnreadable */
  async rotateIfDue(): Promise<Successor | null> {
    const dueMs = this.clock.nowMs() - this.config.bearerToken.keyRotationDays * DAY_MS;
    return this.store.change(async (keys, manager) =>
      keys.some(({ signsFromMs }) => signsFromMs > dueMs) ? null : this.announce(keys, manager),
    );
  }

  /**
   * Ends a key that somebody else may hold: nothing that it signed counts any more, and its private half is gone. If it
   * was the one that signed, another does so at once. Sessions stay. Null when there is no such key.
   * @throws SigningKeyUnreadable
   */
  async kill(kid: string): Promise<Killing | null> {
    return this.store.change(async (keys, manager) => {
      const nowMs = this.clock.nowMs();
      const end = { revokedAt: new Date(nowMs), sealedKey: Buffer.alloc(0) };
      const { affected } = await manager.update(SigningKey, { kid, revokedAt: IsNull() }, end);
      if (affected !== 1) return (await manager.existsBy(SigningKey, { kid })) ? { killed: false } : null;
      await this.events.publish({ type: 'key.killed', userId: null, kid }, manager);
      if (signingOf(keys, nowMs)?.key.kid !== kid) return { killed: true };
      const others = keys.filter(({ key }) => key.kid !== kid);
      return { killed: true, successor: await this.signAtOnce(others, manager) };
    });
  }

  private async announce(keys: RingKey[], manager: EntityManager): Promise<Successor> {
    const next = this.waiting(keys);
    return next ? waited(next) : this.make(leadSeconds(this.config), keys, manager);
  }

  private async signAtOnce(keys: RingKey[], manager: EntityManager): Promise<Successor> {
    const next = this.waiting(keys);
    if (!next) return this.make(0, keys, manager);
    const signsFromMs = this.clock.nowMs();
    await manager.update(SigningKey, { kid: next.key.kid }, { signsFrom: new Date(signsFromMs) });
    await this.tell(next, manager);
    return waited({ ...next, signsFromMs });
  }

  private async make(delaySeconds: number, keys: RingKey[], manager: EntityManager): Promise<Successor> {
    const key = await this.store.add(delaySeconds, keys, manager);
    await this.tell(key, manager);
    return made(key);
  }

  private tell({ key: { kid } }: RingKey, manager: EntityManager): Promise<void> {
    return this.events.publish({ type: 'key.rotated', userId: null, kid }, manager);
  }

  private waiting(keys: RingKey[]): RingKey | undefined {
    const nowMs = this.clock.nowMs();
    return keys.find(({ signsFromMs }) => signsFromMs > nowMs);
  }
}

function made({ key, signsFromMs }: RingKey): Successor {
  return { kid: key.kid, signsFromMs, made: true };
}

function waited({ key, signsFromMs }: RingKey): Successor {
  return { kid: key.kid, signsFromMs, made: false };
}
