import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';

type Json = Record<string, unknown>;

export interface Behaviour {
  origin?: string;
  rpId?: string;
  /** Whether it checks who uses it. */
  verifiesUser?: boolean;
  /** What it says of its counter; else it counts. */
  counter?: number;
  crossOrigin?: boolean;
  type?: string;
  /** Something else than what it was asked to sign. */
  challenge?: string;
  userHandle?: string | null;
  algorithm?: keyof typeof KEYS;
  /** What stands in the place of no attestation. */
  attestation?: [format: string, statement: Map<string, unknown>];
  /** Whether the passkey may be, and is, synchronised. */
  isSynced?: boolean;
}

interface Credential {
  id: Buffer;
  key: KeyObject;
  userHandle: string;
  counter: number;
}

const FLAGS = { present: 0x01, verified: 0x04, backupEligible: 0x08, backedUp: 0x10, attested: 0x40 };

const KEYS = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES384: () => generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
};

/** An authenticator in software, with one passkey after another; it does what it is told, also what none would. */
export class SoftwareAuthenticator {
  readonly credentials: Credential[] = [];

  constructor(private readonly defaults: Behaviour = {}) {}

  /** As `navigator.credentials.create(options).toJSON()`. */
  create(options: Json, behaviour: Behaviour = {}): Json {
    const { algorithm = 'ES256', attestation: [format, statement] = ['none', new Map()] } = behaviour;
    const { publicKey, privateKey } = KEYS[algorithm]();
    const user = options.user as { id: string };
    const credential = { id: randomBytes(32), key: privateKey, userHandle: user.id, counter: 0 };
    this.credentials.push(credential);
    const attested = Buffer.concat([
      Buffer.alloc(16),
      Buffer.from([0, credential.id.length]),
      credential.id,
      coseKey(publicKey),
    ]);
    const authData = this.authenticatorData((options.rp as { id: string }).id, 0, behaviour, attested);
    const attestation = new Map<string, unknown>([
      ['fmt', format],
      ['attStmt', statement],
      ['authData', Uint8Array.from(authData)],
    ]);
    const attestationObject = Buffer.from(isoCBOR.encode(attestation as never)).toString('base64url');
    const clientDataJSON = this.clientData('webauthn.create', options, behaviour).toString('base64url');
    const response = { clientDataJSON, attestationObject, transports: ['internal'] };
    return publicKeyCredential(credential.id, response);
  }

  /** As `navigator.credentials.get(options).toJSON()`, with the newest passkey unless told. */
  get(options: Json, behaviour: Behaviour = {}, credential = this.credentials.at(-1)): Json {
    if (!credential) throw new Error('There is no passkey.');
    credential.counter = behaviour.counter ?? credential.counter + 1;
    const authData = this.authenticatorData(String(options.rpId), credential.counter, behaviour);
    const clientData = this.clientData('webauthn.get', options, behaviour);
    const signed = Buffer.concat([authData, createHash('sha256').update(clientData).digest()]);
    const { userHandle = credential.userHandle } = behaviour;
    return publicKeyCredential(credential.id, {
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: signatureOf(signed, credential.key).toString('base64url'),
      ...(userHandle !== null && { userHandle }),
    });
  }

  private clientData(type: string, options: Json, behaviour: Behaviour): Buffer {
    const { origin, crossOrigin = false, challenge, type: told } = { ...this.defaults, ...behaviour };
    const data = { type: told ?? type, challenge: challenge ?? options.challenge, origin, crossOrigin };
    return Buffer.from(JSON.stringify(data));
  }

  private authenticatorData(
    rpId: string,
    counter: number,
    behaviour: Behaviour,
    attested = Buffer.alloc(0),
  ): Buffer {
    const { rpId: told = rpId, verifiesUser = true, isSynced = true } = { ...this.defaults, ...behaviour };
    const flags =
      FLAGS.present |
      (isSynced ? FLAGS.backupEligible | FLAGS.backedUp : 0) |
      (verifiesUser ? FLAGS.verified : 0) |
      (attested.length > 0 ? FLAGS.attested : 0);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    const rpIdHash = createHash('sha256').update(told).digest();
    return Buffer.concat([rpIdHash, Buffer.from([flags]), count, attested]);
  }
}

function publicKeyCredential(id: Buffer, response: Json): Json {
  const name = id.toString('base64url');
  return { id: name, rawId: name, type: 'public-key', response, clientExtensionResults: {} };
}

function signatureOf(data: Buffer, key: KeyObject): Buffer {
  return sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', data, key);
}

/** COSE_Key (RFC 9053, section 7; RFC 8230, section 4). */
function coseKey(publicKey: KeyObject): Buffer {
  const { kty, crv, x, y, n, e } = publicKey.export({ format: 'jwk' });
  const bytes = (text = ''): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64url'));
  const members: Record<string, [number, number | Uint8Array][]> = {
    EC: [[1, 2], [3, crv === 'P-256' ? -7 : -35], [-1, crv === 'P-256' ? 1 : 2], [-2, bytes(x)], [-3, bytes(y)]],
    OKP: [[1, 1], [3, -8], [-1, 6], [-2, bytes(x)]],
    RSA: [[1, 3], [3, -257], [-1, bytes(n)], [-2, bytes(e)]],
  }; // prettier-ignore
  return Buffer.from(isoCBOR.encode(new Map(members[kty ?? '']) as never));
}
