import { ValidationFailed } from '../common/common.errors.js';
import { openSecret, sealSecret } from '../common/secret-box.js';
import { deriveKey } from './app-key.js';
import type { AppConfig } from './app-config.js';

/** The places in a list that clients are given to go on from: they tell nothing, and none but ours come back. */
export class SealedCursors {
  private readonly key: Buffer;

  /** @param list names it; a cursor of another one is unknown here */
  constructor(
    config: Pick<AppConfig, 'appKey'>,
    private readonly list: string,
  ) {
    this.key = deriveKey(config, 'cursors');
  }

  seal(place: string): string {
    return sealSecret(this.key, Buffer.from(place), this.list).toString('base64url');
  }

  /** @param field in which it came. @throws ValidationFailed for anything that `seal` did not return */
  open(text: string, field: string): string {
    const sealed = Buffer.from(text, 'base64url');
    try {
      if (sealed.toString('base64url') !== text) throw new Error('Spelled in another way.');
      return openSecret(this.key, sealed, this.list).toString();
    } catch {
      throw new ValidationFailed([{ field, code: 'unknown', message: `${field} is not a cursor of ours` }]);
    }
  }
}
