import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';
import type { EntityManager } from 'typeorm';
import { validate as isUuid, v7 as uuidv7 } from 'uuid';
import { CodeInvalid } from '../auth/auth.errors.js';
import type { Principal } from '../auth/principal.js';
import type { SecondProof } from '../auth/sign-in-attempt.js';
import { NotFound } from '../common/common.errors.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { changedRows, columnsOf, hydrate, type Row } from '../database/rows.js';
import { violatedIndex } from '../database/unique-violation.js';
import { DomainEvents } from '../events/domain-events.js';
import { SecondFactors } from '../second-factors/second-factors.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { User } from '../users/user.entity.js';
import { readCreation } from './authenticator-answer.js';
import { methodsOf } from './passkey-assertions.service.js';
import { PasskeyNonces } from './passkey-nonces.service.js';
import { Passkey } from './passkey.entity.js';
import { PASSKEY } from './passkey.factor.js';
import { PasskeyLimitReached } from './passkeys.errors.js';
import { type NewPasskey, RelyingParty } from './relying-party.js';

/** Enough for all devices of a person; each makes the lists longer that browsers are sent. */
const MAX_PASSKEYS = 20;

/** The passkeys that people have. From the first one on they are a second factor. */
@Injectable()
export class PasskeysService implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly nonces: PasskeyNonces,
    private readonly relyingParty: RelyingParty,
    private readonly factors: SecondFactors,
    private readonly sessions: SessionsService,
    private readonly events: DomainEvents,
    private readonly config: AppConfig,
  ) {}

  /** Whoever turns the factor off, the keys go; those of a thief with the address that they gave the account (HJK-12). */
  onModuleInit(): void {
    this.events.on('email.reverted', ({ userId, since }, manager) =>
      this.removeSince(since, userId, manager),
    );
    this.events.on('twofactor.disabled', async ({ userId, method }, manager) => {
      if (method === PASSKEY) await manager.delete(Passkey, { userId });
    });
  }

  /** The oldest first. */
  async list(userId: string): Promise<Passkey[]> {
    return this.database.manager.find(Passkey, { where: { userId }, order: { id: 'ASC' } });
  }

  /** What to ask of an authenticator. @throws NotFound with `TWO_FACTOR=off`, PasskeyLimitReached */
  async begin(user: User): Promise<PublicKeyCredentialCreationOptionsJSON> {
    if (this.config.users.twoFactor === 'off') throw new NotFound();
    const existing = await this.list(user.id);
    if (existing.length >= MAX_PASSKEYS) throw new PasskeyLimitReached();
    const nonce = await this.nonces.issue('register', user.id);
    return this.relyingParty.creationOptions(user, nonce, existing);
  }

  /**
   * Adds a passkey. With the first one other sessions end.
   * @returns it, and recovery codes, to be shown once, when it is the person's first second factor
   * @throws ChallengeInvalid, CodeInvalid, PasskeyLimitReached, SessionRevoked, ValidationFailed
   */
  async register(
    { user, session }: Principal,
    given: object,
    name: string | null,
  ): Promise<{ passkey: Passkey; recoveryCodes: string[] | null }> {
    const answer = readCreation(given);
    const use = { purpose: 'register', userId: user.id } as const;
    // Before the transaction: no connection is held while signatures are checked.
    const made = await this.relyingParty.verifyCreation(answer);
    return this.database.transaction(async (manager) => {
      await this.sessions.hold(session.id, manager);
      await this.nonces.consume(answer.nonce, use, manager);
      if (!made) throw new CodeInvalid();
      const count = await manager.countBy(Passkey, { userId: user.id });
      if (count >= MAX_PASSKEYS) throw new PasskeyLimitReached();
      const passkey = await this.insert(user.id, made, name, manager);
      const changing = { userId: user.id, method: PASSKEY, sid: session.id };
      const recoveryCodes =
        count === 0 ? await this.factors.turnOn(changing, methodsOf(passkey), manager) : null;
      const event = { type: 'passkey.added', userId: user.id, passkeyId: passkey.id, name } as const;
      await this.events.publish(event, manager);
      return { passkey, recoveryCodes };
    });
  }

  /** @throws NotFound also for somebody else's, SessionRevoked */
  async rename({ user, session }: Principal, id: string, name: string): Promise<Passkey> {
    if (!isUuid(id)) throw new NotFound();
    const sql = `UPDATE passkeys p SET name = $3 WHERE p.id = $1 AND p.user_id = $2 RETURNING ${this.columns()}`;
    const [row] = await this.database.transaction(async (manager) => {
      await this.sessions.hold(session.id, manager);
      return changedRows(manager, sql, [id, user.id, name]);
    });
    if (!row) throw new NotFound();
    return hydrate(this.database, Passkey, 'p', row);
  }

  /**
   * Removes one, for somebody who shows a second factor. Other sessions end; with the last one the factor is off.
   * @throws NotFound also for somebody else's, CodeInvalid, ChallengeInvalid, AccountLocked, SessionRevoked
   */
  async remove({ user, session }: Principal, id: string, proof: SecondProof): Promise<void> {
    const isTheirs = isUuid(id) && (await this.database.manager.existsBy(Passkey, { id, userId: user.id }));
    if (!isTheirs) throw new NotFound();
    await this.factors.withProof(user, proof, (manager) =>
      this.removeWithin({ userId: user.id, sid: session.id }, id, manager),
    );
  }

  private async removeWithin(
    { userId, sid }: { userId: string; sid: string },
    id: string,
    manager: EntityManager,
  ): Promise<void> {
    await this.sessions.hold(sid, manager);
    const sql = 'DELETE FROM passkeys WHERE id = $1 AND user_id = $2 RETURNING id, name';
    const removed = await changedRows(manager, sql, [id, userId]);
    if (removed.length !== 1) throw new NotFound();
    await this.removed(removed, { userId, sid }, manager);
  }

  private async removeSince(since: Date | null, userId: string, manager: EntityManager): Promise<void> {
    const sql = 'DELETE FROM passkeys WHERE user_id = $1 AND created_at >= $2 RETURNING id, name';
    const removed = await changedRows(manager, sql, [userId, since]);
    if (removed.length > 0) await this.removed(removed, { userId, sid: null }, manager);
  }

  /** Turns the factor off with the last of them, and tells of each. The person's row must be the caller's. */
  private async removed(
    rows: Row[],
    { userId, sid }: { userId: string; sid: string | null },
    manager: EntityManager,
  ): Promise<void> {
    const isLast = !(await manager.existsBy(Passkey, { userId }));
    if (isLast) await this.factors.turnOff({ userId, method: PASSKEY, sid }, manager);
    for (const row of rows) {
      const told = { passkeyId: String(row.id), name: row.name as string | null };
      await this.events.publish({ type: 'passkey.removed', userId, ...told, exceptSid: sid }, manager);
    }
  }

  /** @throws CodeInvalid when somebody has registered it already */
  private async insert(
    userId: string,
    made: NewPasskey,
    name: string | null,
    manager: EntityManager,
  ): Promise<Passkey> {
    const { credentialId, publicKey, counter, deviceType, backedUp, transports, aaguid } = made;
    try {
      const [row] = await changedRows(
        manager,
        `INSERT INTO passkeys AS p (id, user_id, name, credential_id, public_key, counter, device_type, backed_up,
           transports, aaguid)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING ${this.columns()}`,
        [uuidv7(), userId, name, credentialId, publicKey, counter, deviceType, backedUp, transports, aaguid],
      );
      return hydrate(this.database, Passkey, 'p', row ?? {});
    } catch (error) {
      throw violatedIndex(error) === 'passkeys_credential_key' ? new CodeInvalid() : error;
    }
  }

  private columns(): string {
    return columnsOf(this.database, Passkey, 'p');
  }
}
