import { Injectable } from '@nestjs/common';
import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import type { EntityManager } from 'typeorm';
import { CodeInvalid } from '../auth/auth.errors.js';
import { changedRows } from '../database/rows.js';
import { DomainEvents } from '../events/domain-events.js';
import type { AuthenticatorAnswer } from './authenticator-answer.js';
import { type NonceUse, PasskeyNonces } from './passkey-nonces.service.js';
import { Passkey } from './passkey.entity.js';
import { RelyingParty, type Signed } from './relying-party.js';

/** A right answer that is not used up yet. */
export interface Assertion {
  readonly passkey: Passkey;
  readonly nonce: string;
  readonly use: NonceUse;
  readonly signed: Signed;
}

/** The counter has not grown: there may be a copy of the passkey (WebAuthn, section 6.1.1). */
export class PasskeyCloned extends CodeInvalid {
  constructor(readonly passkey: Passkey) {
    super();
  }
}

/** Checks what people show of a passkey, and uses it up. */
@Injectable()
export class PasskeyAssertions {
  constructor(
    private readonly nonces: PasskeyNonces,
    private readonly relyingParty: RelyingParty,
    private readonly events: DomainEvents,
  ) {}

  /** Null when it is wrong, whatever is. @throws ChallengeInvalid when the nonce is not good for this use any more */
  async check(
    answer: AuthenticatorAnswer<AuthenticationResponseJSON>,
    use: NonceUse,
    manager: EntityManager,
  ): Promise<Assertion | null> {
    const { nonce, credentialId } = answer;
    await this.nonces.require(nonce, use, manager);
    const passkey = await manager.findOneBy(Passkey, {
      credentialId,
      ...(use.userId !== null && { userId: use.userId }),
    });
    if (!passkey) return null;
    // After the password a touch is enough; otherwise the passkey may be all there is, and must check who uses it.
    const requireUserVerification = use.purpose !== 'challenge';
    const signed = await this.relyingParty.verifyAssertion(answer, passkey, { requireUserVerification });
    return signed && { passkey, nonce, use, signed };
  }

  /**
   * Uses it up, for good when the transaction commits: the nonce, and the counter, each by one conditional statement.
   * @returns what it proves (RFC 8176); null when the passkey was removed meanwhile
   * @throws ChallengeInvalid for all but one of many at once, PasskeyCloned
   */
  async consume(
    { passkey, nonce, use, signed }: Assertion,
    manager: EntityManager,
  ): Promise<string[] | null> {
    await this.nonces.consume(nonce, use, manager);
    const used = await changedRows(
      manager,
      `UPDATE passkeys SET counter = $2, backed_up = $3, last_used_at = now()
       WHERE id = $1 AND (counter < $2 OR (counter = 0 AND $2 = 0)) RETURNING id`,
      [passkey.id, signed.counter, signed.backedUp],
    );
    if (used.length === 1) return methodsOf(passkey);
    if (await manager.existsBy(Passkey, { id: passkey.id })) throw new PasskeyCloned(passkey);
    return null;
  }

  /** Tells of a copy, after the rollback. */
  async tellRefusal(error: unknown): Promise<void> {
    if (!(error instanceof PasskeyCloned)) return;
    const { id: passkeyId, userId, name } = error.passkey;
    await this.events.record({ type: 'passkey.cloned', userId, passkeyId, name });
  }
}

/** As `amr` values: a key in hardware, or one that can be copied to further devices, and somebody who touched it. */
export function methodsOf({ deviceType }: Pick<Passkey, 'deviceType'>): string[] {
  return [deviceType === 'singleDevice' ? 'hwk' : 'swk', 'user'];
}
