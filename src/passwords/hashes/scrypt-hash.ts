import { scrypt, type ScryptOptions, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { emptyCopy, matchFormat, type SaltedDigest, saltedDigest } from './salted-digest.js';
import type { StoredHash } from './stored-hash.js';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** PHC strings (passlib, RustCrypto), Django, Werkzeug (Flask); the latter two use the salt's text as it stands. */
const FORMATS = [
  /^\$scrypt\$ln=(?<ln>[1-9]\d?),r=(?<r>[1-9]\d{0,2}),p=(?<p>[1-9]\d{0,2})\$(?<salt64>[A-Za-z0-9+/]+)\$(?<digest64>[A-Za-z0-9+/]+)$/,
  /^scrypt\$(?<N>[1-9]\d{0,9})\$(?<saltText>[^$]+)\$(?<r>[1-9]\d{0,2})\$(?<p>[1-9]\d{0,2})\$(?<digest64>[A-Za-z0-9+/]+={0,2})$/,
  /^scrypt:(?<N>[1-9]\d{0,9}):(?<r>[1-9]\d{0,2}):(?<p>[1-9]\d{0,2})\$(?<saltText>[^$]+)\$(?<digestHex>(?:[0-9a-f]{2})+)$/,
];

const MAX_MEMORY = 128 * 1024 * 1024;
/** Of N, r and p: four times what one lane with the most memory takes. */
const MAX_WORK = (4 * MAX_MEMORY) / 128;
/** What OpenSSL counts besides. */
const SPARE_MEMORY = 8 * 1024 * 1024;
/** N times r times p that take as long as today's hash. */
const TODAY = 2 ** 15;

interface Cost {
  N: number;
  r: number;
  p: number;
}

/** `$scrypt$ln=…,r=…,p=…$salt$digest`, `scrypt$N$salt$r$p$digest` or `scrypt:N:r:p$salt$digest`. */
export class ScryptHash implements StoredHash {
  readonly kind: string;
  readonly effort: number;
  readonly affordable: boolean;

  private constructor(
    private readonly cost: Cost,
    private readonly salted: SaltedDigest,
  ) {
    const { N, r, p } = cost;
    this.kind = `scrypt N=${N} r=${r} p=${p}`;
    this.effort = (N * r * p) / TODAY;
    this.affordable = 128 * N * r <= MAX_MEMORY && N * r * p <= MAX_WORK;
  }

  static read(text: string): ScryptHash | null {
    const found = matchFormat(FORMATS, text);
    const salted = found && saltedDigest(found);
    if (!salted) return null;
    const N = found.ln === undefined ? Number(found.N) : 2 ** Number(found.ln);
    const r = Number(found.r);
    // RFC 7914, section 2.
    const exists = N > 1 && Number.isInteger(Math.log2(N)) && N < 2 ** (16 * r);
    return exists ? new ScryptHash({ N, r, p: Number(found.p) }, salted) : null;
  }

  async matches(password: string): Promise<boolean> {
    const { salt, digest } = this.salted;
    const options = { ...this.cost, maxmem: MAX_MEMORY + SPARE_MEMORY };
    return timingSafeEqual(await derive(password, salt, digest.length, options), digest);
  }

  decoy(): StoredHash {
    return new ScryptHash(this.cost, emptyCopy(this.salted));
  }
}
