import { hkdfSync } from 'node:crypto';
import type { AppConfig } from './app-config.js';

/**
 * A 32-byte key for one purpose, derived from `APP_KEY` (HKDF-SHA-256, RFC 5869).
 * Keys of different purposes tell nothing about each other.
 */
export function deriveKey(config: Pick<AppConfig, 'appKey'>, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', config.appKey, '', `tokenhouse/${purpose}`, 32));
}
