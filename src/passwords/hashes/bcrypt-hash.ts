import { verify } from '@node-rs/bcrypt';
import type { StoredHash } from './stored-hash.js';

const FORMAT = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;
const MAX_COST = 15;

/** `$2b$COST$…`, also `$2a$` and `$2y$`. By its nature it ends at 72 bytes. */
export class BcryptHash implements StoredHash {
  readonly kind: string;
  readonly effort: number;
  readonly affordable: boolean;

  private constructor(
    private readonly text: string,
    cost: number,
  ) {
    this.kind = `bcrypt, cost ${cost}`;
    this.effort = 5 * 2 ** (cost - 10);
    this.affordable = cost <= MAX_COST;
  }

  static read(text: string): BcryptHash | null {
    const cost = FORMAT.exec(text)?.[1];
    return cost === undefined ? null : new BcryptHash(text, Number(cost));
  }

  matches(password: string): Promise<boolean> {
    return verify(password, this.text);
  }

  decoy(): StoredHash {
    const [, , cost = ''] = this.text.split('$');
    return new BcryptHash(`$2b$${cost}$${'.'.repeat(53)}`, Number(cost));
  }
}
