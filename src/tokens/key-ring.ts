import type { TokenKey, VerificationKey } from '../config/keys/token-key.js';
import { publicJwk } from '../config/keys/key-id.js';

/** A public key as the JWKS shows it (RFC 7517): these members and no others. */
export interface PublicJwk {
  kty: string;
  kid: string;
  alg: string;
  use: 'sig';
  crv?: string;
  x?: string;
  y?: string;
  n?: string;
  e?: string;
}

/** Where a token's key is looked up. */
export interface KeyLookup {
  find(kid: string): VerificationKey | undefined;
}

/** The keys of this process: the first signs, all verify. */
export class KeyRing implements KeyLookup {
  /** The one that signs. */
  readonly current: TokenKey;
  private readonly byKid: ReadonlyMap<string, TokenKey>;

  /** @throws Error without a key, or when two share a kid */
  constructor(keys: readonly TokenKey[]) {
    const [current] = keys;
    if (!current) throw new Error('A key ring needs a key.');
    this.current = current;
    this.byKid = new Map(keys.map((key) => [key.kid, key]));
    if (this.byKid.size !== keys.length) throw new Error('Two signing keys share a kid.');
  }

  /** Undefined for a kid that is not ours. It is a name in a map, never a path, a URL or SQL (JWT-10). */
  find(kid: string): TokenKey | undefined {
    return this.byKid.get(kid);
  }

  /** The public keys, the current first; none for secrets. */
  jwks(): { keys: PublicJwk[] } {
    const keys = [...this.byKid.values()].filter(({ verificationKey }) => verificationKey.type === 'public');
    return { keys: keys.map(toJwk) };
  }
}

function toJwk({ verificationKey, kid, algorithm }: TokenKey): PublicJwk {
  const { kty = '', ...members } = publicJwk(verificationKey) as Partial<PublicJwk>;
  return { kty, ...members, kid, alg: algorithm, use: 'sig' };
}
