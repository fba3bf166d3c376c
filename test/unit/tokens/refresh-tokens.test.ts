import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AppConfig } from '../../../src/config/app-config.js';
import { RefreshTokens } from '../../../src/tokens/refresh-tokens.js';
import { makeKey, SUBJECT, tokensWith } from '../../support/bearer-tokens.fixture.js';

const make = (appKey = randomBytes(32)) => new RefreshTokens({ appKey } as AppConfig);
const tokens = make();
const sessionId = SUBJECT.sessionId;
const good = tokens.issue(sessionId, 7);
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('refresh tokens', () => {
  it('name a session and a generation, the same text every time, fit for a URL', () => {
    expect(tokens.read(good)).toEqual({ sessionId, generation: 7 });
    expect(tokens.issue(sessionId, 7)).toBe(good);
    expect(tokens.issue(sessionId.toUpperCase(), 7)).toBe(good);
    expect(good).toMatch(/^[\w-]{70}$/);
    expect(tokens.issue(sessionId, 8)).not.toBe(good);
    expect(tokens.read(tokens.issue(sessionId, 0xffff_ffff))?.generation).toBe(0xffff_ffff);
  });

  it('refuse to be issued for what is no session', () => {
    expect(() => tokens.issue('nobody', 1)).toThrow();
    expect(() => tokens.issue(sessionId, -1)).toThrow();
    expect(() => tokens.issue(sessionId, 2 ** 32)).toThrow();
  });

  it('RFR-15: a changed character, anywhere, is refused', () => {
    for (let at = 0; at < good.length; at++) {
      for (const letter of ALPHABET) {
        if (letter === good[at]) continue;
        expect(tokens.read(good.slice(0, at) + letter + good.slice(at + 1))).toBeNull();
      }
    }
  });

  it('RFR-15: cut, longer, decorated and re-encoded ones are refused', () => {
    for (let length = 0; length < good.length; length++)
      expect(tokens.read(good.slice(0, length))).toBeNull();
    const bytes = Buffer.from(good, 'base64url');
    const variants = [
      `${good}A`, `${good}=`, `${good}==`, ` ${good}`, `${good}\n`, `${good.slice(0, 35)} ${good.slice(35)}`,
      bytes.toString('base64'), bytes.toString('hex'), encodeURIComponent(`${good}=`), good.toLowerCase(), 'A'.repeat(70),
      'é'.repeat(70), 'A'.repeat(1_000_000),
    ]; // prettier-ignore
    for (const variant of variants) expect(tokens.read(variant)).toBeNull();
  });

  it('RFR-15: a MAC by another key, or with another hash, is refused', () => {
    expect(tokens.read(make().issue(sessionId, 7))).toBeNull();
    const content = Buffer.from(good, 'base64url').subarray(0, 20);
    const mac = createHmac('sha256', 'guess').update(content).digest();
    expect(tokens.read(Buffer.concat([content, mac]).toString('base64url'))).toBeNull();
    expect(tokens.read(Buffer.concat([content, Buffer.alloc(32)]).toString('base64url'))).toBeNull();
  });

  it('RFR-15: other types and access tokens are refused, without an error', async () => {
    const accessToken = tokensWith([await makeKey()]).issue(SUBJECT).token;
    const others = [
      undefined,
      null,
      0,
      7,
      true,
      {},
      [],
      [good],
      { token: good },
      new String(good),
      Symbol('x'),
      '',
      'null',
    ];
    for (const other of [...others, accessToken]) expect(tokens.read(other)).toBeNull();
  });
});
