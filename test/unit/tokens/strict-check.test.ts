import { createPublicKey, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { JwtService } from '@nestjs/jwt';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TokenKey } from '../../../src/config/keys/token-key.js';
import type { BearerTokens } from '../../../src/tokens/bearer-tokens.js';
import { KeyRing, keysInOrder } from '../../../src/tokens/key-ring.js';
import { verifySignedBytes } from '../../../src/tokens/token-signature.js';
import { TokenInvalid } from '../../../src/tokens/tokens.errors.js';
import {
  AUDIENCE,
  FrozenClock,
  LEEWAY_SECONDS,
  makeKey,
  NOW_SECONDS,
  SUBJECT,
  tokensWith,
  TTL_SECONDS,
} from '../../support/bearer-tokens.fixture.js';
import {
  decodeToken,
  encodePart,
  forgeAccessToken,
  forgeToken,
  type Part,
  signBytes,
} from '../../support/forge.js';

const P256_ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');

let key: TokenKey;
let other: TokenKey;
let tokens: BearerTokens;
let good: string;
let header: Record<string, unknown>;
let payload: Record<string, unknown>;

beforeAll(async () => {
  [key, other] = [await makeKey(), await makeKey()];
  tokens = tokensWith([key, await makeKey('RS256')]);
  good = tokens.issue(SUBJECT).token;
  ({ header, payload } = decodeToken(good));
});

/** The reason is for the log; clients get one answer for all of them. */
function refusal(token: unknown, by = tokens): TokenInvalid {
  try {
    by.verify(token);
  } catch (error) {
    expect(error).toBeInstanceOf(TokenInvalid);
    return error as TokenInvalid;
  }
  throw new Error('The token was accepted.');
}

function expectRefused(token: unknown): void {
  const { status, code, message, headers } = refusal(token);
  expect({ status, code, message, headers }).toEqual({
    status: 401,
    code: 'token_invalid',
    message: 'The bearer token is not valid.',
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  });
  // The control: the same claims signed again unchanged.
  expect(tokens.verify(forgeAccessToken(key, payload)).jti).toBe(payload.jti);
}

/** Steps 1 to 5 alone refuse it, before any signature is computed. */
function expectRefusedUnsigned(token: unknown): void {
  expectRefused(token);
  expect(() => tokens.verificationKey(token)).toThrow(TokenInvalid);
}

/** Signed by our key, whatever the header says. */
const withHeader = (part: Part): string =>
  forgeToken({ header: part, payload, key: key.signingKey, algorithm: 'ES256' });
const withClaims = (part: Part): string => forgeAccessToken(key, part);
const without = (claims: Record<string, unknown>, name: string) =>
  Object.fromEntries(Object.entries(claims).filter(([other]) => other !== name));
const withSignature = (signature: Buffer | string): string =>
  `${good.slice(0, good.lastIndexOf('.'))}.${typeof signature === 'string' ? signature : signature.toString('base64url')}`;

/** The best of a few runs: what the work costs, not what the machine was busy with. */
function bestMs(work: () => unknown): number {
  const times = [1, 2, 3, 4, 5].map(() => {
    const started = performance.now();
    work();
    return performance.now() - started;
  });
  return Math.min(...times);
}

describe('the signature', () => {
  it('JWT-01: alg none', () => {
    for (const alg of ['none', 'None', 'NONE']) {
      expectRefused(forgeToken({ header: { ...header, alg }, payload }));
      expectRefused(`${forgeToken({ header: { ...header, alg }, payload })}${good.split('.')[2]}`);
    }
  });

  it('JWT-03: HS256 keyed with our public key in every form', () => {
    const publicKey = key.verificationKey;
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const forms: Buffer[] = [
      Buffer.from(pem), Buffer.from(pem.trim()), Buffer.from(` ${pem} `), Buffer.from(pem.replace(/\n/g, '\r\n')),
      publicKey.export({ type: 'spki', format: 'der' }),
      Buffer.from(JSON.stringify(publicKey.export({ format: 'jwk' }))),
    ]; // prettier-ignore
    for (const form of forms)
      expectRefused(forgeToken({ header: { ...header, alg: 'HS256' }, payload, key: form }));
  });

  it('JWT-06: an empty signature, r = s = 0, r = s = n, DER instead of the raw form', () => {
    expectRefused(withSignature(''));
    expectRefused(withSignature(Buffer.alloc(64)));
    expectRefused(withSignature(Buffer.concat([P256_ORDER, P256_ORDER])));
    expectRefused(withSignature(Buffer.alloc(64, 0xff)));
    expectRefused(withSignature(derOf(decodeToken(good).signature)));
    expectRefused(withSignature(decodeToken(good).signature.subarray(0, 63)));
    expectRefused(withSignature(Buffer.concat([decodeToken(good).signature, Buffer.alloc(1)])));
  });

  it('JWT-27: the signature of one token on the payload of another', () => {
    const another = tokens.issue({ ...SUBJECT, userId: 'somebody else' }).token.split('.');
    const [head, , signature] = good.split('.');
    expect(tokens.verify(another.join('.')).sub).toBe('somebody else');
    expectRefused([head, another[1], signature].join('.'));
  });

  it('JWT-28: another key of the same curve under our kid', () => {
    expectRefused(forgeToken({ header, payload, key: other.signingKey }));
  });
});

/** The ASN.1 form of a raw ECDSA signature (RFC 3279, section 2.2.3). */
function derOf(raw: Buffer): Buffer {
  const integers = [raw.subarray(0, 32), raw.subarray(32)].map((number) => {
    const bytes = Buffer.concat([Buffer.alloc(1), number]);
    return Buffer.concat([Buffer.from([2, bytes.length]), bytes]);
  });
  const body = Buffer.concat(integers);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

describe('the header', () => {
  it('JWT-05: alg of a wrong kind', () => {
    for (const alg of [
      undefined,
      null,
      7,
      ['ES256'],
      { a: 1 },
      'x'.repeat(10_000),
      'es256',
      'ES256 ',
      '',
      'ES384',
      'RS256',
    ]) {
      expectRefusedUnsigned(withHeader({ ...header, alg }));
    }
  });

  it('JWT-07: a key of the attacker in the header', () => {
    const jwk = other.verificationKey.export({ format: 'jwk' });
    const attacks = [
      { ...header, jwk },
      { ...header, jwk, kid: other.kid },
      { alg: 'ES256', typ: 'at+jwt', jwk },
    ];
    for (const attack of attacks)
      expectRefusedUnsigned(forgeToken({ header: attack, payload, key: other.signingKey }));
  });

  it('JWT-09: x5u, x5c, x5t, jku', () => {
    for (const name of ['x5u', 'x5c', 'x5t', 'x5t#S256', 'jku']) {
      expectRefusedUnsigned(withHeader({ ...header, [name]: 'https://canary.test/x' }));
    }
  });

  it('JWT-10: kid as a path, SQL, NUL, shell', () => {
    const kids = [
      '../../../../dev/null', '/etc/passwd', 'file:///dev/null', "' OR 1=1 --", `${key.kid}'`, '%00', `${key.kid}\0`,
      '$(id)', '`id`', '|id', 'https://canary.test/jwks.json', '__proto__', 'constructor', 'toString', '',
    ]; // prettier-ignore
    for (const kid of kids) {
      expectRefusedUnsigned(withHeader({ ...header, kid }));
      expectRefusedUnsigned(
        forgeToken({ header: { ...header, alg: 'HS256', kid }, payload, key: Buffer.alloc(32) }),
      );
    }
  });

  it('JWT-13: kid missing or of a wrong kind; keys are not tried in turn', () => {
    expectRefusedUnsigned(withHeader(without(header, 'kid')));
    for (const kid of [null, 0, 1, [key.kid], { a: key.kid }, true])
      expectRefusedUnsigned(withHeader({ ...header, kid }));
    expectRefusedUnsigned(withHeader({ ...header, kid: key.kid.slice(0, -1) }));
  });

  it('JWT-14: what is logged of a kid is short and printable', () => {
    const reason = String(
      refusal(withHeader({ ...header, kid: `a\r\nb\x1b[31m\u009b\u2028${'k'.repeat(4000)}` })).cause,
    );
    expect(reason).toMatch(/^[ -~]{1,200}$/);
  });

  it('JWT-16: crit and b64', () => {
    const members = [
      { crit: ['x'], x: 1 },
      { crit: [] },
      { crit: 'exp' },
      { crit: ['exp'] },
      { b64: false },
      { b64: true },
    ];
    for (const member of members) expectRefusedUnsigned(withHeader({ ...header, ...member }));
    expectRefusedUnsigned(withHeader({ ...header, b64: false, crit: ['b64'] }));
  });

  it('JWT-17: JWE, nested JWT, compression, PBES2', () => {
    expectRefusedUnsigned(
      `${encodePart({ alg: 'dir', enc: 'A256GCM' })}..${encodePart('iv')}.${encodePart('text')}.${encodePart('tag')}`,
    );
    for (const member of [{ cty: 'JWT' }, { zip: 'DEF' }, { enc: 'A256GCM' }])
      expectRefusedUnsigned(withHeader({ ...header, ...member }));
    const pbes2 = withHeader({ ...header, alg: 'PBES2-HS256+A128KW', p2s: 'AAAA', p2c: 1e9 });
    expect(bestMs(() => refusal(pbes2))).toBeLessThan(5);
  });

  it('typ must be at+jwt, to the letter', () => {
    for (const typ of [
      undefined,
      null,
      '',
      'JWT',
      'AT+JWT',
      'application/at+jwt',
      'at+jwt ',
      ['at+jwt'],
      'logout+jwt',
    ]) {
      expectRefusedUnsigned(withHeader({ ...header, typ }));
    }
  });

  it('no member twice, no JSON but an object, no broken UTF-8', () => {
    const text = JSON.stringify(header);
    const broken: Part[] = [
      text.replace('{', '{"alg":"ES256",'), text.replace('{', '{"\\u0061lg":"none",'), `\ufeff${text}`, `[${text}]`,
      'null', '"x"', '5', '', text.slice(0, -1), `${text}x`, text.replace(/}$/, ',"__proto__":{}}'),
      Buffer.concat([Buffer.from(text.slice(0, -2)), Buffer.from([0xff]), Buffer.from('"}')]),
    ]; // prettier-ignore
    for (const part of broken) expectRefusedUnsigned(withHeader(part));
    expect(tokens.verify(withHeader(` ${text}\n`)).jti).toBe(payload.jti);
  });
});

describe('the shape', () => {
  it('JWT-18: JSON serialisation', () => {
    const [protectedHeader, body, signature] = good.split('.');
    expectRefusedUnsigned(JSON.stringify({ protected: protectedHeader, payload: body, signature }));
    expectRefusedUnsigned(
      JSON.stringify({ payload: body, signatures: [{ protected: protectedHeader, signature }] }),
    );
  });

  it('JWT-20: 1, 2, 4, 6 parts; dots and blanks around', () => {
    const [one, two, three] = good.split('.');
    const shapes = [
      one,
      `${one}.${two}`,
      `${good}.${three}`,
      `${good}.${good}`,
      `.${good}`,
      `${good}.`,
      '..',
      '.',
      '',
    ];
    for (const shape of shapes) expectRefusedUnsigned(shape);
    for (const text of [
      ` ${good}`,
      `${good} `,
      `${good}\n`,
      `"${good}"`,
      `${one}..${three}`,
      `.${two}.${three}`,
    ]) {
      expectRefusedUnsigned(text);
    }
  });

  it('only the canonical base64url text of each part', () => {
    const parts = good.split('.');
    for (const at of [0, 1, 2]) {
      const part = parts[at] ?? '';
      const variants = [
        `${part}=`,
        `${part}==`,
        `${part.slice(0, 4)} ${part.slice(4)}`,
        `${part}?`,
        `${part}%3D`,
        `${part}é`,
      ];
      for (const variant of variants) expectRefusedUnsigned(parts.with(at, variant).join('.'));
      // This one may be the canonical text of other bytes.
      expectRefused(parts.with(at, `${part}A`).join('.'));
    }
    // The last character of a 64-byte signature has four bits that a lenient decoder ignores.
    const signed = parts[2] ?? '';
    const twin = signed.slice(0, -1) + String.fromCharCode(signed.charCodeAt(signed.length - 1) + 1);
    expect(Buffer.from(twin, 'base64url')).toEqual(Buffer.from(signed, 'base64url'));
    expectRefusedUnsigned(parts.with(2, twin).join('.'));
    const classic = `${encodePart(header)}.${Buffer.from(JSON.stringify({ ...payload, pad: '>>>???' })).toString('base64')}`;
    const classicSignature = signBytes(classic, key.signingKey, 'ES256');
    expect(classic).toMatch(/[+/]/);
    expectRefusedUnsigned(`${classic}.${classicSignature.toString('base64url')}`);
  });

  it('no string at all', () => {
    for (const value of [undefined, null, 0, true, {}, [good], Buffer.from(good), new String(good)])
      expectRefusedUnsigned(value);
  });

  it('JWT-25: 8192 bytes are the limit', () => {
    const sized = (length: number): string => {
      const base = withClaims({ ...payload, pad: '' }).length;
      for (let pad = Math.floor(((length - base) * 3) / 4) - 3; ; pad++) {
        const token = withClaims({ ...payload, pad: 'x'.repeat(pad) });
        if (token.length >= length) return token;
      }
    };
    const [fits, exceeds] = [sized(8190), sized(8193)];
    expect(fits.length).toBeLessThanOrEqual(8192);
    expect(tokens.verify(fits).jti).toBe(payload.jti);
    expect(exceeds.length).toBeLessThanOrEqual(8194);
    for (const token of [exceeds, sized(15_000), 'x'.repeat(1_000_000), '.'.repeat(8192)])
      expectRefusedUnsigned(token);
  });

  it('JWT-26: deep and wide payloads are refused by size, or read quickly', () => {
    const deep = (depth: number) =>
      JSON.stringify(payload).replace(/}$/, `,"a":${'['.repeat(depth)}${']'.repeat(depth)}}`);
    const wide = JSON.stringify({
      ...payload,
      ...Object.fromEntries([...Array(100_000).keys()].map((n) => [`k${n}`, 1])),
    });
    for (const text of [deep(10_000), wide]) {
      const token = withClaims(text);
      expect(bestMs(() => refusal(token))).toBeLessThan(50);
    }
    expect(tokens.verify(withClaims(deep(2_000))).jti).toBe(payload.jti);
  });
});

describe('the claims', () => {
  it('JWT-21: a payload that is no object', () => {
    for (const text of ['"admin"', '[1]', 'null', '5', 'hello', 'true', '{', `${JSON.stringify(payload)}x`]) {
      expectRefused(withClaims(text));
    }
    expectRefused(withClaims(`[${JSON.stringify(payload)}]`));
  });

  it('no member twice, at any depth, no broken UTF-8', () => {
    const text = JSON.stringify(payload);
    const broken: Part[] = [
      text.replace('{', '{"sub":"admin",'), text.replace(/}$/, ',"\\u0073ub":"admin"}'),
      text.replace(/}$/, ',"a":[{"b":1,"b":1}]}'), `\ufeff${text}`,
      Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from([0x2c, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d])]),
    ]; // prettier-ignore
    for (const part of broken) expectRefused(withClaims(part));
    const fine = text.replace(/}$/, ',"a":[{"b":"b\\":{"},{"b":"}"}],"b":{"a":{"sub":1}}}');
    expect(tokens.verify(withClaims(fine)).b).toEqual({ a: { sub: 1 } });
  });

  it('JWT-29, JWT-44: one required claim missing at a time', () => {
    const required = ['iss', 'aud', 'sub', 'sid', 'jti', 'client_id', 'iat', 'nbf', 'exp', 'auth_time'];
    expect([...required, 'amr'].sort()).toEqual(Object.keys(payload).sort());
    for (const name of required) {
      expectRefused(withClaims(without(payload, name)));
      for (const value of [null, '', [], {}, true]) expectRefused(withClaims({ ...payload, [name]: value }));
    }
    expect(tokens.verify(withClaims(without(payload, 'amr'))).jti).toBe(payload.jti);
    for (const amr of ['pwd', [1], {}, null]) expectRefused(withClaims({ ...payload, amr }));
  });

  it('times that are no times', () => {
    for (const name of ['iat', 'nbf', 'exp', 'auth_time']) {
      for (const value of ['1e400', '-1', `"${NOW_SECONDS}"`, `${NOW_SECONDS}.5`, '1e17', '-1e400']) {
        const text = JSON.stringify({ ...payload, [name]: '@' }).replace('"@"', value);
        expectRefused(withClaims(text));
      }
    }
  });

  it('JWT-32: nbf or iat beyond the leeway', () => {
    for (const name of ['nbf', 'iat']) {
      const at = NOW_SECONDS + LEEWAY_SECONDS;
      expect(tokens.verify(withClaims({ ...payload, [name]: at })).jti).toBe(payload.jti);
      expectRefused(withClaims({ ...payload, [name]: at + 1 }));
    }
    const lateAndFuture = { ...payload, nbf: NOW_SECONDS + 9e9, iat: 0, exp: 60 };
    expectRefused(withClaims(lateAndFuture));
  });

  it('JWT-33: exp - iat above the TTL, or not above zero', () => {
    for (const lifetime of [TTL_SECONDS + 1, 1e9, 0, -1]) {
      expectRefused(withClaims({ ...payload, exp: NOW_SECONDS + lifetime }));
    }
    expect(tokens.verify(withClaims({ ...payload, exp: NOW_SECONDS + 1 })).jti).toBe(payload.jti);
  });

  it('JWT-35: aud', () => {
    const wrong = [
      'https://other.test', [], [''], AUDIENCE.slice(0, -1), `${AUDIENCE}/`, `${AUDIENCE}.evil`, { 0: AUDIENCE }, [[AUDIENCE]],
      [AUDIENCE, 1], AUDIENCE.toUpperCase(), ` ${AUDIENCE}`, [`${AUDIENCE}/`],
    ]; // prettier-ignore
    for (const aud of wrong) expectRefused(withClaims({ ...payload, aud }));
    for (const aud of [[AUDIENCE], ['https://other.test', AUDIENCE]]) {
      expect(tokens.verify(withClaims({ ...payload, aud })).aud).toEqual(aud);
    }
  });

  it('BT-15: iss, to the letter', () => {
    for (const iss of [
      'https://auth.test/',
      'https://AUTH.test',
      ['https://auth.test'],
      'https://auth.test.evil',
    ]) {
      expectRefused(withClaims({ ...payload, iss }));
    }
  });

  it('what is late and wrong in something else is invalid, not expired', async () => {
    const clock = new FrozenClock();
    clock.seconds = NOW_SECONDS + 1e6;
    const later = tokensWith([key], clock);
    const forged = forgeToken({ header, payload, key: other.signingKey });
    const wrongType = withHeader({ ...header, typ: 'JWT' });
    const wrongs = [
      forged,
      wrongType,
      withClaims({ ...payload, iss: 'x' }),
      withClaims({ ...payload, aud: 'x' }),
      `${good}=`,
    ];
    for (const token of wrongs) refusal(token, later);
  });
});

describe('a ring with secrets', () => {
  let secret: KeyObject;
  const ring = async (): Promise<[BearerTokens, TokenKey]> => {
    secret = createSecretKey(randomBytes(64));
    const hmac = { algorithm: 'HS512' as const, kid: 'hmac', signingKey: secret, verificationKey: secret };
    return [tokensWith([hmac, key]), hmac];
  };

  it('JWT-03, JWT-05: each key verifies its own algorithm only', async () => {
    const [mixed, hmac] = await ring();
    for (const each of [hmac, key])
      expect(mixed.verify(forgeAccessToken(each, payload)).jti).toBe(payload.jti);
    const hs = (alg: string) => forgeToken({ header: { ...header, kid: 'hmac', alg }, payload, key: secret });
    for (const alg of ['HS256', 'HS384']) refusal(hs(alg), mixed);
    const spki = createPublicKey(key.signingKey).export({ type: 'spki', format: 'der' });
    refusal(forgeToken({ header: { ...header, kid: 'hmac', alg: 'HS512' }, payload, key: spki }), mixed);
    refusal(forgeToken({ header: { ...header, kid: 'hmac' }, payload, key: key.signingKey }), mixed);
  });

  it('JWT-06: an empty or shortened MAC', async () => {
    const [mixed, hmac] = await ring();
    const input = `${encodePart({ alg: 'HS512', kid: 'hmac', typ: 'at+jwt' })}.${encodePart(payload)}`;
    const mac = signBytes(input, hmac.signingKey, 'HS512');
    expect(mixed.verify(`${input}.${mac.toString('base64url')}`).jti).toBe(payload.jti);
    for (const cut of [0, 1, 32, 63])
      refusal(`${input}.${mac.subarray(0, cut).toString('base64url')}`, mixed);
  });
});

describe('the signature layer alone', () => {
  it('takes any payload and any typ, and is as strict in everything else', () => {
    const jwt = new JwtService({});
    const ring = new KeyRing(keysInOrder([key]), new FrozenClock());
    const signed = (head: object, body: Part = 'any bytes') =>
      forgeToken({ header: head, payload: body, key: key.signingKey, algorithm: 'ES256' });
    const { algorithm: alg, kid } = key;
    for (const head of [
      { alg, kid },
      { alg, kid, typ: 'JWS' },
    ]) {
      expect(verifySignedBytes(signed(head), ring, jwt).toString()).toBe('any bytes');
    }
    const wrong = [
      { alg, kid, typ: ['x'] },
      { alg, kid, crit: [] },
      { alg },
      { kid },
      { alg: 'RS256', kid },
      { alg, kid: 'x' },
    ];
    for (const head of wrong) expect(() => verifySignedBytes(signed(head), ring, jwt)).toThrow(TokenInvalid);
    const forged = forgeToken({
      header: { alg, kid },
      payload: 'any bytes',
      key: other.signingKey,
      algorithm: 'ES256',
    });
    expect(() => verifySignedBytes(forged, ring, jwt)).toThrow(TokenInvalid);
  });
});
