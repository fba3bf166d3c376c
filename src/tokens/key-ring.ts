import { Unavailable } from '../common/common.errors.js';
import type { Clock } from '../common/clock.js';
import type { TokenKey, VerificationKey } from '../config/keys/token-key.js';
import { publicJwk } from '../config/keys/key-id.js';
import { type KeyTimes, signingOf } from './key-life.js';

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

/** A key with its times. */
export interface RingKey extends KeyTimes {
  readonly key: TokenKey;
}

/** Keys as `BEARER_TOKEN_KEY` lists them: the first signs, the others only verify, and no time ends that. */
export function keysInOrder(keys: readonly TokenKey[]): RingKey[] {
  return keys.map((key, index) => ({
    key,
    signsFromMs: index === 0 ? -Infinity : Infinity,
    verifiesUntilMs: Infinity,
  }));
}

/** The keys of this process, in the order in which they sign. The clock alone says what each is good for. */
export class KeyRing implements KeyLookup {
  private keys = new Map<string, RingKey>();
  private readonly dropped = new Set<string>();

  /** @throws Error as `replace` */
  constructor(
    keys: readonly RingKey[],
    private readonly clock: Clock,
  ) {
    this.replace(keys);
  }

  /** The one that signs now. @throws Unavailable for the moment between the end of a killed key and its successor */
  get current(): TokenKey {
    const signing = signingOf([...this.keys.values()], this.clock.nowMs());
    if (!signing) throw new Unavailable('no signing key is known');
    return signing.key;
  }

  /**
   * Undefined for a kid that is not ours, or not any more. It is a name in a map, never a path, a URL or SQL (JWT-10).
   */
  find(kid: string): TokenKey | undefined {
    const found = this.keys.get(kid);
    return found && this.clock.nowMs() < found.verifiesUntilMs ? found.key : undefined;
  }

  /** The public keys, the current first; none for secrets. */
  jwks(): { keys: PublicJwk[] } {
    const nowMs = this.clock.nowMs();
    const living = [...this.keys.values()].filter(({ verifiesUntilMs }) => nowMs < verifiesUntilMs);
    const current = signingOf(living, nowMs);
    const keys = [...living.filter((each) => each === current), ...living.filter((each) => each !== current)];
    return { keys: keys.filter(({ key }) => key.verificationKey.type === 'public').map(toJwk) };
  }

  /**
   * Takes these keys instead, save those that were dropped. True when one is gone that was there.
   * @throws Error without a key, or when two share a kid
   */
  replace(keys: readonly RingKey[]): boolean {
    if (keys.length === 0) throw new Error('A key ring needs a key.');
    const byKid = new Map(keys.map((each) => [each.key.kid, each]));
    if (byKid.size !== keys.length) throw new Error('Two signing keys share a kid.');
    for (const kid of this.dropped) byKid.delete(kid);
    const isOneGone = [...this.keys.keys()].some((kid) => !byKid.has(kid));
    this.keys = byKid;
    return isOneGone;
  }

  /** Ends a key at once and for good: somebody may be reading it from the database at this moment. */
  drop(kid: string): void {
    this.dropped.add(kid);
    this.keys.delete(kid);
  }
}

function toJwk({ key }: RingKey): PublicJwk {
  const { verificationKey, kid, algorithm } = key;
  const { kty = '', ...members } = publicJwk(verificationKey) as Partial<PublicJwk>;
  return { kty, ...members, kid, alg: algorithm, use: 'sig' };
}
