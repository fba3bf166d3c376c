import { Injectable, Logger } from '@nestjs/common';
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { COSEALG, decodeAttestationObject, isoBase64URL, isoCBOR } from '@simplewebauthn/server/helpers';
import { parse as parseUuid } from 'uuid';
import { AppConfig } from '../config/app-config.js';
import type { User } from '../users/user.entity.js';
import type { AuthenticatorAnswer } from './authenticator-answer.js';
import { NONCE_TTL_SECONDS } from './passkey-nonces.service.js';
import type { Passkey } from './passkey.entity.js';

/** A passkey as its authenticator has just made it. */
export type NewPasskey = Pick<
  Passkey,
  'credentialId' | 'publicKey' | 'counter' | 'deviceType' | 'backedUp' | 'transports' | 'aaguid'
>;

/** What a signature of a passkey says besides that it is one. */
export type Signed = Pick<Passkey, 'counter' | 'backedUp'>;

/** The first that an authenticator knows is taken; each knows one of them. */
const ALGORITHMS = [COSEALG.ES256, COSEALG.EdDSA, COSEALG.RS256];
/** An RSA key of 7680 bits; checking signatures with larger ones takes long. */
const MAX_PUBLIC_KEY_BYTES = 1024;

/** Us, as WebAuthn calls it: what authenticators are asked, and whether what they answer is right (sections 7.1, 7.2). */
@Injectable()
export class RelyingParty {
  private readonly logger = new Logger(RelyingParty.name);
  private hasWarned = false;

  constructor(private readonly config: AppConfig) {}

  /** A passkey can stand for a password and a second factor: it is found without a login, and checks who uses it. */
  creationOptions(
    { id, email, firstName, lastName }: User,
    nonce: Buffer,
    existing: readonly Passkey[],
  ): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const { rpId, rpName } = this.config.passkeys;
    return generateRegistrationOptions({
      rpID: rpId,
      rpName,
      userID: userHandleOf(id),
      userName: email,
      userDisplayName: [firstName, lastName].filter(Boolean).join(' ') || email,
      challenge: Uint8Array.from(nonce),
      timeout: NONCE_TTL_SECONDS * 1000,
      attestationType: 'none',
      excludeCredentials: existing.map(describe),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      supportedAlgorithmIDs: ALGORITHMS,
    });
  }

  /** @param allowed the passkeys to choose from; absent: any of ours that the person has */
  requestOptions(
    nonce: Buffer,
    userVerification: 'required' | 'preferred',
    allowed?: readonly Passkey[],
  ): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return generateAuthenticationOptions({
      rpID: this.config.passkeys.rpId,
      challenge: Uint8Array.from(nonce),
      timeout: NONCE_TTL_SECONDS * 1000,
      userVerification,
      allowCredentials: allowed?.map(describe),
    });
  }

  /** The passkey that was made for the answer's nonce, which the caller must know; null when anything is wrong. */
  async verifyCreation(answer: AuthenticatorAnswer<RegistrationResponseJSON>): Promise<NewPasskey | null> {
    if (!this.isOurPage(answer)) return null;
    const { verified, registrationInfo } = await orRefused(async () =>
      verifyRegistrationResponse({
        ...this.expected(answer),
        response: withoutAttestation(answer.json),
        requireUserVerification: true,
        supportedAlgorithmIDs: ALGORITHMS,
      }),
    );
    if (!verified || !registrationInfo) return null;
    const { credential, aaguid, credentialDeviceType, credentialBackedUp } = registrationInfo;
    const isSame = credential.id === answer.json.id;
    if (!isSame || credential.publicKey.length > MAX_PUBLIC_KEY_BYTES) return null;
    return {
      credentialId: answer.credentialId,
      publicKey: Buffer.from(credential.publicKey),
      counter: String(credential.counter),
      deviceType: credentialDeviceType,
      backedUp: credentialBackedUp,
      transports: credential.transports ?? [],
      aaguid,
    };
  }

  /**
   * What `passkey` signed about the answer's nonce, which the caller must know; null when anything is wrong. Whether its
   * counter has grown is left to the statement that stores it.
   */
  async verifyAssertion(
    answer: AuthenticatorAnswer<AuthenticationResponseJSON>,
    passkey: Passkey,
    { requireUserVerification }: { requireUserVerification: boolean },
  ): Promise<Signed | null> {
    if (!this.isOurPage(answer)) return null;
    const { userHandle } = answer.json.response;
    if (userHandle !== undefined && !isUserHandleOf(userHandle, passkey.userId)) return null;
    const { verified, authenticationInfo } = await orRefused(() =>
      verifyAuthenticationResponse({
        ...this.expected(answer),
        response: answer.json,
        requireUserVerification,
        credential: { id: answer.json.id, publicKey: Uint8Array.from(passkey.publicKey), counter: 0 },
      }),
    );
    if (!verified || !authenticationInfo) return null;
    const { newCounter, credentialBackedUp, credentialDeviceType } = authenticationInfo;
    if (credentialDeviceType !== passkey.deviceType) return null;
    return { counter: String(newCounter), backedUp: credentialBackedUp };
  }

  private expected({ nonce }: AuthenticatorAnswer<unknown>): Expected {
    const { rpId, origins } = this.config.passkeys;
    return { expectedChallenge: nonce, expectedOrigin: [...origins], expectedRPID: rpId };
  }

  /** One that is not shown inside somebody else's, who might lead the person's finger. */
  private isOurPage({ origin, isEmbedded }: AuthenticatorAnswer<unknown>): boolean {
    if (this.config.passkeys.origins.includes(origin)) return !isEmbedded;
    if (!this.hasWarned) {
      const page = JSON.stringify(origin.slice(0, 200));
      this.logger.warn(`A passkey was used on ${page}, which is not one of PASSKEY_ORIGINS: refused.`);
    }
    this.hasWarned = true;
    return false;
  }
}

interface Expected {
  expectedChallenge: string;
  expectedOrigin: string[];
  expectedRPID: string;
}

/** The library throws for whatever does not fit, and for whatever it cannot read. */
async function orRefused<T extends { verified: boolean }>(work: () => Promise<T>): Promise<Partial<T>> {
  try {
    return await work();
  } catch {
    return {};
  }
}

/**
 * We ask for no attestation and trust no maker more than another, so one that comes all the same is dropped unread:
 * reading it would mean to parse certificates, and to call addresses that they name.
 */
function withoutAttestation(json: RegistrationResponseJSON): RegistrationResponseJSON {
  const given = decodeAttestationObject(isoBase64URL.toBuffer(json.response.attestationObject));
  const none = new Map<string, string | Map<string, never> | Uint8Array>([
    ['fmt', 'none'],
    ['attStmt', new Map<string, never>()],
    ['authData', given.get('authData')],
  ]);
  const attestationObject = isoBase64URL.fromBuffer(Uint8Array.from(isoCBOR.encode(none)));
  return { ...json, response: { ...json.response, attestationObject } };
}

function describe({ credentialId, transports }: Passkey): { id: string; transports: string[] } {
  return { id: credentialId.toString('base64url'), transports };
}

/** What an authenticator knows a person by: their id, which says nothing about them. */
function userHandleOf(userId: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parseUuid(userId));
}

function isUserHandleOf(text: string, userId: string): boolean {
  return Buffer.from(text, 'base64url').equals(userHandleOf(userId));
}
