import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client } from '../support/client.js';
import { QueryLog } from '../support/query-log.js';
import { basic, ServiceCaller } from '../support/service-caller.js';

const ENDPOINTS = ['/oauth/introspect', '/oauth/revoke'];
const UNKNOWN = '019b7700-0000-7000-8000-000000000001';

describe('service clients', () => {
  let target: TestApp;
  let client: Client;
  let service: ServiceCaller;

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
    service = await ServiceCaller.create(target, 'tokens:introspect', 'tokens:revoke');
  });
  afterAll(() => target.close());

  const post = (path: string, form: object, headers: Record<string, string> = {}): Promise<Answer> =>
    client.request('POST', path, { form: form as Record<string, string>, headers });

  function expectInvalidClient({ status, headers, body }: Answer, what: string): void {
    expect([what, status, body]).toEqual([
      what,
      401,
      { error: 'invalid_client', error_description: 'This needs the credentials of a service client.' },
    ]);
    expect(headers.get('www-authenticate')).toBe('Basic realm="tokenhouse"');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toMatch(/^application\/json/);
  }

  it('authenticate by HTTP Basic, or in the form', async () => {
    const inForm = { client_id: service.id, client_secret: service.secret };
    const encoded = (text: string): string => text.replace(/./g, (c) => `%${c.charCodeAt(0).toString(16)}`);
    for (const path of ENDPOINTS) {
      expect((await post(path, { token: 'x' }, { authorization: service.authorization })).status).toBe(200);
      expect((await post(path, { token: 'x', ...inForm })).status).toBe(200);
      const authorization = basic(encoded(service.id), encoded(service.secret));
      expect((await post(path, { token: 'x' }, { authorization })).status).toBe(200);
    }
  });

  it('never in both ways at once (RFC 6749, section 2.3)', async () => {
    const both = { token: 'x', client_id: service.id, client_secret: service.secret };
    for (const path of ENDPOINTS) {
      const { status, body } = await post(path, both, { authorization: service.authorization });
      expect([status, body.error]).toEqual([400, 'invalid_request']);
      const named = { token: 'x', client_id: service.id };
      expect((await post(path, named, { authorization: service.authorization })).status).toBe(200);
    }
  });

  it('are refused without good credentials, the same for a known and an unknown one', async () => {
    const { token } = await client.register();
    const wrong = service.secret.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'));
    const headers: Record<string, string> = {
      'no credentials': '',
      'a wrong secret': basic(service.id, wrong),
      'no secret': basic(service.id, ''),
      'an unknown client': basic(UNKNOWN, service.secret),
      'an id that is none': basic("' OR 1=1 --", service.secret),
      'a NUL': basic(`${service.id}\0`, service.secret),
      'no colon': `Basic ${Buffer.from(service.id).toString('base64')}`,
      'no base64': 'Basic ***',
      'a broken encoding': basic(service.id, '%E0%A4%A'),
      'a bearer token': `Bearer ${token}`,
    };
    for (const path of ENDPOINTS) {
      for (const [what, authorization] of Object.entries(headers)) {
        expectInvalidClient(await post(path, { token }, authorization ? { authorization } : {}), what);
      }
      for (const form of [
        { client_id: service.id },
        { client_secret: service.secret },
        { client_id: service.id, client_secret: wrong },
        { client_id: UNKNOWN, client_secret: service.secret },
      ]) {
        expectInvalidClient(await post(path, { token, ...form }), JSON.stringify(form));
      }
    }
    expect((await client.get('/api/user', { token })).status).toBe(200);
  });

  it('are asked for before the token is looked at', async () => {
    const { token } = await client.register();
    const queries = new QueryLog(target.database);
    const asked = await queries.of('sessions', async () => {
      for (const path of ENDPOINTS) expectInvalidClient(await post(path, { token }), path);
      for (const path of ENDPOINTS) expectInvalidClient(await post(path, {}), path);
    });
    expect(asked).toEqual([]);
  });

  it('may do what their scopes say and nothing else', async () => {
    const { token } = await client.register();
    const reader = await ServiceCaller.create(target, 'tokens:introspect', 'revocations:read');
    const revoker = await ServiceCaller.create(target, 'tokens:revoke');
    expect((await reader.introspect(token)).body.active).toBe(true);
    for (const [path, caller] of [
      ['/oauth/revoke', reader],
      ['/oauth/introspect', revoker],
    ] as const) {
      const { status, body } = await caller.post(path, { token });
      expect([path, status, body.error]).toEqual([path, 403, 'insufficient_scope']);
    }
    expect((await reader.introspect(token)).body.active).toBe(true);
  });

  it('are no people: a bearer token opens nothing here, and their secret nothing elsewhere', async () => {
    const { authorization } = service;
    expect((await client.get('/api/user', { headers: { authorization } })).body.code).toBe('token_invalid');
  });

  describe('and the bodies of their routes', () => {
    const headers = (type: string): Record<string, string> => ({
      authorization: service.authorization,
      'content-type': type,
    });

    it('INJ-10: are forms; anything else is 415, in the words of OAuth', async () => {
      const { token } = await client.register();
      for (const path of ENDPOINTS) {
        for (const type of [
          'application/json',
          'text/plain',
          'multipart/form-data; boundary=x',
          'application/xml',
          'application/x-www-form-urlencoded; charset=utf-7',
        ]) {
          // prettier-ignore
          const { status, body } = await client.request('POST', path, { body: { token }, headers: headers(type) });
          expect([path, type, status, body.error]).toEqual([path, type, 415, 'invalid_request']);
        }
      }
      expect((await client.get('/api/user', { token })).status).toBe(200);
    });

    it('INJ-10: and no other route takes a form, however its path is spelt', async () => {
      const form = { login: 'ada@example.com', password: 'correct horse battery' };
      for (const path of [
        '/api/auth/login',
        '/%61pi/auth/login',
        '/api/auth/login?/oauth/introspect',
        '/api/auth/%6cogin',
        '/api/user/password',
        '/api/auth/logout',
      ]) {
        // prettier-ignore
        const { status, body } = await client.request('POST', path, { form });
        expect([path, status, body.code]).toEqual([path, 415, 'unsupported_media_type']);
      }
      for (const path of ['/oauth/../api/auth/login', '/oauth/%2e%2e/api/auth/login', '/oauth//introspect']) {
        expect([415, 404]).toContain((await client.request('POST', path, { form })).status);
      }
    });

    it('INJ-08, INJ-11: are refused in the same words when they are too large or odd', async () => {
      const tooLarge = await service.post('/oauth/introspect', { token: 'x'.repeat(110_000) });
      expect([tooLarge.status, tooLarge.body.error]).toEqual([413, 'invalid_request']);
      for (const name of ['__proto__', 'constructor']) {
        const { status, body } = await service.post('/oauth/introspect', [
          ['token', 'x'],
          [name, 'x'],
        ]);
        expect([name, status, body.error]).toEqual([name, 400, 'invalid_request']);
      }
      const many = Array.from({ length: 2_000 }, (_, index) => [`p${index}`, ''] as [string, string]);
      expect((await service.post('/oauth/introspect', [['token', 'x'], ...many])).status).toBe(400);
    });

    it('INJ-10: are not taken together with our cookies', async () => {
      const { token } = await client.register();
      const { status, body } = await client.request('POST', '/oauth/revoke', {
        form: { token, client_id: service.id, client_secret: service.secret },
        cookies: { session: token },
      });
      expect([status, body.error]).toEqual([403, 'access_denied']);
      expect((await client.get('/api/user', { token })).status).toBe(200);
    });

    it('the same routes under other spellings are the same routes', async () => {
      const { status, headers } = await service.post('/%6fauth/introspect', { token: 'x' });
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toBe('no-store');
    });
  });
});
