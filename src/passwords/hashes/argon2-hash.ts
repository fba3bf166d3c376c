import { verify } from '@node-rs/argon2';
import { emptyCopy, matchFormat, type SaltedDigest, saltedDigest } from './salted-digest.js';
import type { StoredHash } from './stored-hash.js';

const FORMATS = [
  /^\$(?<head>argon2(?:id|i|d)\$v=19\$m=(?<m>[1-9]\d{0,9}),t=(?<t>[1-9]\d{0,4}),p=(?<p>[1-9]\d{0,2}))\$(?<salt64>[A-Za-z0-9+/]+)\$(?<digest64>[A-Za-z0-9+/]+)$/,
];
const MAX = { memoryKib: 262_144, passes: 10, lanes: 8 };
/** KiB times passes of today's hash. */
const TODAY = 19_456 * 2;

/** `$argon2id$v=19$m=…,t=…,p=…$salt$digest`, also `argon2i` and `argon2d`. */
export class Argon2Hash implements StoredHash {
  readonly kind: string;
  readonly effort: number;
  readonly affordable: boolean;

  private constructor(
    private readonly head: string,
    private readonly cost: { memoryKib: number; passes: number; lanes: number },
    private readonly salted: SaltedDigest,
  ) {
    const { memoryKib, passes, lanes } = cost;
    this.kind = head.replaceAll('$', ' ');
    this.effort = (memoryKib * passes) / TODAY;
    this.affordable = memoryKib <= MAX.memoryKib && passes <= MAX.passes && lanes <= MAX.lanes;
  }

  static read(text: string): Argon2Hash | null {
    const found = matchFormat(FORMATS, text);
    const salted = found && saltedDigest(found);
    if (!found?.head || !salted) return null;
    const [memoryKib, passes, lanes] = [Number(found.m), Number(found.t), Number(found.p)];
    // Less than eight blocks a lane is no argon2.
    return memoryKib >= 8 * lanes ? new Argon2Hash(found.head, { memoryKib, passes, lanes }, salted) : null;
  }

  matches(password: string): Promise<boolean> {
    const [salt, digest] = [this.salted.salt, this.salted.digest].map((bytes) =>
      bytes.toString('base64').replace(/=+$/, ''),
    );
    return verify(`$${this.head}$${salt}$${digest}`, password);
  }

  decoy(): StoredHash {
    return new Argon2Hash(this.head, this.cost, emptyCopy(this.salted));
  }
}
