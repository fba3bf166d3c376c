import { pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { emptyCopy, matchFormat, type SaltedDigest, saltedDigest } from './salted-digest.js';
import type { StoredHash } from './stored-hash.js';

const derive = promisify(pbkdf2);

/** PHC strings, passlib, Django, Werkzeug (Flask); the latter two use the salt's text as it stands. */
const FORMATS = [
  /^\$pbkdf2-(?<sha>sha256|sha512)\$i=(?<rounds>[1-9]\d{0,9})(?:,l=(?<length>\d\d))?\$(?<salt64>[A-Za-z0-9+/]+)\$(?<digest64>[A-Za-z0-9+/]+)$/,
  /^\$pbkdf2-(?<sha>sha256|sha512)\$(?<rounds>[1-9]\d{0,9})\$(?<salt64>[A-Za-z0-9./]+)\$(?<digest64>[A-Za-z0-9./]+)$/,
  /^pbkdf2_(?<sha>sha256|sha512)\$(?<rounds>[1-9]\d{0,9})\$(?<saltText>[^$]+)\$(?<digest64>[A-Za-z0-9+/]+={0,2})$/,
  /^pbkdf2:(?<sha>sha256|sha512):(?<rounds>[1-9]\d{0,9})\$(?<saltText>[^$]+)\$(?<digestHex>(?:[0-9a-f]{2})+)$/,
];

const MAX_ROUNDS = 2_000_000;
/** Each block of a digest costs all rounds. */
const BLOCK_BYTES = { sha256: 32, sha512: 64 };
/** Rounds that take as long as today's hash. */
const TODAY = { sha256: 60_000, sha512: 27_000 };

type Sha = keyof typeof TODAY;

/** `$pbkdf2-sha256$i=…$salt$digest`, `$pbkdf2-sha256$…`, `pbkdf2_sha256$…` or `pbkdf2:sha256:…`; also with SHA-512. */
export class Pbkdf2Hash implements StoredHash {
  readonly kind: string;
  readonly effort: number;
  readonly affordable: boolean;

  private constructor(
    private readonly sha: Sha,
    private readonly rounds: number,
    private readonly salted: SaltedDigest,
  ) {
    const work = rounds * Math.ceil(salted.digest.length / BLOCK_BYTES[sha]);
    this.kind = `pbkdf2-${sha} ${work} rounds`;
    this.effort = work / TODAY[sha];
    this.affordable = work <= MAX_ROUNDS;
  }

  static read(text: string): Pbkdf2Hash | null {
    const found = matchFormat(FORMATS, text);
    const salted = found && saltedDigest(found);
    if (!salted) return null;
    if (found.length !== undefined && Number(found.length) !== salted.digest.length) return null;
    return new Pbkdf2Hash(found.sha as Sha, Number(found.rounds), salted);
  }

  async matches(password: string): Promise<boolean> {
    const { salt, digest } = this.salted;
    return timingSafeEqual(await derive(password, salt, this.rounds, digest.length, this.sha), digest);
  }

  decoy(): StoredHash {
    return new Pbkdf2Hash(this.sha, this.rounds, emptyCopy(this.salted));
  }
}
