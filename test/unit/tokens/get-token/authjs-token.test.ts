import { encode as encodeV5 } from '@auth/core/jwt';
import { base64url, decodeProtectedHeader, EncryptJWT } from 'jose';
import { encode as encodeV4 } from 'next-auth/jwt';
import { hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeAuthjsToken } from '../../../../src/tokens/get-token/authjs-token.js';

const SECRET = 'the-newest-secret-of-the-frontend-0001';
const OLD_SECRET = 'the-secret-before-that-one-0000000002';
const SALT = 'authjs.session-token';
const token = { sub: '42', name: 'Łukasz 🦊' };

const v5 = (overrides: Partial<Parameters<typeof encodeV5>[0]> = {}) =>
  encodeV5({ token, secret: SECRET, salt: SALT, ...overrides });
const v4 = (overrides: Partial<Parameters<typeof encodeV4>[0]> = {}) =>
  encodeV4({ token, secret: SECRET, ...overrides });

/** A token as Auth.js derives its keys, with a header or claims that Auth.js itself never writes. */
function sealed(header: Record<string, unknown>, claims: Record<string, unknown> = { exp: inSeconds(60) }) {
  const info = `Auth.js Generated Encryption Key (${SALT})`;
  const key = new Uint8Array(hkdfSync('sha256', SECRET, SALT, info, header.enc === 'A256GCM' ? 32 : 64));
  return new EncryptJWT({ ...token, ...claims })
    .setProtectedHeader({ alg: 'dir', enc: 'A256CBC-HS512', ...header })
    .encrypt(key);
}

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

describe('decodeAuthjsToken', () => {
  it('reads what @auth/core issues', async () => {
    expect(await decodeAuthjsToken(await v5(), [SECRET], SALT)).toMatchObject(token);
  });

  it('reads what next-auth 4 issues, whatever the cookie is named', async () => {
    for (const salt of ['next-auth.session-token', '__Secure-next-auth.session-token', 'mine']) {
      expect(await decodeAuthjsToken(await v4(), [SECRET], salt)).toMatchObject(token);
    }
  });

  it('reads what next-auth 4 issues with a salt', async () => {
    expect(await decodeAuthjsToken(await v4({ salt: 'pepper' }), [SECRET], 'pepper')).toMatchObject(token);
    await expect(decodeAuthjsToken(await v4({ salt: 'pepper' }), [SECRET], 'other')).rejects.toThrow();
  });

  it('reads the A256GCM of Auth.js, with and without a kid', async () => {
    expect(await decodeAuthjsToken(await sealed({ enc: 'A256GCM' }), [SECRET], SALT)).toMatchObject(token);
    expect(await decodeAuthjsToken(await sealed({}), [OLD_SECRET, SECRET], SALT)).toMatchObject(token);
  });

  it('finds the secret by kid, and for next-auth 4 by trying', async () => {
    for (const issued of [await v5({ secret: OLD_SECRET }), await v4({ secret: OLD_SECRET })]) {
      expect(await decodeAuthjsToken(issued, [SECRET, OLD_SECRET], SALT)).toMatchObject(token);
    }
  });

  it('signs nobody in after the old secret has gone', async () => {
    for (const issued of [await v5({ secret: OLD_SECRET }), await v4({ secret: OLD_SECRET })]) {
      await expect(decodeAuthjsToken(issued, [SECRET], SALT)).rejects.toThrow();
    }
  });

  it('refuses a v5 token of another cookie name', async () => {
    await expect(decodeAuthjsToken(await v5(), [SECRET], `__Secure-${SALT}`)).rejects.toThrow();
  });

  it('refuses a kid that names no secret, even where the key would fit', async () => {
    for (const kid of ['other', '../../etc/passwd', '']) {
      await expect(decodeAuthjsToken(await sealed({ kid }), [SECRET], SALT)).rejects.toThrow();
    }
  });

  it('tolerates 15 seconds after the expiry, not more', async () => {
    for (const issue of [v5, v4]) {
      expect(await decodeAuthjsToken(await issue({ maxAge: -10 }), [SECRET], SALT)).toMatchObject(token);
      await expect(decodeAuthjsToken(await issue({ maxAge: -17 }), [SECRET], SALT)).rejects.toThrow(/exp/);
    }
  });

  it('requires an expiry', async () => {
    await expect(decodeAuthjsToken(await sealed({}, {}), [SECRET], SALT)).rejects.toThrow(/exp/);
  });

  it('refuses a token changed in any of its five parts', async () => {
    for (const issued of [await v5(), await v4()]) {
      for (const part of [0, 2, 3, 4]) {
        await expect(decodeAuthjsToken(tampered(issued, part), [SECRET], SALT)).rejects.toThrow();
      }
      const [head, , ...rest] = issued.split('.');
      await expect(decodeAuthjsToken([head, 'AAAA', ...rest].join('.'), [SECRET], SALT)).rejects.toThrow();
    }
  });

  it('JWT-17 refuses zip, other key management and other encryption', async () => {
    await expect(decodeAuthjsToken(await sealed({ zip: 'DEF' }), [SECRET], SALT)).rejects.toThrow(/compress/);
    const issued = await v5();
    for (const header of [
      { ...decodeProtectedHeader(issued), alg: 'PBES2-HS256+A128KW', p2c: 1e9, p2s: 'AAAA' },
      { ...decodeProtectedHeader(issued), enc: 'A128GCM' },
      { ...decodeProtectedHeader(issued), enc: 'constructor' },
      { ...decodeProtectedHeader(issued), crit: ['x'], x: 1 },
    ]) {
      const forged = [base64url.encode(JSON.stringify(header)), ...issued.split('.').slice(1)].join('.');
      await expect(decodeAuthjsToken(forged, [SECRET], SALT)).rejects.toThrow();
    }
  });

  it('refuses more than 64 KiB and what is no token', async () => {
    const large = await v5({ token: { pad: 'x'.repeat(64 * 1024) } });
    await expect(decodeAuthjsToken(large, [SECRET], SALT)).rejects.toThrow(/too long/);
    for (const junk of ['', '.', '....', 'a.b.c.d.e', 'null', '💥', '{}']) {
      await expect(decodeAuthjsToken(junk, [SECRET], SALT)).rejects.toThrow();
    }
  });

  it('never quotes the token in its error', async () => {
    const issued = await v5({ secret: OLD_SECRET });
    const error = await decodeAuthjsToken(issued, [SECRET], SALT).catch(String);
    expect(error).not.toContain(issued.slice(0, 20));
  });
});

/** The first character of a part is always significant, unlike the last one of base64url. */
function tampered(issued: string, part: number): string {
  const parts = issued.split('.');
  const old = parts[part] ?? '';
  parts[part] = (old.startsWith('A') ? 'B' : 'A') + old.slice(1);
  return parts.join('.');
}
