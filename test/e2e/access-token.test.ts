import { createServer, type Server } from 'node:http';
import { randomBytes } from 'node:crypto';
import { Controller, Get, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { AuthModule } from '../../src/auth/auth.module.js';
import { CurrentUser } from '../../src/guard/principal.js';
import { JwtAuthGuard } from '../../src/guard/jwt-auth.guard.js';
import { parseBearerTokenKeys } from '../../src/config/keys/bearer-token-key.js';
import type { TokenKey } from '../../src/config/keys/token-key.js';
import { RegistrationModule } from '../../src/registration/registration.module.js';
import { KeyRing } from '../../src/tokens/key-ring.js';
import { User } from '../../src/users/user.entity.js';
import { startApp, type TestApp } from '../support/app.js';
import { makeKey } from '../support/bearer-tokens.fixture.js';
import { type Answer, Client, PASSWORD, type RequestOptions, someEmail } from '../support/client.js';
import {
  decodeToken,
  encodePart,
  forgeAccessToken,
  forgeToken,
  type Part,
  signBytes,
} from '../support/forge.js';
import { type HostApp, startHost } from '../support/host-app.js';
import { LogRecorder } from '../support/log-recorder.js';

type Claims = Record<string, unknown>;

const TTL_SECONDS = 3600;
const LEEWAY_SECONDS = 60;
const P256_ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');

const pemOf = ({ signingKey }: TokenKey): string =>
  signingKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const without = (object: Claims, name: string): Claims =>
  Object.fromEntries(Object.entries(object).filter(([other]) => other !== name));

describe('the access token at GET /api/user', () => {
  let target: TestApp;
  let client: Client;
  let controlled: boolean;
  /** The one that signs; an older EC key and a secret verify. */
  let key: TokenKey;
  let older: TokenKey;
  let secret: TokenKey;
  let good: string;
  let header: Claims;
  let payload: Claims;

  beforeAll(async () => {
    const keys = [await makeKey(), await makeKey()].map(pemOf);
    const text = [...keys, `HS256:${randomBytes(48).toString('base64')}`].join('\n');
    target = await startApp({ BEARER_TOKEN_KEY: text });
    [key, older, secret] = parseBearerTokenKeys(text, undefined).keys as [TokenKey, TokenKey, TokenKey];
    client = new Client(target);
    ({ token: good } = await client.register());
    ({ header, payload } = decodeToken(good));
  });
  afterAll(() => target.close());
  beforeEach(() => {
    controlled = false;
  });
  afterEach(() => {
    target.clock.reset();
    vi.restoreAllMocks();
  });

  const ask = (token: string, options: RequestOptions = {}): Promise<Answer> =>
    client.get('/api/user', { token, ...options });

  /** R401; once in each case with the control beside it: the same claims signed again unchanged. */
  async function expectRefused(token: string): Promise<void> {
    const { status, headers, body } = await ask(token);
    expect({ status, challenge: headers.get('www-authenticate'), body }).toEqual({
      status: 401,
      challenge: 'Bearer error="invalid_token"',
      body: {
        type: 'urn:tokenhouse:error:token_invalid',
        title: 'Unauthorized',
        status: 401,
        detail: 'The bearer token is not valid.',
        instance: '/api/user',
        code: 'token_invalid',
        requestId: expect.any(String),
        statusCode: 401,
        message: 'The bearer token is not valid.',
      },
    });
    if (!controlled) expect((await ask(forgeAccessToken(key, payload))).status).toBe(200);
    controlled = true;
  }

  const withHeader = (part: Part): string =>
    forgeToken({ header: part, payload, key: key.signingKey, algorithm: 'ES256' });
  const withClaims = (part: Part): string => forgeAccessToken(key, part);
  const withSignature = (signature: Buffer): string =>
    `${good.slice(0, good.lastIndexOf('.'))}.${signature.toString('base64url')}`;

  it('BT-02: says what the contract lists, and no more', async () => {
    const { token, user, expiresIn } = await client.register({
      firstName: 'Ada',
      username: `u${Date.now()}`,
    });
    const { header: head, payload: claims } = decodeToken(token);
    expect(head).toEqual({ alg: 'ES256', kid: key.kid, typ: 'at+jwt' });
    expect(claims).toEqual({
      iss: 'http://localhost:3000',
      aud: 'http://localhost:3000',
      sub: user.id,
      sid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      client_id: 'tokenhouse',
      jti: expect.any(String),
      iat: expect.any(Number),
      nbf: claims.iat,
      exp: Number(claims.iat) + TTL_SECONDS,
      auth_time: expect.any(Number),
      amr: ['pwd'],
    });
    expect(expiresIn).toBe(TTL_SECONDS);
    expect(JSON.stringify(claims)).not.toContain(user.email);
  });

  it('BT-03: never outlives its session', async () => {
    const { user } = await client.register();
    const { refreshToken, token } = (await client.login(user.email)).body;
    const end =
      "UPDATE sessions SET expires_at = now() + interval '90 s', idle_expires_at = now() + interval '90 s' WHERE id = $1";
    await target.database.query(end, [decodeToken(token).payload.sid]);
    const { body } = await client.post('/api/auth/refresh', { refreshToken });
    expect(body.expiresIn).toBeGreaterThan(60);
    expect(body.expiresIn).toBeLessThanOrEqual(90);
    const { iat, exp } = decodeToken(body.token).payload;
    expect(Number(exp) - Number(iat)).toBe(body.expiresIn);
  });

  it('JWT-01: alg none', async () => {
    for (const alg of ['none', 'None', 'nOnE']) {
      await expectRefused(forgeToken({ header: { ...header, alg }, payload }));
      await expectRefused(forgeToken({ header: { ...header, alg }, payload }) + good.split('.')[2]);
    }
  });

  it('JWT-03: HS256 keyed with our public key in any form', async () => {
    const publicKey = key.verificationKey;
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const jwks = await client.get('/.well-known/jwks.json');
    const forms = [pem, pem.trim(), ` ${pem} `, JSON.stringify(jwks.body.keys[0])].map((text) =>
      Buffer.from(text),
    );
    forms.push(publicKey.export({ type: 'spki', format: 'der' }));
    for (const form of forms) {
      await expectRefused(forgeToken({ header: { ...header, alg: 'HS256' }, payload, key: form }));
      await expectRefused(
        forgeToken({ header: { ...header, alg: 'HS256', kid: secret.kid }, payload, key: form }),
      );
    }
  });

  it('JWT-05, BT-05, BT-16: alg is another, or no string', async () => {
    const values = [
      null,
      5,
      ['ES256'],
      { a: 'ES256' },
      true,
      'x'.repeat(5000),
      'es256',
      'ES384',
      'RS256',
      'HS256',
      '',
    ];
    for (const alg of values) await expectRefused(withHeader({ ...header, alg }));
    await expectRefused(withHeader(without(header, 'alg')));
  });

  it('JWT-05: a key of the ring is good for its own algorithm only', async () => {
    const { signingKey: hmacKey, kid } = secret;
    await expectRefused(
      forgeToken({ header: { alg: 'HS256', kid: key.kid, typ: 'at+jwt' }, payload, key: hmacKey }),
    );
    await expectRefused(withHeader({ ...header, kid }));
    await expectRefused(forgeAccessToken(older, payload, { kid: key.kid }));
    for (const one of [older, secret]) expect((await ask(forgeAccessToken(one, payload))).status).toBe(200);
  });

  it('JWT-06: an empty signature, r = s = 0, r = s = n, DER', async () => {
    const { signature } = decodeToken(good);
    await expectRefused(`${good.slice(0, good.lastIndexOf('.'))}.`);
    await expectRefused(withSignature(Buffer.alloc(64)));
    await expectRefused(withSignature(Buffer.concat([P256_ORDER, P256_ORDER])));
    await expectRefused(withSignature(signature.subarray(0, 63)));
    const integer = (bytes: Buffer): Buffer => {
      const value = bytes[0]! & 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
      return Buffer.concat([Buffer.from([2, value.length]), value]);
    };
    const body = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))]);
    await expectRefused(withSignature(Buffer.concat([Buffer.from([0x30, body.length]), body])));
  });

  it('JWT-07, JWT-08, JWT-09: a key, or where to fetch one, in the header', async () => {
    const attacker = await makeKey();
    const canary = await startCanary();
    const jwk = attacker.verificationKey.export({ format: 'jwk' });
    const at = [
      canary.url,
      `${canary.url}/jwks.json`,
      `//${canary.host}/k`,
      `http://localhost:3000@${canary.host}/k`,
    ];
    const members: Claims[] = [{ jwk }, ...at.flatMap((url) => [{ jku: url }, { x5u: url }])];
    members.push({
      x5c: [attacker.verificationKey.export({ type: 'spki', format: 'der' }).toString('base64')],
    });
    members.push({ x5t: 'thumb' }, { 'x5t#S256': 'thumb' });
    for (const member of members) {
      await expectRefused(forgeAccessToken(attacker, payload, { ...member, kid: key.kid }));
      await expectRefused(forgeAccessToken(attacker, payload, member));
      await expectRefused(forgeAccessToken(key, payload, member));
    }
    expect(canary.seen()).toBe(0);
    await canary.close();
  });

  it('JWT-10, JWT-13, BT-05: a kid that is not ours is a name, never a path, SQL or a command', async () => {
    const kids = [
      '../../../../dev/null', '/dev/null', "' OR '1'='1", "x' UNION SELECT 'a'--", '%00', 'a\0b', '|sleep 5',
      '$(id)', 'http://127.0.0.1/k', '', '0', '__proto__', 'constructor', 'toString', key.kid.toLowerCase(), `${key.kid} `,
    ]; // prettier-ignore
    for (const kid of kids) {
      await expectRefused(withHeader({ ...header, kid }));
      await expectRefused(
        forgeToken({ header: { ...header, alg: 'HS256', kid }, payload, key: Buffer.alloc(1) }),
      );
    }
    for (const kid of [null, 7, [key.kid], { kid: key.kid }, true])
      await expectRefused(withHeader({ ...header, kid }));
    await expectRefused(withHeader(without(header, 'kid')));
  });

  it('JWT-14: whatever a kid holds, the log has one short line for it', async () => {
    for (const kid of [
      'canary-kid\r\n[ERROR] forged line',
      'canary-kid\u001b[31mred\u001b[0m',
      `canary-kid${'k'.repeat(4000)}`,
    ]) {
      const log = LogRecorder.of(target);
      await ask(withHeader({ ...header, kid }));
      const lines = log.lines.filter((line) => line.includes('canary-kid'));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/^[ -~]+$/);
      expect(lines[0]?.length).toBeLessThan(400);
      expect(lines[0]).toContain('requestId');
      expect(lines[0]).not.toContain('at ');
    }
  });

  it('JWT-16: crit and b64', async () => {
    for (const crit of [['x'], [], 'exp', ['exp'], null])
      await expectRefused(withHeader({ ...header, crit }));
    await expectRefused(withHeader({ ...header, b64: false, crit: ['b64'] }));
    await expectRefused(withHeader({ ...header, b64: false }));
    const unencoded = `${encodePart(header)}.${JSON.stringify(payload).replace(/[^\w]/g, '')}`;
    await expectRefused(
      `${unencoded}.${signBytes(unencoded, key.signingKey, 'ES256').toString('base64url')}`,
    );
  });

  it('JWT-17, JWT-18: other kinds of token', async () => {
    const pbes2 = { alg: 'PBES2-HS256+A128KW', enc: 'A128CBC-HS256', p2c: 1e9, p2s: 'c2FsdHNhbHQ' };
    const started = performance.now();
    await expectRefused([pbes2, 'a', 'b', 'c', 'd'].map(encodePart).join('.'));
    expect(performance.now() - started).toBeLessThan(1000);
    for (const extra of [{ cty: 'JWT' }, { zip: 'DEF' }, { enc: 'A256GCM' }])
      await expectRefused(withHeader({ ...header, ...extra }));
    const [head, body, signature] = good.split('.');
    for (const json of [
      { payload: body, protected: head, signature },
      { payload: body, signatures: [{ protected: head, signature }] },
    ]) {
      await expectRefused(JSON.stringify(json));
    }
  });

  it('JWT-20: too few parts, too many, and dots at the edges', async () => {
    const [head = '', body = '', signature = ''] = good.split('.');
    const shapes = [
      head,
      `${head}.${body}`,
      `${good}.${signature}`,
      `${good}.a.b.c`,
      `.${good}`,
      `${good}.`,
      '...',
      '..',
      'undefined',
      'null',
    ];
    for (const shape of shapes) await expectRefused(shape);
  });

  it('JWT-21: a signed payload that is no object', async () => {
    for (const text of ['"admin"', '[1]', 'null', '5', 'hello', '', '{', `${JSON.stringify(payload)} x`]) {
      await expectRefused(withClaims(text));
    }
    await expectRefused(withClaims(Buffer.from([0x7b, 0xff, 0x7d])));
    await expectRefused(
      withClaims(JSON.stringify(payload).replace('{', `{"sub":"${payload.sub as string}",`)),
    );
  });

  it('JWT-23: claims that reach for a prototype give nobody anything', async () => {
    const poison =
      '{"__proto__":{"polluted":1,"roles":["admin"]},"constructor":{"prototype":{"polluted":1}},';
    const answer = await ask(withClaims(JSON.stringify(payload).replace('{', poison)));
    expect(answer.status).toBe(200);
    expect(answer.body.roles).toEqual([]);
    expect(({} as Claims).polluted).toBeUndefined();
  });

  it('LOG-12: it says what is documented and no more, and no refusal repeats an address', async () => {
    expect(Object.keys(header).sort()).toEqual(['alg', 'kid', 'typ']);
    expect(Object.keys(payload).sort()).toEqual([
      'amr', 'aud', 'auth_time', 'client_id', 'exp', 'iat', 'iss', 'jti', 'nbf', 'sid', 'sub',
    ]); // prettier-ignore
    const { user } = await client.register();
    const refusals = [
      await client.login(user.email, 'wrong horse battery'),
      await client.post('/api/auth/register', { email: user.email, password: PASSWORD }),
      await client.post('/api/auth/password/forgot', {
        email: user.email,
        redirectTo: `https://x.test/${user.email}`,
      }),
      await client.post('/api/auth/register', { email: `${user.email}@`, password: PASSWORD }),
    ];
    for (const { status, body } of refusals) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(JSON.stringify(body)).not.toContain(user.email.slice(0, 12));
    }
  });

  it('JWT-25: 8193 bytes, 15 kB, 1 MB', async () => {
    const length = (size: number): string => {
      const room = size - forgeAccessToken(key, { ...payload, pad: '' }).length;
      const token = forgeAccessToken(key, { ...payload, pad: 'p'.repeat(Math.floor((room * 3) / 4)) });
      return token.length < size ? token : token.slice(0, size);
    };
    expect((await ask(length(8190))).status).toBe(200);
    const tooLong = forgeAccessToken(key, { ...payload, pad: 'p'.repeat(6200) });
    expect(tooLong.length).toBeGreaterThan(8192);
    await expectRefused(tooLong);
    await expectRefused(forgeAccessToken(key, { ...payload, pad: 'p'.repeat(10_500) }));
    const huge = await ask('a'.repeat(1_000_000)).catch(() => null);
    expect(huge?.status ?? 431).toBe(431);
    expect((await ask(good)).status).toBe(200);
  });

  it('JWT-26: a payload of great depth or width is refused by its size', async () => {
    const deep = `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;
    const statuses = [(await ask(withClaims(deep)).catch(() => null))?.status ?? 431];
    await expectRefused(withClaims(`{"a":${'['.repeat(2000)}${']'.repeat(2000)}}`));
    statuses.push(
      (
        await ask(withClaims(Object.fromEntries([...Array(100_000).keys()].map((n) => [n, n])))).catch(
          () => null,
        )
      )?.status ?? 431,
    );
    expect(statuses.every((status) => [401, 431].includes(status))).toBe(true);
  });

  it('JWT-27, JWT-28: the signature of another token, another key under our kid', async () => {
    const stranger = (await client.register()).token as string;
    const [head, body] = good.split('.');
    await expectRefused(`${head}.${body}.${stranger.split('.')[2]}`);
    await expectRefused(
      `${head}.${encodePart({ ...payload, sub: decodeToken(stranger).payload.sub })}.${good.split('.')[2]}`,
    );
    await expectRefused(forgeAccessToken(await makeKey(), payload, { kid: key.kid }));
  });

  it('JWT-29, JWT-44: one required claim missing, or of another type', async () => {
    for (const name of ['iss', 'aud', 'sub', 'sid', 'client_id', 'jti', 'iat', 'nbf', 'exp', 'auth_time']) {
      await expectRefused(withClaims(without(payload, name)));
      for (const value of [null, true, {}, [], ''])
        await expectRefused(withClaims({ ...payload, [name]: value }));
    }
    for (const name of ['iat', 'nbf', 'exp', 'auth_time']) {
      for (const value of [-1, 1.5, String(payload[name])])
        await expectRefused(withClaims({ ...payload, [name]: value }));
      await expectRefused(
        withClaims(
          JSON.stringify(payload).replace(`"${name}":${payload[name] as number}`, `"${name}":1e400`),
        ),
      );
    }
    for (const name of ['sub', 'sid', 'jti', 'client_id'])
      await expectRefused(withClaims({ ...payload, [name]: 7 }));
  });

  it('JWT-30, BT-04: good until exp + leeway, to the second', async () => {
    const exp = Number(payload.exp);
    const at = async (second: number): Promise<[number, unknown]> => {
      vi.spyOn(target.clock, 'nowMs').mockReturnValue(second * 1000);
      const { status, body, headers } = await ask(good);
      if (status === 401) expect(headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
      return [status, body.code];
    };
    expect(await at(exp - 1)).toEqual([200, undefined]);
    expect(await at(exp + LEEWAY_SECONDS - 1)).toEqual([200, undefined]);
    expect(await at(exp + LEEWAY_SECONDS)).toEqual([401, 'token_expired']);
    expect(await at(exp + LEEWAY_SECONDS + 1)).toEqual([401, 'token_expired']);
    expect(await at(exp + 86_400)).toEqual([401, 'token_expired']);
  });

  it('JWT-30: only a genuine token is told that it is late', async () => {
    const late = {
      ...payload,
      iat: Number(payload.iat) - 7200,
      nbf: Number(payload.nbf) - 7200,
      exp: Number(payload.exp) - 7200,
    };
    expect((await ask(forgeAccessToken(key, late))).body.code).toBe('token_expired');
    await expectRefused(forgeAccessToken(await makeKey(), late, { kid: key.kid }));
    await expectRefused(forgeAccessToken(key, { ...late, aud: 'https://elsewhere.test' }));
    await expectRefused(forgeAccessToken(key, late, { typ: 'JWT' }));
  });

  it('JWT-32, BT-04: a clock that is slow accepts a fresh token within the leeway, and not beyond', async () => {
    const iat = Number(payload.iat);
    vi.spyOn(target.clock, 'nowMs').mockReturnValue((iat - 59) * 1000);
    expect((await ask(good)).status).toBe(200);
    target.forget();
    vi.spyOn(target.clock, 'nowMs').mockReturnValue((iat - 61) * 1000);
    expect((await ask(good)).body.code).toBe('token_invalid');
    vi.restoreAllMocks();
    const ahead = target.clock.nowSeconds() + LEEWAY_SECONDS + 30;
    await expectRefused(withClaims({ ...payload, nbf: ahead }));
    await expectRefused(withClaims({ ...payload, iat: ahead, exp: ahead + 60 }));
  });

  it('JWT-33, BT-03: a lifetime above the TTL, or none at all', async () => {
    const iat = Number(payload.iat);
    for (const exp of [iat + TTL_SECONDS + 1, iat + 10 * TTL_SECONDS, iat, iat - 1]) {
      await expectRefused(withClaims({ ...payload, exp }));
    }
  });

  it('JWT-35, BT-15: the audience', async () => {
    const aud = String(payload.aud);
    const others = [
      'https://other.test',
      [],
      `${aud}/`,
      `${aud}.evil.test`,
      aud.slice(0, -1),
      { 0: aud },
      [`${aud}x`],
      [aud, 5],
      aud.toUpperCase(),
    ];
    for (const value of others) await expectRefused(withClaims({ ...payload, aud: value }));
    expect((await ask(withClaims({ ...payload, aud: ['https://other.test', aud] }))).status).toBe(200);
  });

  it('JWT-40, BT-15: the issuer, whatever the Host header says', async () => {
    for (const iss of [
      'https://elsewhere.test',
      'http://localhost:3000/',
      'http://LOCALHOST:3000',
      [payload.iss],
    ]) {
      await expectRefused(withClaims({ ...payload, iss }));
    }
  });

  it('JWT-40: tokens of another deployment', async () => {
    const sharingKeys = { BEARER_TOKEN_KEY: pemOf(key) };
    for (const environment of [
      {},
      { ...sharingKeys, BEARER_TOKEN_ISSUER: 'https://a.test' },
      { ...sharingKeys, BEARER_TOKEN_AUDIENCE: 'https://b.test' },
    ]) {
      const other = await startApp(environment);
      const there = new Client(other);
      const { token } = await there.register();
      expect((await there.get('/api/user', { token })).status).toBe(200);
      await expectRefused(token);
      expect((await there.get('/api/user', { token: good })).body.code).toBe('token_invalid');
      await other.close();
    }
  });

  it('JWT-41: an unexpired token after logout, a changed password, an ended session', async () => {
    const refused = async (token: string): Promise<void> => {
      const { status, body, headers } = await ask(token);
      expect([status, body.code]).toEqual([401, 'session_revoked']);
      expect(headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    };
    const { user, token: first } = await client.register();
    const [second, third] = [
      (await client.login(user.email)).body.token,
      (await client.login(user.email)).body.token,
    ];
    await client.post('/api/auth/logout', undefined, { token: third });
    await refused(third);
    const change = { currentPassword: PASSWORD, newPassword: 'another horse battery' };
    expect((await client.post('/api/user/password', change, { token: second })).status).toBe(204);
    await refused(first);
    expect((await ask(second)).status).toBe(200);
    await client.delete(`/api/user/sessions/${String(decodeToken(second).payload.sid)}`, undefined, {
      token: second,
    });
    await refused(second);
  });

  it('sub and sid that do not belong together are no token of ours; a session that never was is over', async () => {
    const { token } = await client.register();
    const stranger = decodeToken(token).payload;
    await expectRefused(withClaims({ ...payload, sub: stranger.sub }));
    await expectRefused(withClaims({ ...payload, sid: stranger.sid }));
    for (const sid of ['019b7700-0000-7000-8000-000000000001', 'no-uuid', "'; DROP TABLE sessions--"]) {
      expect((await ask(withClaims({ ...payload, sid }))).body.code).toBe('session_revoked');
    }
  });

  it('BT-02: another typ', async () => {
    for (const typ of ['JWT', 'at+JWT', 'application/at+jwt', 'dpop+jwt', '', null, 5])
      await expectRefused(withHeader({ ...header, typ }));
    await expectRefused(withHeader(without(header, 'typ')));
  });

  it('the same bytes have one spelling', async () => {
    const [head = '', body = '', signature = ''] = good.split('.');
    for (const token of [
      `${head}=.${body}.${signature}`,
      `${head}.${body}.${signature}==`,
      `${head}.${body}.${signature.slice(0, -1)}${nextLetter(signature)}`,
    ]) {
      await expectRefused(token);
    }
    for (const member of ['alg', 'kid', 'typ']) {
      const twice = JSON.stringify(header).replace('{', `{"${member}":${JSON.stringify(header[member])},`);
      await expectRefused(withHeader(twice));
    }
  });

  it('JWT-48: a token in the query, the body or a foreign cookie is no token, and in no log', async () => {
    const log = LogRecorder.of(target);
    const places: [string, RequestOptions][] = [
      [`/api/user?access_token=${good}`, {}],
      [`/api/user?token=${good}`, {}],
      ['/api/user', { cookies: { access_token: good, token: good, 'auth.token': good, jwt: good } }],
      ['/api/user', { headers: { 'x-access-token': good, 'proxy-authorization': `Bearer ${good}` } }],
    ];
    for (const [path, options] of places) {
      const { status, body, headers } = await client.get(path, options);
      expect([path.slice(0, 20), status, body.code]).toEqual([path.slice(0, 20), 401, 'token_missing']);
      expect(headers.get('www-authenticate')).toBe('Bearer');
      expect(JSON.stringify(body)).not.toContain(good);
    }
    const inBody = await client.post('/api/user/confirm-password', {
      password: PASSWORD,
      access_token: good,
      token: good,
    });
    expect(inBody.body.code).toBe('token_missing');
    await ask(`${good}x`);
    expect(log.lines.length).toBeGreaterThan(0);
    expect(log.text).not.toContain(good.split('.')[2]);
  });

  it('BT-16: the header, its scheme in any case; other schemes are no way in', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer  ']) {
      expect(
        (await client.get('/api/user', { headers: { authorization: `${scheme} ${good}` } })).status,
      ).toBe(200);
    }
    for (const authorization of [
      'Bearer',
      `Basic ${good}`,
      good,
      `Bearer${good}`,
      `Bearer ${good} ${good}`,
      `Bearer ${good},`,
      `Token ${good}`,
      `Bearer "${good}"`,
    ]) {
      const { body, headers } = await client.get('/api/user', { headers: { authorization } });
      expect([authorization.slice(0, 20), body.code]).toEqual([authorization.slice(0, 20), 'token_invalid']);
      expect(headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    }
  });

  it('JWT-52: one good token a thousand times', async () => {
    const statuses = new Set<number>();
    for (let batch = 0; batch < 20; batch++) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask(good)));
      for (const { status } of answers) statuses.add(status);
    }
    expect([...statuses]).toEqual([200]);
  });

  it('BT-08, BT-09: a check writes nothing, and a refusal leaves no trace but its reason', async () => {
    const rows = (): Promise<unknown> =>
      target.database.query(
        'SELECT s.xmin::text s, u.xmin::text u, (SELECT count(*) FROM sessions) n FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1',
        [payload.sid],
      );
    const before = await rows();
    const log = LogRecorder.of(target);
    for (const token of [
      good,
      'a.b.c',
      forgeAccessToken(await makeKey(), payload, { kid: key.kid }),
      withClaims({ ...payload, aud: 'x' }),
    ]) {
      const { headers } = await ask(token);
      expect(headers.getSetCookie()).toEqual([]);
    }
    expect(await rows()).toEqual(before);
    expect(log.lines).toHaveLength(3);
    for (const line of log.lines) expect(line).not.toMatch(/\bat .*\.[jt]s/);
  });
});

describe("PASSPORT: a host that stays with AuthGuard('jwt')", () => {
  @Controller('guarded')
  class GuardedController {
    @Get('by-passport')
    @UseGuards(AuthGuard('jwt'))
    byPassport(@CurrentUser() user: User): { id: string } {
      return { id: user.id };
    }

    @Get('by-us')
    @UseGuards(JwtAuthGuard)
    byUs(@CurrentUser() user: User): { id: string } {
      return { id: user.id };
    }
  }

  let host: HostApp;
  let client: Client;
  let key: TokenKey;

  beforeAll(async () => {
    host = await startHost(
      (environment) => ({
        imports: [AuthModule.forRoot(environment), RegistrationModule],
        controllers: [GuardedController],
      }),
      { TOKEN_COOKIE_NAMES: 'auth.token' },
    );
    client = new Client(host);
    key = host.app.get(KeyRing).current;
  });
  afterAll(() => host.close());

  const both = async (options: RequestOptions): Promise<[Answer, Answer]> => [
    await client.get('/api/guarded/by-passport', options),
    await client.get('/api/guarded/by-us', options),
  ];

  it('knows the same people, by header and by cookie', async () => {
    const { token, user } = await client.register();
    const ways: RequestOptions[] = [
      { token },
      { cookies: { session: token } },
      { cookies: { 'auth.token': token } },
    ];
    for (const way of ways) for (const { body } of await both(way)) expect(body).toEqual({ id: user.id });
  });

  it('gives the same verdicts', async () => {
    const { token } = await client.register();
    const { header, payload } = decodeToken(token);
    const stranger = decodeToken((await client.register()).token).payload;
    const late = {
      iat: Number(payload.iat) - 7200,
      nbf: Number(payload.nbf) - 7200,
      exp: Number(payload.exp) - 7200,
    };
    const ended = (await client.register()).token as string;
    await client.post('/api/auth/logout', undefined, { token: ended });
    const forged = {
      none: forgeToken({ header: { ...header, alg: 'none' }, payload }),
      kid: forgeAccessToken(key, payload, { kid: 'unknown' }),
      crit: forgeAccessToken(key, payload, { crit: ['x'] }),
      typ: forgeAccessToken(key, payload, { typ: 'JWT' }),
      signature: forgeAccessToken(await makeKey(), payload, { kid: key.kid }),
      hmac: forgeToken({
        header: { ...header, alg: 'HS256' },
        payload,
        key: key.verificationKey.export({ type: 'spki', format: 'der' }),
      }),
      audience: forgeAccessToken(key, { ...payload, aud: 'https://elsewhere.test' }),
      issuer: forgeAccessToken(key, { ...payload, iss: 'https://elsewhere.test' }),
      noExp: forgeAccessToken(key, without(payload, 'exp')),
      early: forgeAccessToken(key, { ...payload, nbf: Number(payload.iat) + 600 }),
      other: forgeAccessToken(key, { ...payload, sub: stranger.sub }),
      long: forgeAccessToken(key, { ...payload, pad: 'p'.repeat(6200) }),
      words: 'not a token',
      late: forgeAccessToken(key, { ...payload, ...late }),
      ended,
    };
    for (const [name, value] of Object.entries(forged)) {
      const [passport, ours] = await both({ token: value });
      expect([name, passport.status, passport.body.code]).toEqual([name, 401, ours.body.code]);
      expect([name, ours.status]).toEqual([name, 401]);
    }
    for (const answer of await both({})) expect(answer.status).toBe(401);
    for (const answer of await both({ headers: { authorization: 'Basic abc' } }))
      expect(answer.body.code).toBe('token_invalid');
    for (const answer of await both({ token: 'a.b.c', cookies: { session: token } }))
      expect(answer.status).toBe(401);
  });

  it('BT-04: gives the same leeway', async () => {
    const { token } = await client.register({ email: someEmail() });
    host.clock.advanceSeconds(TTL_SECONDS + LEEWAY_SECONDS - 5);
    for (const { status } of await both({ token })) expect(status).toBe(200);
    host.clock.advanceSeconds(6);
    for (const { body } of await both({ token })) expect(body.code).toBe('token_expired');
    host.clock.reset();
  });
});

/** The last letter of 64 bytes carries four bits that must be zero. */
function nextLetter(signature: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(signature.at(-1) ?? 'A') + 1] ?? 'B';
}

interface Canary {
  url: string;
  host: string;
  seen(): number;
  close(): Promise<void>;
}

/** A server that nobody must call. */
async function startCanary(): Promise<Canary> {
  let calls = 0;
  const server: Server = createServer((_request, response) => {
    calls += 1;
    response.end('{"keys":[]}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as { port: number };
  const host = `127.0.0.1:${port}`;
  const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
  return { url: `http://${host}`, host, seen: () => calls, close };
}
