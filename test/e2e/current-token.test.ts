import { request as httpRequest } from 'node:http';
import { encode as encodeAuthjs } from '@auth/core/jwt';
import { encode as encodeNextAuth } from 'next-auth/jwt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyRing } from '../../src/tokens/key-ring.js';
import { startApp, type TestApp } from '../support/app.js';
import { makeKey } from '../support/bearer-tokens.fixture.js';
import {
  type Answer,
  Client,
  PASSWORD,
  type RequestOptions,
  setCookies,
  someEmail,
} from '../support/client.js';
import { decodeToken, forgeAccessToken } from '../support/forge.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { createTestDatabase } from '../support/test-database.js';

const NEW_SECRET = 'a new secret of Auth.js 0123456789 abcdef';
const OLD_SECRET = 'an old secret of Auth.js 0123456789 abcdef';
const AUTHJS_COOKIE = 'authjs.session-token';
const NEXT_AUTH_COOKIE = 'next-auth.session-token';
const PERSON = { sub: '42', name: 'Grace', email: 'grace@example.com' };

describe('GET /api/token', () => {
  let target: TestApp;
  let client: Client;

  beforeAll(async () => {
    target = await startApp({
      AUTHJS_SECRET: `${NEW_SECRET}, ${OLD_SECRET}`,
      TOKEN_COOKIE_NAMES: 'auth.token, legacy',
    });
    client = new Client(target);
  });
  afterAll(() => target.close());

  /** 200 whatever comes, and never kept by a cache. */
  async function ask(options: RequestOptions = {}, query = ''): Promise<Answer['body']> {
    const { status, body, headers } = await client.get(`/api/token${query}`, options);
    expect([status, headers.get('cache-control'), headers.getSetCookie()]).toEqual([200, 'no-store', []]);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.get('www-authenticate')).toBeNull();
    return body;
  }

  const bad = async (): Promise<Record<string, string>> => {
    const { token } = await client.register();
    const { payload } = decodeToken(token);
    const { current } = target.app.get(KeyRing);
    const late = {
      iat: Number(payload.iat) - 7200,
      nbf: Number(payload.nbf) - 7200,
      exp: Number(payload.exp) - 7200,
    };
    const ended = await client.register();
    await client.post('/api/auth/logout', undefined, { token: ended.token });
    return {
      malformed: 'nonsense',
      empty: 'a.b.c',
      literal: 'null',
      forged: forgeAccessToken(await makeKey(), payload, { kid: current.kid }),
      late: forgeAccessToken(current, { ...payload, ...late }),
      foreign: forgeAccessToken(current, { ...payload, aud: 'https://elsewhere.test' }),
      noExp: forgeAccessToken(current, { ...payload, exp: undefined }),
      ended: ended.token,
      refresh: ended.refreshToken,
      long: 'x'.repeat(9000),
    };
  };

  it('JA-01: gives the claims, by header or by cookie', async () => {
    const { token } = await client.register();
    const { payload } = decodeToken(token);
    expect(await ask({ token })).toEqual(payload);
    expect(await ask({ cookies: { session: token } })).toEqual(payload);
    expect(await ask({ headers: { authorization: `bearer ${token}` } })).toEqual(payload);
    expect(await ask({ token }, '?raw=false')).toEqual(payload);
  });

  it('JA-01: gives null for none and for any that is not valid', async () => {
    expect(await ask()).toBeNull();
    for (const [name, token] of Object.entries(await bad())) {
      expect([name, await ask({ token })]).toEqual([name, null]);
      expect([name, await ask({ cookies: { session: token } })]).toEqual([name, null]);
      expect([name, await ask({ token }, '?raw=true')]).toEqual([name, null]);
    }
    for (const authorization of ['Bearer', '', 'null', 'Basic abc', 'Bearer %E0%A4%A', 'Bearer a b']) {
      expect([authorization, await ask({ headers: { authorization } })]).toEqual([authorization, null]);
    }
  });

  it('JA-01: gives null to banned and deleted people', async () => {
    for (const column of ['banned_at', 'deleted_at']) {
      const { token, user } = await client.register();
      expect((await ask({ token })).sub).toBe(user.id);
      await target.database.query(`UPDATE users SET ${column} = now() WHERE id = $1`, [user.id]);
      await target.catchUp();
      expect(await ask({ token })).toBeNull();
    }
  });

  it('JA-02: gives the encoded token of the header, and none of a cookie', async () => {
    const { token } = await client.register();
    expect(await ask({ token }, '?raw=true')).toBe(token);
    expect(await ask({ cookies: { session: token } }, '?raw=true')).toBeNull();
    expect(await ask({ cookies: { 'auth.token': token } }, '?raw=true')).toBeNull();
    expect(await ask({ token: 'nonsense', cookies: { session: token } }, '?raw=true')).toBeNull();
    expect(
      await ask({ headers: { authorization: `Basic ${token}` }, cookies: { session: token } }, '?raw=true'),
    ).toBeNull();
    const authjs = await encodeAuthjs({ token: PERSON, secret: NEW_SECRET, salt: AUTHJS_COOKIE });
    expect(await ask({ cookies: { [AUTHJS_COOKIE]: authjs } }, '?raw=true')).toBeNull();
    expect(await ask({ token: authjs }, '?raw=true')).toBe(authjs);
  });

  it('refuses a query that is not known', async () => {
    for (const query of [
      '?raw=yes',
      '?raw=',
      '?raw=true&raw=true',
      '?secret=x',
      '?cookieName=x',
      '?salt=x',
    ]) {
      expect([query, (await client.get(`/api/token${query}`)).status]).toEqual([query, 400]);
    }
  });

  it('BT-16: the header decides over the cookie, also when it is bad', async () => {
    const [one, two] = [await client.register(), await client.register()];
    expect((await ask({ token: one.token, cookies: { session: two.token } })).sub).toBe(one.user.id);
    expect(await ask({ token: 'nonsense', cookies: { session: two.token } })).toBeNull();
  });

  it('JA-08: TOKEN_COOKIE_NAMES adds cookies, for safe methods only', async () => {
    const { token, user } = await client.register();
    for (const name of ['auth.token', 'legacy']) {
      expect((await ask({ cookies: { [name]: token } })).sub).toBe(user.id);
      expect((await client.get('/api/user', { cookies: { [name]: token } })).body.id).toBe(user.id);
      const places: Record<string, string>[] = [{}, { origin: 'http://localhost:3000' }];
      for (const headers of places) {
        const change = await client.patch(
          '/api/user',
          { firstName: 'Ada' },
          { cookies: { [name]: token }, headers },
        );
        expect(change.body.code).toBe('token_missing');
      }
    }
    expect(await ask({ cookies: { 'auth.token2': token, other: token } })).toBeNull();
    for (const cookie of [`legacy=${token}; legacy=x`, `legacy=x; legacy=${token}`]) {
      for (const path of ['/api/user', '/api/token']) {
        const answer = await client.get(path, { headers: { cookie } });
        expect([answer.status, answer.body.code]).toEqual([400, 'malformed_request']);
      }
    }
    expect((await client.get('/api/user', { cookies: { 'auth.token': 'nonsense' } })).body.code).toBe(
      'token_invalid',
    );
  });

  it('JA-01: reads the tokens of Auth.js and of NextAuth v4, each from its cookie', async () => {
    const authjs = await encodeAuthjs({ token: PERSON, secret: NEW_SECRET, salt: AUTHJS_COOKIE });
    const nextAuth = await encodeNextAuth({ token: PERSON, secret: NEW_SECRET });
    expect(await ask({ cookies: { [AUTHJS_COOKIE]: authjs } })).toMatchObject(PERSON);
    expect(await ask({ cookies: { [NEXT_AUTH_COOKIE]: nextAuth } })).toMatchObject(PERSON);
    expect(await ask({ token: encodeURIComponent(authjs) })).toMatchObject(PERSON);
    const half = Math.ceil(authjs.length / 2);
    const chunks = {
      [`${AUTHJS_COOKIE}.0`]: authjs.slice(0, half),
      [`${AUTHJS_COOKIE}.1`]: authjs.slice(half),
    };
    expect(await ask({ cookies: chunks })).toMatchObject(PERSON);
    expect(await ask({ cookies: { [`${AUTHJS_COOKIE}.1`]: authjs } })).toBeNull();
  });

  it('reads Auth.js tokens of the older secret, and of no other; and no late ones', async () => {
    const cookies = async (secret: string, maxAge?: number): Promise<Record<string, string>> => ({
      [AUTHJS_COOKIE]: await encodeAuthjs({ token: PERSON, secret, salt: AUTHJS_COOKIE, maxAge }),
    });
    expect(await ask({ cookies: await cookies(OLD_SECRET) })).toMatchObject(PERSON);
    expect(await ask({ cookies: await cookies('another secret 0123456789 abcdef ghij') })).toBeNull();
    expect(await ask({ cookies: await cookies(NEW_SECRET, -60) })).toBeNull();
    const [name, value] = Object.entries(await cookies(NEW_SECRET))[0] ?? [];
    expect(await ask({ cookies: { [String(name)]: `${String(value).slice(0, -2)}AA` } })).toBeNull();
    expect(await ask({ cookies: { [NEXT_AUTH_COOKIE]: String(value) } })).toBeNull();
  });

  it('JWT-36: no guard accepts an Auth.js token', async () => {
    const authjs = await encodeAuthjs({ token: PERSON, secret: NEW_SECRET, salt: AUTHJS_COOKIE });
    expect((await client.get('/api/user', { token: authjs })).body.code).toBe('token_invalid');
    expect((await client.get('/api/user', { cookies: { session: authjs } })).body.code).toBe('token_invalid');
    expect((await client.get('/api/user', { cookies: { [AUTHJS_COOKIE]: authjs } })).body.code).toBe(
      'token_missing',
    );
  });

  it('answers HEAD and has no other method', async () => {
    expect((await client.request('HEAD', '/api/token')).status).toBe(200);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      expect((await client.request(method, '/api/token')).body.code).toBe('not_found');
    }
  });
});

describe('GET /api/token of a service behind HTTPS', () => {
  it('JA-08: a forwarded Cookie header alone suffices, also over an internal host name', async () => {
    const target = await startApp({ PUBLIC_URL: 'https://auth.example.com' });
    const client = new Client(target);
    const body = { email: someEmail(), password: PASSWORD, transport: 'cookie' };
    const answer = await client.post('/api/auth/register', body, {
      headers: { origin: 'https://auth.example.com' },
    });
    const cookies = setCookies(answer);
    const cookie = Object.entries(cookies)
      .map((pair) => pair.join('='))
      .join('; ');
    const claims = await internalCall(`${target.url}/api/token`, {
      cookie,
      host: 'tokenhouse.internal:3000',
    });
    expect(claims).toMatchObject({ sub: answer.body.user.id, iss: 'https://auth.example.com' });
    const user = await internalCall(`${target.url}/api/user`, { cookie, host: 'tokenhouse.internal:3000' });
    expect(user).toMatchObject({ id: answer.body.user.id });
    const plain = `session=${cookies['__Host-session']}`;
    expect(await internalCall(`${target.url}/api/token`, { cookie: plain })).toBeNull();
    await target.close();
  });

  it('JA-05: without a secret, Auth.js tokens are null', async () => {
    const target = await startApp();
    const authjs = await encodeAuthjs({ token: PERSON, secret: NEW_SECRET, salt: AUTHJS_COOKIE });
    const { status, body } = await new Client(target).get('/api/token', {
      cookies: { [AUTHJS_COOKIE]: authjs },
    });
    expect([status, body]).toEqual([200, null]);
    await target.close();
  });

  it('while the database is down, says so instead of null', async () => {
    const database = await createTestDatabase();
    const network = await new TcpProxy(database.url).open();
    const target = await startApp({ DATABASE_URL: network.url });
    const client = new Client(target);
    const { token } = await client.register();
    await network.cut();
    const { status, body, headers } = await client.get('/api/token', { token });
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'unavailable', '5']);
    expect((await client.get('/api/token')).body).toBeNull();
    await network.open();
    await expect.poll(async () => (await client.get('/api/token', { token })).status).toBe(200);
    await target.close();
    await network.cut();
    await database.drop();
  });
});

/** As a frontend's server calls: with whatever Host header its network has. */
function internalCall(url: string, headers: Record<string, string>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(url, { headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
    });
    call.on('error', reject).end();
  });
}
