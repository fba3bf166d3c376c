import { Injectable } from '@nestjs/common';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { NotFound } from '../common/common.errors.js';
import { Database } from '../database/database.js';
import { SignInChallenges } from '../second-factors/sign-in-challenges.service.js';
import { PasskeyNonces } from './passkey-nonces.service.js';
import { Passkey } from './passkey.entity.js';
import { RelyingParty } from './relying-party.js';

/** What to ask of an authenticator, for `navigator.credentials.get`. */
@Injectable()
export class PasskeyRequests {
  constructor(
    private readonly database: Database,
    private readonly nonces: PasskeyNonces,
    private readonly challenges: SignInChallenges,
    private readonly relyingParty: RelyingParty,
  ) {}

  /** To sign in with nothing else; the same for everybody. */
  async forSignIn(): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return this.relyingParty.requestOptions(await this.nonces.issue('sign-in', null), 'required');
  }

  /** To answer a challenge, after the password. @throws ChallengeInvalid, NotFound when they have no passkey */
  async forChallenge(challengeId: string): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const { userId } = await this.challenges.peek(challengeId);
    const passkeys = await this.requirePasskeys(userId);
    return this.relyingParty.requestOptions(
      await this.nonces.issue('challenge', userId),
      'preferred',
      passkeys,
    );
  }

  /** To confirm something in a session, where the passkey may stand for the password. @throws NotFound */
  async forConfirming(userId: string): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const passkeys = await this.requirePasskeys(userId);
    return this.relyingParty.requestOptions(await this.nonces.issue('confirm', userId), 'required', passkeys);
  }

  private async requirePasskeys(userId: string): Promise<Passkey[]> {
    const passkeys = await this.database.manager.findBy(Passkey, { userId });
    if (passkeys.length === 0) throw new NotFound();
    return passkeys;
  }
}
