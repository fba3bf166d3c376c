import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';
import { LogRecorder } from '../support/log-recorder.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const FRONTEND = 'https://app.test';
const CANARY = 'canary-0f3a9';

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'cross-origin-resource-policy': 'same-origin',
};

describe('CORS and headers', () => {
  let target: TestApp;
  let database: TestDatabase;
  let network: TcpProxy;
  let client: Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    network = await new TcpProxy(database.url).open();
    target = await startApp({
      CORS_ORIGINS: `${FRONTEND}, http://localhost:5173`,
      DATABASE_URL: network.url,
      RATE_LIMIT: 'on',
    });
    client = new Client(target);
  });
  afterAll(async () => {
    await target.close();
    await network.cut();
    await database.drop();
  });

  const preflight = (path: string, origin: string, method = 'POST'): Promise<Answer> =>
    client.request('OPTIONS', path, {
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization,content-type',
      },
    });

  /** One request for every status that can be provoked from outside. */
  async function everyAnswer(): Promise<Map<string, Answer>> {
    const { token, user } = await client.register();
    const login = (password: string): Promise<Answer> => client.login(user.email, password);
    const raw = (path: string, init: RequestInit): Promise<Answer> => rawFetch(target.url + path, init);
    const json = { 'content-type': 'application/json' };
    return new Map(Object.entries({
      '200 user': await client.get('/api/user', { token }),
      '200 token': await client.get('/api/token'),
      '200 settings': await client.get('/api/auth/settings'),
      '201': await client.post('/api/auth/register', { email: someEmail(), password: PASSWORD }),
      '202': await client.post('/api/auth/password/forgot', { email: someEmail() }),
      '204': await client.post('/api/auth/logout'),
      '204 preflight': await preflight('/api/user', FRONTEND, 'PATCH'),
      '400 path': await raw('/api/user/%E0%A4%A', {}),
      '400 json': await raw('/api/auth/login', { method: 'POST', headers: json, body: `{"login":"${CANARY}` }),
      '400 field': await client.post('/api/auth/register', { email: CANARY, password: PASSWORD, [CANARY]: 1 }),
      '400 query': await client.get('/api/token?a=1&a=2'),
      '400 id': await client.get('/api/user?x=1&x=2', { token }),
      '401 missing': await client.get('/api/user'),
      '401 invalid': await client.get('/api/user', { token: CANARY }),
      '401 credentials': await login(CANARY),
      '401 refresh': await client.post('/api/auth/refresh', { refreshToken: CANARY }),
      '403': await client.post('/api/auth/logout', undefined, { cookies: { session: CANARY } }),
      '404': await client.get('/api/nothing', { token }),
      '404 method': await client.get('/api/auth/login'),
      '404 root': await client.get('/nothing'),
      '404 session': await client.delete('/api/user/sessions/not-an-id', undefined, { token }),
      '409': await client.post('/api/auth/register', { email: user.email, password: PASSWORD }),
      '413': await client.post('/api/auth/login', { login: CANARY, password: 'x'.repeat(120_000) }),
      '415': await raw('/api/auth/login', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: CANARY }),
      '422 weak': await client.post('/api/auth/register', { email: someEmail(), password: 'password' }),
      '422 password': await client.post('/api/user/confirm-password', { password: CANARY }, { token }),
      '422 link': await client.post('/api/auth/email/verify', { token: 'x'.repeat(43) }),
      '429': await throttled(token),
      '500': await broken(token),
      '503': await down(token),
    })); // prettier-ignore
  }

  async function throttled(token: string): Promise<Answer> {
    await client.post('/api/user/email/verification', {}, { token });
    return client.post('/api/user/email/verification', {}, { token });
  }

  /** A statement that fails for a reason nobody foresaw. */
  async function broken(token: string): Promise<Answer> {
    target.forget();
    await target.database.query('ALTER TABLE sessions RENAME TO sessions_away');
    const answer = await client.get('/api/user', { token });
    await target.database.query('ALTER TABLE sessions_away RENAME TO sessions');
    return answer;
  }

  async function down(token: string): Promise<Answer> {
    await network.cut();
    const answer = await client.get('/api/user', { token });
    await network.open();
    return answer;
  }

  describe('on every status', () => {
    let answers: Map<string, Answer>;
    let log: LogRecorder;

    beforeAll(async () => {
      log = LogRecorder.of(target);
      answers = await everyAnswer();
    });

    it('each request was answered as its name says', () => {
      for (const [name, { status }] of answers)
        expect([name, status]).toEqual([name, Number(name.slice(0, 3))]);
    });

    it('WEB-13: the security headers, and nothing about the software', () => {
      for (const [name, { headers }] of answers) {
        const sent = Object.fromEntries(
          Object.keys(SECURITY_HEADERS).map((header) => [header, headers.get(header)]),
        );
        expect([name, sent]).toEqual([name, SECURITY_HEADERS]);
        for (const header of ['x-powered-by', 'server', 'via'])
          expect([name, headers.get(header)]).toEqual([name, null]);
      }
    });

    it('WEB-12: no-store under /api, errors included', () => {
      for (const [name, { headers }] of answers) {
        if (name === '404 root') continue;
        expect([name, headers.get('cache-control')]).toEqual([name, 'no-store']);
      }
    });

    it('LOG-05: problem documents, without stack, SQL, table or path', () => {
      for (const [name, { status, headers, body }] of answers) {
        if (status < 400) continue;
        expect([name, headers.get('content-type')]).toEqual([
          name,
          expect.stringMatching(/^application\/problem\+json/),
        ]);
        expect([name, body]).toEqual([
          name,
          expect.objectContaining({
            type: `urn:tokenhouse:error:${body.code as string}`,
            title: expect.any(String),
            status,
            statusCode: status,
            detail: expect.any(String),
            message: body.detail,
            instance: expect.stringMatching(/^\/[^?]*$/),
            code: expect.stringMatching(/^[a-z_]+$/),
            requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          }),
        ]);
        const text = JSON.stringify({ ...body, instance: '' });
        expect([name, text]).toEqual([
          name,
          expect.not.stringMatching(
            /node_modules|\.[jt]s[:"]|sessions_away|relation|SELECT|postgres|ECONN|\bat /,
          ),
        ]);
      }
    });

    it('LOG-02: what was wrong with a request is in no answer and no log line', () => {
      for (const [name, { body }] of answers) {
        const { errors, ...rest } = (body ?? {}) as { errors?: { field: string }[] };
        expect([name, JSON.stringify(rest)]).toEqual([name, expect.not.stringContaining(CANARY)]);
        for (const error of errors ?? [])
          expect(JSON.stringify({ ...error, field: '', message: '' })).not.toContain(CANARY);
      }
      expect(log.lines.length).toBeGreaterThan(0);
      expect(log.text).not.toContain(CANARY);
      expect(log.text).not.toContain(PASSWORD);
      expect(log.text).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]+/);
    });

    it('LOG-05: a 500 says its request id alone, and its cause is in the log', () => {
      const { body } = answers.get('500') as Answer;
      expect(body).toMatchObject({
        code: 'internal_error',
        detail: 'Something went wrong here; it is not your fault.',
      });
      expect(log.text).toContain('relation');
      expect(answers.get('503')?.headers.get('retry-after')).toBe('5');
    });

    it('LOG-05: every answer has a request id of its own', () => {
      const ids = [...answers.values()]
        .map(({ body }) => body?.requestId as string | undefined)
        .filter(Boolean);
      expect(new Set(ids).size).toBe(ids.length);
    });

    it('401 has its challenge: bare, unless a bearer token was sent and refused', () => {
      const challenges = [...answers].filter(([name]) => name.startsWith('401'));
      expect(
        Object.fromEntries(challenges.map(([name, { headers }]) => [name, headers.get('www-authenticate')])),
      ).toEqual({
        '401 missing': 'Bearer',
        '401 invalid': 'Bearer error="invalid_token"',
        '401 credentials': 'Bearer',
        '401 refresh': 'Bearer',
      });
    });
  });

  it('WEB-12: the JWKS may be kept for ten minutes, and health for no time', async () => {
    const { headers } = await client.get('/.well-known/jwks.json');
    expect(headers.get('cache-control')).toBe('public, max-age=600');
    for (const path of ['/health/live', '/health/ready']) {
      expect((await client.get(path)).headers.get('cache-control')).toBe('no-store');
    }
  });

  it('WEB-09, NX-08: a foreign origin is let in nowhere, and every answer varies with the origin', async () => {
    const { token } = await client.register();
    const foreign = [
      'https://evil.test',
      'https://app.test.evil.test',
      'http://app.test',
      'https://app.test:444',
      'https://APP.test',
      'https://sub.app.test',
      'https://app.test/',
      '*',
    ];
    for (const origin of foreign) {
      const headers = { origin, cookie: 'session=x' };
      const answers = [
        await client.get('/api/auth/settings', { headers }),
        await client.get('/api/user', { token, headers: { origin } }),
        await client.get('/api/user', { headers: { origin } }),
        await client.get('/api/nothing', { headers: { origin } }),
        await client.post('/api/auth/login', { login: 'a', password: PASSWORD }, { headers: { origin } }),
        await preflight('/api/user', origin, 'PATCH'),
      ];
      for (const answer of answers) {
        expect([origin, answer.headers.get('access-control-allow-origin')]).toEqual([origin, null]);
        expect(answer.headers.get('vary')).toMatch(/\borigin\b/i);
      }
    }
    expect((await client.get('/api/auth/settings')).headers.get('vary')).toMatch(/\borigin\b/i);
  });

  it('WEB-10: the origin null is nobody', async () => {
    for (const answer of [
      await client.get('/api/auth/settings', { headers: { origin: 'null' } }),
      await preflight('/api/user', 'null'),
    ]) {
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('NX-08: a listed origin may call with credentials, and read what it needs, of errors too', async () => {
    const { token } = await client.register();
    for (const origin of [FRONTEND, 'http://localhost:5173']) {
      const answers = [
        await client.get('/api/user', { token, headers: { origin } }),
        await client.get('/api/user', { headers: { origin } }),
        await client.get('/api/nothing', { token, headers: { origin } }),
        await client.get('/.well-known/jwks.json', { headers: { origin } }),
        await client.post('/api/auth/register', { email: 'x' }, { headers: { origin } }),
      ];
      for (const { headers } of answers) {
        expect(headers.get('access-control-allow-origin')).toBe(origin);
        expect(headers.get('access-control-allow-credentials')).toBe('true');
        expect(headers.get('vary')).toMatch(/\borigin\b/i);
        const exposed = headers.get('access-control-expose-headers')?.split(/, */) ?? [];
        expect(exposed).toEqual(
          expect.arrayContaining([
            'WWW-Authenticate',
            'Retry-After',
            'RateLimit-Limit',
            'RateLimit-Remaining',
            'RateLimit-Reset',
          ]),
        );
      }
    }
  });

  it('NX-08: answers the preflight of every method and header that the contract has', async () => {
    for (const method of ['GET', 'POST', 'PATCH', 'DELETE']) {
      const { status, headers } = await preflight('/api/user', FRONTEND, method);
      expect(status).toBe(204);
      expect(headers.get('access-control-allow-origin')).toBe(FRONTEND);
      expect(headers.get('access-control-allow-credentials')).toBe('true');
      expect(headers.get('access-control-allow-methods')).toContain(method);
      expect(headers.get('access-control-allow-headers')).toMatch(/authorization.*content-type/i);
    }
  });

  it('WEB-14: nothing that looks like a redirect target redirects', async () => {
    const { token, user } = await client.register();
    const names = [
      'redirect',
      'redirectTo',
      'redirect_to',
      'redirect_uri',
      'redirectUrl',
      'return',
      'returnTo',
      'next',
      'url',
      'callbackUrl',
      'continue',
      'target',
    ];
    const values = [
      'https://evil.test',
      '//evil.test',
      '/\\evil.test',
      'javascript:alert(1)',
      'https:evil.test',
      '%2f%2fevil.test',
    ];
    for (const name of names) {
      for (const value of values) {
        const query = `?${name}=${encodeURIComponent(value)}`;
        const answers = [
          await client.get(`/api/user${query}`, { token }),
          await client.get(`/api/auth/settings${query}`),
          await client.post(`/api/auth/password/forgot${query}`, { email: user.email, [name]: value }),
        ];
        for (const { status, headers } of answers) {
          expect([
            query,
            headers.get('location'),
            headers.get('refresh'),
            status < 300 || status === 400,
          ]).toEqual([query, null, null, true]);
        }
        expect([name, value, answers[2]?.status]).toEqual([name, value, 400]);
      }
    }
  });

  it('WEB-15: no route redirects, before or after a POST', async () => {
    for (const path of [
      '/',
      '/api',
      '/api/',
      '/api/user/',
      '/api/auth/login/',
      '/docs',
      '/docs/',
      '/openapi.json',
      '//evil.test',
      '/api//user',
      '/\\evil.test',
    ]) {
      for (const method of ['GET', 'POST']) {
        const { status, headers } = await client.request(method, path);
        expect([method, path, status >= 300 && status < 400, headers.get('location')]).toEqual([
          method,
          path,
          false,
          null,
        ]);
      }
    }
  });

  it('WEB-16: a method is what the request line says', async () => {
    const { token, user } = await client.register();
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override', '_method']) {
      expect((await client.get('/api/user', { token, headers: { [name]: 'DELETE' } })).body.id).toBe(user.id);
      const post = await client.post(
        '/api/user',
        { _method: 'DELETE', password: PASSWORD },
        { token, headers: { [name]: 'DELETE' } },
      );
      expect(post.body.code).toBe('not_found');
    }
    expect((await client.get('/api/user?_method=DELETE', { token })).status).not.toBe(204);
    expect((await client.get('/api/user', { token })).status).toBe(200);
  });

  it('WEB-17: a path with a file name or a parameter at its end is another path', async () => {
    const { token } = await client.register();
    const paths = [
      '/api/user/a.css',
      '/api/user%2fa.css',
      '/api/user;.js',
      '/api/user.css',
      '/api/user%00.css',
      '/api/user%3f.css',
      '/api/user%23.css',
      '/api/user/%2e%2e/user.css',
      '/api/token/a.css',
    ];
    for (const path of paths) {
      const { body, status } = await client.get(path, { token });
      expect([path, status, body.code]).toEqual([path, 404, 'not_found']);
    }
  });

  it('WEB-18: the cookies of a person with the longest of everything are short enough', async () => {
    const longest = {
      firstName: 'ä'.repeat(100),
      lastName: 'ö'.repeat(100),
      username: `u${Date.now()}${'x'.repeat(200)}`,
    };
    const body = {
      email: `${'a'.repeat(50)}.${someEmail()}`,
      password: PASSWORD,
      transport: 'cookie',
      ...longest,
    };
    const answer = await client.post('/api/auth/register', body, { headers: { origin: FRONTEND } });
    expect(answer.status).toBe(201);
    for (const line of answer.headers.getSetCookie()) expect(Buffer.byteLength(line)).toBeLessThan(4096);
  });

  it('LOG-09: nothing but the service is served', async () => {
    const paths = [
      '/metrics', '/.env', '/.git/HEAD', '/.git/config', '/package.json', '/main.js', '/main.js.map', '/dist/main.js',
      '/openapi.json.map', '/server-status', '/debug', '/api/metrics', '/health', '/health/', '/docs/../package.json',
      '/docs/%2e%2e/%2e%2e/package.json', '/docs/..%2f..%2fpackage.json', '/data/app.key', '/favicon.ico', '/.well-known/',
    ]; // prettier-ignore
    for (const path of paths) {
      const { status, body } = await client.get(path);
      expect([path, status, body.code]).toEqual([path, 404, 'not_found']);
    }
  });
});

describe('with DOCS=off', () => {
  it('LOG-09: the contract is not served', async () => {
    const target = await startApp({ DOCS: 'off' });
    const client = new Client(target);
    for (const path of [
      '/docs',
      '/docs/',
      '/docs/index.html',
      '/docs/swagger-ui.css',
      '/docs/swagger-ui-init.js',
      '/openapi.json',
      '/docs-json',
      '/docs-yaml',
    ]) {
      const { status, body } = await client.get(path);
      expect([path, status, body.code]).toEqual([path, 404, 'not_found']);
    }
    await target.close();
  });
});

describe('RST-20: an address of ours with a secret in it', () => {
  it('tells no other site, and loads nothing from any', async () => {
    const target = await startApp();
    const client = new Client(target);
    const pages = ['/docs', '/reset-password', '/verify-email', '/api/auth/password/reset', '/openapi.json'];
    for (const page of pages) {
      const { headers, body } = await client.get(`${page}?token=${CANARY}`);
      expect([page, headers.get('referrer-policy')]).toEqual([page, 'no-referrer']);
      expect(headers.get('content-security-policy'), page).toMatch(/^default-src 'none'/);
      expect(headers.get('content-security-policy'), page).not.toMatch(/https?:|\*/);
      expect(JSON.stringify(body ?? ''), page).not.toContain(CANARY);
      expect(JSON.stringify(body ?? ''), page).not.toMatch(/(?:src|href)=\\?"(?:https?:)?\/\//);
    }
    await target.close();
  });
});

describe('without CORS_ORIGINS', () => {
  it('NX-08: no other origin is let in, and that of the service needs no leave', async () => {
    const target = await startApp();
    const client = new Client(target);
    for (const origin of ['https://evil.test', 'http://localhost:3000', 'null']) {
      const { headers } = await client.get('/api/auth/settings', { headers: { origin } });
      expect([origin, headers.get('access-control-allow-origin')]).toEqual([origin, null]);
    }
    await target.close();
  });
});

async function rawFetch(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}
