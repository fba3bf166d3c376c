import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { parse as uuidBytes, stringify as uuidText } from 'uuid';
import { AppConfig } from '../config/app-config.js';
import { deriveKey } from '../config/app-key.js';

export interface RefreshTokenContent {
  sessionId: string;
  generation: number;
}

const SESSION_BYTES = 16;
const CONTENT_BYTES = SESSION_BYTES + 4;
const TOKEN_BYTES = CONTENT_BYTES + 32;
const TOKEN_LENGTH = Math.ceil((TOKEN_BYTES * 8) / 6);

/**
 * Refresh tokens: session id, generation, and an HMAC-SHA-256 over both, in base64url. Nothing is stored, so a thief
 * of the database holds none, and a forged one is refused without asking it.
 */
@Injectable()
export class RefreshTokens {
  private readonly key: Buffer;

  constructor(config: AppConfig) {
    this.key = deriveKey(config, 'refresh-tokens');
  }

  /** The one token of this session and generation; the same every time. @throws for an id that is no UUID */
  issue(sessionId: string, generation: number): string {
    const content = Buffer.alloc(CONTENT_BYTES);
    content.set(uuidBytes(sessionId));
    content.writeUInt32BE(generation, SESSION_BYTES);
    return Buffer.concat([content, this.mac(content)]).toString('base64url');
  }

  /** What a token names; null for anything that `issue` did not return, character for character. Never throws. */
  read(token: unknown): RefreshTokenContent | null {
    if (typeof token !== 'string' || token.length !== TOKEN_LENGTH) return null;
    const bytes = Buffer.from(token, 'base64url');
    if (bytes.length !== TOKEN_BYTES || bytes.toString('base64url') !== token) return null;
    const content = bytes.subarray(0, CONTENT_BYTES);
    if (!timingSafeEqual(bytes.subarray(CONTENT_BYTES), this.mac(content))) return null;
    const sessionId = uuidText(content.subarray(0, SESSION_BYTES));
    return { sessionId, generation: content.readUInt32BE(SESSION_BYTES) };
  }

  private mac(content: Buffer): Buffer {
    return createHmac('sha256', this.key).update(content).digest();
  }
}
