import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { deriveKey } from '../config/app-key.js';
import { AppConfig } from '../config/app-config.js';
import type { NewsCursor } from '../news/news-log.js';

/** The places in the log that followers are given to go on from: opaque to them, and none but ours come back. */
@Injectable()
export class RevocationCursors {
  private readonly key: Buffer;

  constructor(config: AppConfig) {
    this.key = deriveKey(config, 'revocation-cursors');
  }

  seal(cursor: NewsCursor): string {
    return `${Buffer.from(cursor).toString('base64url')}.${this.mac(cursor).toString('base64url')}`;
  }

  /** Null for anything that `seal` did not return. */
  open(text: string): NewsCursor | null {
    const [cursor = '', mac = ''] = text.split('.').map((part) => Buffer.from(part, 'base64url'));
    const expected = this.mac(String(cursor));
    const genuine = mac.length === expected.length && timingSafeEqual(Buffer.from(mac), expected);
    return genuine ? String(cursor) : null;
  }

  private mac(cursor: string): Buffer {
    return createHmac('sha256', this.key).update(cursor).digest();
  }
}
