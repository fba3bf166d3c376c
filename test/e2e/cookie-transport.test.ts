import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, setCookies, someEmail } from '../support/client.js';

const ORIGIN = 'https://auth.test';
const FRONTEND = 'https://app.test';
const SESSION = '__Host-session';
const REFRESH = '__Secure-refresh';
const OURS = { origin: ORIGIN };

/** What every way to come from elsewhere looks like. */
const FOREIGN: Record<string, string>[] = [
  { origin: 'https://evil.test' },
  { origin: 'null' },
  { origin: 'https://sub.auth.test' },
  { origin: 'https://auth.test.evil.test' },
  { origin: 'http://auth.test' },
  { origin: 'https://auth.test:8443' },
  { origin: 'https://evil.test', 'sec-fetch-site': 'same-origin' },
  { origin: '' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': 'none' },
  { referer: `${ORIGIN}/page` },
  {},
];

/** Those of a list of `Set-Cookie` lines, attributes in lower case. */
function attributes(answer: Answer): Map<string, string[]> {
  const lines = answer.headers.getSetCookie().map((line) => line.split('; '));
  return new Map(
    lines.map(([pair = '', ...rest]) => [pair.split('=')[0] ?? '', rest.map((one) => one.toLowerCase())]),
  );
}

describe('tokens in cookies (SS-14)', () => {
  let target: TestApp;
  let client: Client;

  beforeAll(async () => {
    target = await startApp({ PUBLIC_URL: ORIGIN, CORS_ORIGINS: FRONTEND });
    client = new Client(target);
  });
  afterAll(() => target.close());

  /** Registers somebody whose tokens are in cookies. */
  async function signedIn(): Promise<{ email: string; cookies: Record<string, string>; answer: Answer }> {
    const email = someEmail();
    const body = { email, password: PASSWORD, transport: 'cookie' };
    const answer = await client.post('/api/auth/register', body, { headers: OURS });
    expect(answer.status).toBe(201);
    return { email, cookies: setCookies(answer), answer };
  }

  async function expectRejected(answer: Promise<Answer>): Promise<void> {
    const { status, body, headers } = await answer;
    expect([status, body.code]).toEqual([403, 'csrf_rejected']);
    expect(headers.getSetCookie()).toEqual([]);
  }

  const lives = async (cookies: Record<string, string>): Promise<boolean> =>
    (await client.get('/api/auth/session', { cookies })).status === 200;

  it('WEB-07: sets two cookies, and keeps their secrets out of the body', async () => {
    const { email, answer } = await signedIn();
    const login = await client.login(email, PASSWORD, { transport: 'cookie' });
    expect(login.body.code).toBe('csrf_rejected');
    const again = await client.post(
      '/api/auth/login',
      { login: email, password: PASSWORD, transport: 'cookie' },
      { headers: OURS },
    );
    for (const { body, headers } of [answer, again]) {
      expect(body).not.toHaveProperty('token');
      expect(body).not.toHaveProperty('refreshToken');
      expect(body).toMatchObject({ tokenType: 'Bearer', expiresIn: 3600, user: { email } });
      expect(headers.get('cache-control')).toBe('no-store');
    }
    for (const one of [answer, again]) expectOurCookies(one);
  });

  function expectOurCookies(answer: Answer): void {
    const cookies = attributes(answer);
    expect([...cookies.keys()]).toEqual([SESSION, REFRESH]);
    for (const [name, path] of [
      [SESSION, 'path=/'],
      [REFRESH, 'path=/api/auth'],
    ] as const) {
      const list = cookies.get(name) ?? [];
      expect(list).toEqual(expect.arrayContaining(['secure', 'httponly', 'samesite=lax', path]));
      expect(list.some((one) => one.startsWith('domain'))).toBe(false);
      expect(list.some((one) => one.startsWith('expires='))).toBe(true);
    }
    for (const line of answer.headers.getSetCookie()) expect(Buffer.byteLength(line)).toBeLessThan(4096);
  }

  it('WEB-07: deletes both cookies under the same attributes', async () => {
    const { cookies } = await signedIn();
    const answer = await client.post('/api/auth/logout', undefined, { cookies, headers: OURS });
    expect(answer.status).toBe(204);
    expectOurCookies(answer);
    expect(setCookies(answer)).toEqual({ [SESSION]: '', [REFRESH]: '' });
    for (const line of answer.headers.getSetCookie()) expect(line).toContain('Expires=Thu, 01 Jan 1970');
    expect(await lives(cookies)).toBe(false);
  });

  it('WEB-07: every other answer that could set a cookie sets those two or none', async () => {
    const { cookies } = await signedIn();
    const refreshed = await client.post('/api/auth/refresh', undefined, { cookies, headers: OURS });
    expect(refreshed.status).toBe(200);
    expectOurCookies(refreshed);
    expect(refreshed.body).not.toHaveProperty('refreshToken');
    expect(setCookies(refreshed)[REFRESH]).not.toBe(cookies[REFRESH]);
    const fresh = { ...cookies, ...setCookies(refreshed) };
    const confirmed = await client.post(
      '/api/user/confirm-password',
      { password: PASSWORD },
      { cookies: fresh, headers: OURS },
    );
    expect(confirmed.status).toBe(200);
    expectOurCookies(confirmed);
    expect(confirmed.body).not.toHaveProperty('token');
    const read = await client.get('/api/user', { cookies: fresh });
    expect([read.status, read.headers.getSetCookie()]).toEqual([200, []]);
    const gone = await client.delete('/api/user', undefined, { cookies: fresh, headers: OURS });
    expect(gone.status).toBe(204);
    expectOurCookies(gone);
  });

  it('the body transport sets no cookie', async () => {
    const { email } = await signedIn();
    const answers = [await client.login(email), await client.login(email, PASSWORD, { transport: 'body' })];
    for (const { headers, body } of answers) {
      expect(headers.getSetCookie()).toEqual([]);
      expect(body.token).toEqual(expect.any(String));
    }
  });

  it('reads the session cookie on every route, and refreshes only with the refresh cookie', async () => {
    const { cookies } = await signedIn();
    const session = { [SESSION]: cookies[SESSION] ?? '' };
    expect(await lives(session)).toBe(true);
    expect(
      (await client.get('/api/user', { cookies: { [REFRESH]: cookies[REFRESH] ?? '' } })).body.code,
    ).toBe('token_missing');
    const swapped = { [SESSION]: cookies[REFRESH] ?? '', [REFRESH]: cookies[SESSION] ?? '' };
    expect((await client.get('/api/user', { cookies: swapped })).body.code).toBe('token_invalid');
    const refreshed = await client.post('/api/auth/refresh', undefined, { cookies: swapped, headers: OURS });
    expect(refreshed.body.code).toBe('refresh_token_invalid');
    expect(
      (await client.post('/api/auth/refresh', undefined, { cookies: session, headers: OURS })).body.code,
    ).toBe('validation_failed');
  });

  it('WEB-01, WEB-03: what changes something is refused from elsewhere, without effect', async () => {
    const { email, cookies } = await signedIn();
    const calls: [string, string, unknown?][] = [
      ['PATCH', '/api/user', { firstName: 'Mallory' }],
      ['DELETE', '/api/user', { password: PASSWORD }],
      ['POST', '/api/user/password', { currentPassword: PASSWORD, newPassword: 'mallory was here now' }],
      ['POST', '/api/user/email', { email: someEmail('mallory'), password: PASSWORD }],
      ['POST', '/api/user/confirm-password', { password: PASSWORD }],
      ['DELETE', '/api/user/sessions'],
      ['POST', '/api/auth/refresh'],
      ['POST', '/api/auth/logout'],
    ];
    for (const headers of FOREIGN) {
      for (const [method, path, body] of calls)
        await expectRejected(client.request(method, path, { body, cookies, headers }));
    }
    const { body } = await client.get('/api/user', { cookies });
    expect(body).toMatchObject({ firstName: null, email, pendingEmail: null });
    expect((await client.login(email)).status).toBe(200);
    expect(
      (await client.patch('/api/user', { firstName: 'Ada' }, { cookies, headers: OURS })).body.firstName,
    ).toBe('Ada');
  });

  it('WEB-01, WEB-03, WEB-05: whatever header is beside the cookies, they count from our pages only', async () => {
    const { cookies } = await signedIn();
    const { token } = await client.register();
    for (const authorization of [`Bearer ${token}`, 'Bearer nonsense', 'null', 'Basic abc', '']) {
      for (const path of ['/api/auth/refresh', '/api/auth/logout', '/api/user/confirm-password']) {
        for (const foreign of FOREIGN) {
          const headers = { ...foreign, authorization };
          await expectRejected(client.post(path, undefined, { cookies, headers }));
        }
      }
    }
    expect(await lives(cookies)).toBe(true);
    const headers = { ...OURS, authorization: 'Bearer nonsense' };
    expect((await client.post('/api/auth/refresh', undefined, { cookies, headers })).status).toBe(200);
  });

  it('WEB-01, WEB-03: is allowed from our own origin and from a listed one', async () => {
    const { cookies } = await signedIn();
    for (const headers of [
      OURS,
      { origin: FRONTEND },
      { 'sec-fetch-site': 'same-origin' },
      { ...OURS, 'sec-fetch-site': 'cross-site' },
    ]) {
      const { status } = await client.patch('/api/user', { lastName: 'Lovelace' }, { cookies, headers });
      expect([headers, status]).toEqual([headers, 200]);
    }
  });

  it('WEB-01: a forged, cut or empty cookie of ours is treated as one of ours', async () => {
    const odd: Record<string, string>[] = [{ [SESSION]: 'x' }, { [SESSION]: '' }, { [REFRESH]: 'x' }];
    for (const cookies of odd) {
      await expectRejected(client.patch('/api/user', { firstName: 'M' }, { cookies }));
      await expectRejected(
        client.post('/api/auth/login', { login: 'nobody', password: PASSWORD }, { cookies }),
      );
    }
  });

  it('INJ-10: with our cookie, a body that is no JSON is refused before it is read', async () => {
    const { cookies } = await signedIn();
    const cookie = Object.entries(cookies)
      .map((pair) => pair.join('='))
      .join('; ');
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/json',
      'application/jsonp',
    ]) {
      const response = await fetch(`${target.url}/api/user`, {
        method: 'PATCH',
        headers: { cookie, 'content-type': type, ...OURS },
        body: JSON.stringify({ firstName: 'Mallory' }),
      });
      expect([type, response.status]).toEqual([type, 403]);
      expect((await response.json()).code).toBe('csrf_rejected');
    }
  });

  it('WEB-04: nobody is signed in to another account from elsewhere', async () => {
    const { email } = await signedIn();
    for (const headers of FOREIGN) {
      const login = { login: email, password: PASSWORD, transport: 'cookie' };
      await expectRejected(client.post('/api/auth/login', login, { headers }));
      await expectRejected(client.post('/api/auth/signin', login, { headers }));
      const fresh = someEmail('mallory');
      await expectRejected(
        client.post(
          '/api/auth/register',
          { email: fresh, password: PASSWORD, transport: 'cookie' },
          { headers },
        ),
      );
      const [row] = await target.database.query('SELECT count(*)::int AS n FROM users WHERE email = $1', [
        fresh,
      ]);
      expect(row.n).toBe(0);
    }
  });

  it('WEB-05: nobody is signed out from elsewhere', async () => {
    const { cookies } = await signedIn();
    expect((await client.get('/api/auth/logout', { cookies })).body.code).toBe('not_found');
    await expectRejected(
      client.post('/api/auth/logout', undefined, { cookies, headers: { origin: 'https://evil.test' } }),
    );
    await expectRejected(client.post('/api/auth/logout', undefined, { cookies }));
    expect(await lives(cookies)).toBe(true);
  });

  it('SS-07: signing out answers 204 also when repeated, late or without any token', async () => {
    const { cookies } = await signedIn();
    for (let times = 0; times < 2; times++) {
      expect((await client.post('/api/auth/logout', undefined, { cookies, headers: OURS })).status).toBe(204);
    }
    expect((await client.post('/api/auth/logout')).status).toBe(204);
    expect((await client.post('/api/auth/logout', {})).status).toBe(204);
    expect(
      (await client.post('/api/auth/logout', { refreshToken: 'nonsense' }, { token: 'nonsense' })).status,
    ).toBe(204);
    expect(
      (await client.post('/api/auth/logout', undefined, { headers: { authorization: 'null' } })).status,
    ).toBe(204);
  });

  it('SS-07: every session that is named ends, by whatever names it', async () => {
    const [byHeader, byBody] = [await client.register(), await client.register()];
    const { cookies } = await signedIn();
    const answer = await client.post(
      '/api/auth/logout',
      { refreshToken: byBody.refreshToken },
      { token: byHeader.token, cookies, headers: OURS },
    );
    expect(answer.status).toBe(204);
    for (const { token } of [byHeader, byBody]) {
      expect((await client.get('/api/user', { token })).body.code).toBe('session_revoked');
    }
    expect(await lives(cookies)).toBe(false);
    const late = await client.register();
    target.clock.advanceSeconds(7200);
    expect((await client.post('/api/auth/logout', undefined, { token: late.token })).status).toBe(204);
    target.clock.reset();
    expect((await client.post('/api/auth/refresh', { refreshToken: late.refreshToken })).body.code).toBe(
      'session_revoked',
    );
  });

  it('SS-07: signing out leads nowhere else', async () => {
    for (const query of [
      '?redirect=https://evil.test',
      '?callbackUrl=https://evil.test',
      '?next=//evil.test',
    ]) {
      const { status, headers } = await client.post(`/api/auth/logout${query}`);
      expect([query, [204, 400].includes(status), headers.get('location')]).toEqual([query, true, null]);
    }
  });

  it('BT-16: a bad bearer never falls back to the cookie, and a good one wins over it', async () => {
    const { cookies } = await signedIn();
    const { token, user } = await client.register();
    expect((await client.get('/api/user', { token, cookies })).body.email).toBe(user.email);
    for (const authorization of ['Bearer nonsense', 'Bearer', 'null', 'Basic abc', '']) {
      const { status, body } = await client.get('/api/user', { cookies, headers: { authorization } });
      expect([authorization, status, body.code]).toEqual([authorization, 401, 'token_invalid']);
    }
  });

  it('one of our cookies twice is refused, whichever is good', async () => {
    const { cookies } = await signedIn();
    const good = `${SESSION}=${cookies[SESSION]}`;
    for (const cookie of [
      `${SESSION}=x; ${good}`,
      `${good}; ${SESSION}=x`,
      `${good};${good}`,
      `${REFRESH}=a; b=c; ${REFRESH}=d`,
    ]) {
      expect((await client.get('/api/user', { headers: { cookie } })).body.code).toBe('malformed_request');
    }
    for (const name of ['session', 'Session', '__host-session', '__Host-session2', ' __Host-sessio']) {
      const answer = await client.get('/api/user', { headers: { cookie: `${name}=${cookies[SESSION]}` } });
      expect([name, answer.body.code]).toEqual([name, 'token_missing']);
    }
  });

  it('NX-05: odd headers never stand in the way of signing in, refreshing or signing out', async () => {
    const { email } = await signedIn();
    const { token: expired } = await client.register();
    target.clock.advanceSeconds(7200);
    for (const authorization of [
      'null',
      'undefined',
      'Bearer null',
      'Bearer undefined',
      'Bearer',
      '',
      `Bearer ${expired}`,
      'Basic abc',
    ]) {
      const headers = { authorization };
      const login = await client.post('/api/auth/login', { login: email, password: PASSWORD }, { headers });
      expect([authorization, login.status]).toEqual([authorization, 200]);
      const { refreshToken } = login.body;
      const refreshed = await client.post('/api/auth/refresh', { refreshToken }, { headers });
      expect([authorization, refreshed.status]).toEqual([authorization, 200]);
      const registered = await client.post(
        '/api/auth/register',
        { email: someEmail(), password: PASSWORD },
        { headers },
      );
      expect([authorization, registered.status]).toEqual([authorization, 201]);
      expect((await client.post('/api/auth/password/forgot', { email }, { headers })).status).toBe(202);
      expect((await client.get('/api/auth/settings', { headers })).status).toBe(200);
      const logout = await client.post(
        '/api/auth/logout',
        { refreshToken: refreshed.body.refreshToken },
        { headers },
      );
      expect([authorization, logout.status]).toEqual([authorization, 204]);
    }
    target.clock.reset();
  });

  it('NX-05: an ended session in the cookie does not stand in the way either', async () => {
    const { email, cookies } = await signedIn();
    await client.post('/api/auth/logout', undefined, { cookies, headers: OURS });
    const body = { login: email, password: PASSWORD, transport: 'cookie' };
    const answer = await client.post('/api/auth/login', body, { cookies, headers: OURS });
    expect(answer.status).toBe(200);
    expect(await lives(setCookies(answer))).toBe(true);
  });

  it('transport must be a word that we know', async () => {
    const { email } = await signedIn();
    for (const transport of ['header', 'Cookie', 1, ['cookie'], {}]) {
      const answer = await client.login(email, PASSWORD, { transport });
      expect([transport, answer.status]).toEqual([transport, 400]);
    }
  });
});

describe('tokens in cookies on plain-HTTP localhost', () => {
  it('WEB-07: do without the prefixes and Secure, and with all else', async () => {
    const target = await startApp();
    const client = new Client(target);
    const answer = await client.post(
      '/api/auth/register',
      { email: someEmail(), password: PASSWORD, transport: 'cookie' },
      { headers: { origin: 'http://localhost:3000' } },
    );
    const cookies = attributes(answer);
    expect([...cookies.keys()]).toEqual(['session', 'refresh']);
    for (const list of cookies.values()) {
      expect(list).toEqual(expect.arrayContaining(['httponly', 'samesite=lax']));
      expect(list).not.toContain('secure');
    }
    expect((await client.get('/api/user', { cookies: setCookies(answer) })).status).toBe(200);
    await target.close();
  });
});
