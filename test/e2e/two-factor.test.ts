import { APP_GUARD } from '@nestjs/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AccountModule } from '../../src/account/account.module.js';
import { AuthModule } from '../../src/auth/auth.module.js';
import type { Environment } from '../../src/config/environment.js';
import { JwtAuthGuard } from '../../src/guard/jwt-auth.guard.js';
import { type TestApp, startApp } from '../support/app.js';
import { Authenticator, enrol } from '../support/authenticator.js';
import { Client, PASSWORD, setCookies } from '../support/client.js';
import { decodeToken } from '../support/forge.js';
import { type HostApp, startHost } from '../support/host-app.js';
import { untilOneWaits } from '../support/lock-waits.js';
import { beginSignIn, registerVerified } from '../support/people.js';

const TWO_FACTOR = '/api/user/two-factor';
const CHALLENGE = '/api/auth/challenge';

describe('Two-factor authentication', () => {
  let app: TestApp;
  let client: Client;

  beforeAll(async () => {
    app = await startApp();
    client = new Client(app);
  });
  beforeEach(() => app.clock.reset());
  afterAll(() => app.close());

  const sql = (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
    app.database.query(text, values);
  const answer = (id: string, proof: object, options = {}): ReturnType<Client['post']> =>
    client.post(CHALLENGE, { id, ...proof }, options);

  describe('enrolling', () => {
    it('TF-01 shows a secret of 160 bits, as text, URI and QR code, and says nothing of it again', async () => {
      const { email, token } = await registerVerified(app);
      const { status, body, headers } = await client.post(TWO_FACTOR, {}, { token });
      expect(status).toBe(201);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(body.secret).toMatch(/^[A-Z2-7]{32}$/);
      const uri = new URL(body.otpauthUri);
      expect([uri.protocol, uri.host]).toEqual(['otpauth:', 'totp']);
      expect(decodeURIComponent(uri.pathname)).toBe(`/localhost:3000:${email}`);
      expect(uri.searchParams.get('secret')).toBe(body.secret);
      expect(body.qrSvg).toMatch(
        /^<svg [^>]+><rect width="100%" height="100%" fill="#fff"\/><path fill="#000" d="[^"]+"\/?>/,
      );
      const minutes = (Date.parse(body.expiresAt) - Date.now()) / 60_000;
      expect(minutes).toBeGreaterThan(9);
      expect(minutes).toBeLessThanOrEqual(10.1);
      const status_ = await client.get(TWO_FACTOR, { token });
      expect(status_.body).toEqual({ enabled: false, methods: [], confirmedAt: null, recoveryCodesLeft: 0 });
      expect((await client.login(email)).body.token).toBeTypeOf('string');
    });

    it('TF-02, RFR-06: a first code turns it on, gives eight recovery codes and ends the other sessions', async () => {
      const person = await registerVerified(app);
      const other = (await client.login(person.email)).body;
      const { recoveryCodes } = await enrol(app, person);
      expect(new Set(recoveryCodes).size).toBe(8);
      for (const code of recoveryCodes)
        expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$/);
      expect((await client.get('/api/user', { token: other.token })).body.code).toBe('session_revoked');
      const ended = await client.post('/api/auth/refresh', { refreshToken: other.refreshToken });
      expect([ended.status, ended.body.code]).toEqual([401, 'session_revoked']);
      const refreshed = await client.post('/api/auth/refresh', { refreshToken: person.refreshToken });
      expect(decodeToken(refreshed.body.token).payload.amr).toEqual(['pwd', 'otp', 'mfa']);
      const { body } = await client.get(TWO_FACTOR, { token: person.token });
      expect(body).toEqual({
        enabled: true,
        methods: ['totp'],
        confirmedAt: expect.any(String),
        recoveryCodesLeft: 8,
      });
    });

    it('HJK-03: an unverified account cannot add a factor', async () => {
      const { token } = await client.register();
      expect((await client.post(TWO_FACTOR, {}, { token })).body).toMatchObject({
        status: 403,
        code: 'email_not_verified',
      });
    });

    it('TF-01 a session that is not fresh must be confirmed first', async () => {
      const { token } = await registerVerified(app);
      app.clock.advanceSeconds(16 * 60);
      for (const [method, path, body] of [
        ['POST', TWO_FACTOR, {}],
        ['POST', `${TWO_FACTOR}/confirm`, { code: '000000' }],
        ['POST', `${TWO_FACTOR}/recovery-codes`, undefined],
        ['DELETE', TWO_FACTOR, { code: '000000' }],
      ] as const) {
        const refused = await client.request(method, path, { token, body });
        expect([refused.status, refused.body.code], `${method} ${path}`).toEqual([403, 'step_up_required']);
      }
    });

    it('TF-02 turns nothing on in a session that ends meanwhile', async () => {
      const { id, email, token } = await registerVerified(app);
      const { body } = await client.post(TWO_FACTOR, {}, { token });
      const code = new Authenticator(app, body.secret).code();
      const { confirming } = await app.database.transaction(async (manager) => {
        await manager.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [id]);
        const sent = client.post(`${TWO_FACTOR}/confirm`, { code }, { token });
        await untilOneWaits(app.database);
        await manager.query('UPDATE sessions SET ended_at = now() WHERE user_id = $1', [id]);
        return { confirming: sent };
      });
      expect((await confirming).body.code).toBe('session_revoked');
      expect((await client.login(email)).body.token).toBeTypeOf('string');
    });

    it('TF-01 makes no secret for somebody who is deleted meanwhile', async () => {
      const { id, token } = await registerVerified(app);
      const { starting } = await app.database.transaction(async (manager) => {
        await manager.query('DELETE FROM users WHERE id = $1', [id]);
        const sent = client.post(TWO_FACTOR, {}, { token });
        await untilOneWaits(app.database);
        return { starting: sent };
      });
      expect((await starting).body.code).toBe('session_revoked');
    });

    it('MFA-09: five wrong codes end the pending secret, and nothing is turned on', async () => {
      const { email, token } = await registerVerified(app);
      const { body } = await client.post(TWO_FACTOR, {}, { token });
      const authenticator = new Authenticator(app, body.secret);
      const confirm = (code: unknown): ReturnType<Client['post']> =>
        client.post(`${TWO_FACTOR}/confirm`, { code }, { token });
      for (const code of [undefined, null, 123_456, '12345', '1234567', '１２３４５６', ['123456']]) {
        expect((await confirm(code)).status).toBe(400);
      }
      for (let tries = 0; tries < 5; tries += 1) {
        expect((await confirm(authenticator.wrongCode())).body.code).toBe('code_invalid');
      }
      expect((await confirm(authenticator.code())).body.code).toBe('challenge_invalid');
      expect((await client.login(email)).body.token).toBeTypeOf('string');
      // A new start gives new tries.
      const again = await client.post(TWO_FACTOR, {}, { token });
      expect((await confirm(new Authenticator(app, again.body.secret).code())).status).toBe(200);
    });

    it('MFA-09: the pending secret is good for ten minutes, and for one confirmation', async () => {
      const { id, token } = await registerVerified(app);
      const { body } = await client.post(TWO_FACTOR, {}, { token });
      const authenticator = new Authenticator(app, body.secret);
      await sql(
        "UPDATE totp_secrets SET pending_expires_at = now() - interval '1 second' WHERE user_id = $1",
        [id],
      );
      const late = await client.post(`${TWO_FACTOR}/confirm`, { code: authenticator.code() }, { token });
      expect(late.body.code).toBe('challenge_invalid');
      await sql(
        "UPDATE totp_secrets SET pending_expires_at = now() + interval '1 minute' WHERE user_id = $1",
        [id],
      );
      const answers = await Promise.all(
        Array.from({ length: 4 }, () =>
          client.post(`${TWO_FACTOR}/confirm`, { code: authenticator.code() }, { token }),
        ),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 422, 422, 422]);
    });

    it('MFA-09: starting again over an active secret needs a code of it, and leaves it untouched until confirmed', async () => {
      const { email, token, authenticator, recoveryCodes } = await enrol(app);
      expect((await client.post(TWO_FACTOR, {}, { token })).status).toBe(400);
      const wrong = await client.post(TWO_FACTOR, { code: authenticator.wrongCode() }, { token });
      expect(wrong.body.code).toBe('code_invalid');
      const started = await client.post(TWO_FACTOR, { code: authenticator.next() }, { token });
      expect(started.status).toBe(201);
      const newer = new Authenticator(app, started.body.secret);
      const id = await beginSignIn(app, email);
      expect((await answer(id, { code: newer.code() })).body.code).toBe('code_invalid');
      expect((await answer(id, { code: authenticator.next() })).status).toBe(200);
      const confirmed = await client.post(`${TWO_FACTOR}/confirm`, { code: newer.next() }, { token });
      expect(confirmed.body).toEqual({ recoveryCodes: null });
      const next = await beginSignIn(app, email);
      expect((await answer(next, { code: authenticator.next() })).body.code).toBe('code_invalid');
      expect((await answer(next, { code: newer.code() })).status).toBe(200);
      // The recovery codes are still those of before.
      const last = await beginSignIn(app, email);
      expect((await answer(last, { recoveryCode: recoveryCodes[0] })).status).toBe(200);
    });

    it('MFA-09: a replica that has not heard of the active secret yet does not start over it without a code', async () => {
      const { id, token } = await registerVerified(app);
      await client.post(TWO_FACTOR, {}, { token });
      const { starting } = await app.database.transaction(async (manager) => {
        // As by the first code, at another replica.
        const confirm =
          'UPDATE totp_secrets SET secret = pending_secret, pending_secret = NULL WHERE user_id = $1';
        await manager.query(confirm, [id]);
        const sent = client.post(TWO_FACTOR, {}, { token });
        await untilOneWaits(app.database);
        return { starting: sent };
      });
      expect((await starting).body.code).toBe('code_invalid');
      expect(await sql('SELECT pending_secret FROM totp_secrets WHERE user_id = $1', [id])).toEqual([
        { pending_secret: null },
      ]);
    });
  });

  describe('signing in', () => {
    it('AUTHZ-08: there is no challenge for somebody who is deleted meanwhile', async () => {
      const { id, email } = await enrol(app);
      const { signingIn } = await app.database.transaction(async (manager) => {
        await manager.query('DELETE FROM users WHERE id = $1', [id]);
        const sent = client.login(email);
        await untilOneWaits(app.database);
        return { signingIn: sent };
      });
      const { status, body } = await signingIn;
      expect([status, body.code]).toEqual([401, 'invalid_credentials']);
    });

    it('TF-04 answers a challenge, which becomes a session that says how it was proven', async () => {
      const { email, authenticator } = await enrol(app);
      const { status, body, headers } = await client.login(email);
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(body).toEqual({
        challenge: {
          id: expect.stringMatching(/^[\w-]{43}$/),
          methods: ['totp', 'recovery_code'],
          expiresIn: 300,
        },
      });
      const done = await answer(body.challenge.id, { code: authenticator.next() });
      expect(done.status).toBe(200);
      expect(decodeToken(done.body.token).payload.amr).toEqual(['pwd', 'otp', 'mfa']);
      const session = await client.get('/api/auth/session', { token: done.body.token });
      expect(session.body.session.methods).toEqual(['pwd', 'otp', 'mfa']);
    });

    it('MFA-06: after the password alone there is no session, and no cookie', async () => {
      const { email, id } = await enrol(app);
      const before = await sql('SELECT id FROM sessions WHERE user_id = $1', [id]);
      const headers = { origin: 'http://localhost:3000' };
      const begun = await client.post(
        '/api/auth/login',
        { login: email, password: PASSWORD, transport: 'cookie' },
        { headers },
      );
      expect(begun.body.challenge.id).toBeTypeOf('string');
      expect(begun.headers.getSetCookie()).toEqual([]);
      expect(await sql('SELECT id FROM sessions WHERE user_id = $1', [id])).toEqual(before);
    });

    it('TF-04 keeps `remember` and the transport; cookies still need an allowed origin', async () => {
      const { email, authenticator } = await enrol(app);
      const origin = 'http://localhost:3000';
      const wishes = { login: email, password: PASSWORD, transport: 'cookie', remember: true };
      const begun = await client.post('/api/auth/login', wishes, { headers: { origin } });
      const { id } = begun.body.challenge;
      const code = authenticator.next();
      const foreign = await answer(id, { code }, { headers: { origin: 'https://evil.example' } });
      expect(foreign.body.code).toBe('csrf_rejected');
      const done = await answer(id, { code }, { headers: { origin } });
      expect(done.status).toBe(200);
      expect(done.body.token).toBeUndefined();
      expect(Object.keys(setCookies(done)).sort()).toEqual(['refresh', 'session']);
      const days = (Date.parse(done.body.refreshExpiresAt) - Date.now()) / 86_400_000;
      expect(days).toBeGreaterThan(13);
    });

    it('NX-07 takes the code, or a recovery code, along with the password', async () => {
      const { email, authenticator, recoveryCodes } = await enrol(app);
      const withCode = await client.login(email, PASSWORD, { code: authenticator.next() });
      expect(decodeToken(withCode.body.token).payload.amr).toEqual(['pwd', 'otp', 'mfa']);
      const withRecovery = await client.login(email, PASSWORD, { recoveryCode: recoveryCodes[0] });
      expect(withRecovery.body.token).toBeTypeOf('string');
      const wrong = await client.login(email, PASSWORD, { code: authenticator.wrongCode() });
      expect([wrong.status, wrong.body.code]).toEqual([422, 'code_invalid']);
      for (const code of [123_456, '12345', null]) {
        expect((await client.login(email, PASSWORD, { code })).status).toBe(400);
      }
    });

    it('ENUM-09: a wrong password is the same with and without a second factor', async () => {
      const { email } = await enrol(app);
      const plain = await registerVerified(app);
      for (const fields of [{}, { code: '123456' }, { recoveryCode: 'x' }]) {
        const [a, b] = await Promise.all(
          [email, plain.email].map((login) => client.login(login, 'wrong horse battery', fields)),
        );
        expect({ ...a?.body, requestId: '' }).toEqual({ ...b?.body, requestId: '' });
        expect([a?.status, a?.body.code]).toEqual([401, 'invalid_credentials']);
      }
    });

    it('SS-04 a ban is told only after the second factor', async () => {
      const { id, email, authenticator } = await enrol(app);
      await sql('UPDATE users SET banned_at = now() WHERE id = $1', [id]);
      const challenge = await beginSignIn(app, email);
      expect((await answer(challenge, { code: authenticator.wrongCode() })).body.code).toBe('code_invalid');
      expect((await answer(challenge, { code: authenticator.next() })).body.code).toBe('user_banned');
    });

    it('MFA-01: a code counts once, also for another challenge', async () => {
      const { email, authenticator } = await enrol(app);
      const [first, second] = [await beginSignIn(app, email), await beginSignIn(app, email)];
      const code = authenticator.next();
      expect((await answer(first, { code })).status).toBe(200);
      expect((await answer(second, { code })).body.code).toBe('code_invalid');
      expect((await client.login(email, PASSWORD, { code })).body.code).toBe('code_invalid');
    });

    it('MFA-01: of fifty challenges answered at once with one code a single one becomes a session', async () => {
      const { id, email, authenticator } = await enrol(app);
      const challenges: string[] = [];
      for (let count = 0; count < 50; count += 1) challenges.push(await beginSignIn(app, email));
      const before = await sql('SELECT id FROM sessions WHERE user_id = $1', [id]);
      const code = authenticator.next();
      const answers = await Promise.all(challenges.map((challenge) => answer(challenge, { code })));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ body }) => body.code === 'code_invalid')).toHaveLength(49);
      const after = await sql('SELECT id FROM sessions WHERE user_id = $1', [id]);
      expect(after).toHaveLength(before.length + 1);
    });

    it.each([
      [-2, 'code_invalid'],
      [-1, undefined],
      [0, undefined],
      [1, undefined],
      [2, 'code_invalid'],
    ])('MFA-03: the code of step %i answers %s', async (step, code) => {
      const { email, authenticator } = await enrol(app);
      app.clock.advanceSeconds(120);
      const challenge = await beginSignIn(app, email);
      const { body } = await answer(challenge, { code: authenticator.code(step) });
      expect(body.code).toBe(code);
    });

    it('MFA-03: a code that is not newer than the last one used is refused', async () => {
      const { email, authenticator } = await enrol(app);
      app.clock.advanceSeconds(120);
      const challenge = await beginSignIn(app, email);
      const older = authenticator.code(0);
      expect((await answer(challenge, { code: authenticator.code(1) })).status).toBe(200);
      const next = await beginSignIn(app, email);
      expect((await answer(next, { code: older })).body.code).toBe('code_invalid');
    });

    it('MFA-15: no used code works again when the clock goes back', async () => {
      const { email, authenticator } = await enrol(app);
      app.clock.advanceSeconds(7200);
      const used = authenticator.code();
      expect((await answer(await beginSignIn(app, email), { code: used })).status).toBe(200);
      for (const seconds of [-60, -3600, 3600, 60]) {
        app.clock.advanceSeconds(seconds);
        const challenge = await beginSignIn(app, email);
        expect((await answer(challenge, { code: used })).body.code).toBe('code_invalid');
        const now = await answer(challenge, { code: authenticator.code() });
        expect(now.body.code, `the code of ${seconds} s later`).toBe('code_invalid');
      }
      expect((await answer(await beginSignIn(app, email), { code: authenticator.next() })).status).toBe(200);
    });

    it('MFA-07: a challenge is no token, ends after five minutes, and is answered once', async () => {
      const { email, authenticator } = await enrol(app);
      const id = await beginSignIn(app, email);
      expect((await client.get('/api/user', { token: id })).body.code).toBe('token_invalid');
      const refresh = await client.post('/api/auth/refresh', { refreshToken: id });
      expect(refresh.body.code).toBe('refresh_token_invalid');
      expect((await answer(id, { code: authenticator.next() })).status).toBe(200);
      expect((await answer(id, { code: authenticator.next() })).body.code).toBe('challenge_invalid');
      const late = await beginSignIn(app, email);
      await sql("UPDATE sign_in_challenges SET expires_at = now() - interval '1 second'");
      expect((await answer(late, { code: authenticator.next() })).body.code).toBe('challenge_invalid');
    });

    it('TF-05 five wrong answers end a challenge, however many come at once', async () => {
      const { email, authenticator } = await enrol(app);
      const id = await beginSignIn(app, email);
      const code = authenticator.wrongCode();
      const answers = await Promise.all(Array.from({ length: 20 }, () => answer(id, { code })));
      expect(answers.filter(({ body }) => body.code === 'code_invalid')).toHaveLength(5);
      expect(answers.filter(({ body }) => body.code === 'challenge_invalid')).toHaveLength(15);
      expect((await answer(id, { code: authenticator.next() })).body.code).toBe('challenge_invalid');
    });

    it('ENUM-11: an unknown challenge says no more than a dead one; without a proof nothing is counted', async () => {
      const { email, authenticator } = await enrol(app);
      expect((await answer('x'.repeat(43), { code: '000000' })).body).toMatchObject({
        status: 422,
        code: 'challenge_invalid',
      });
      const id = await beginSignIn(app, email);
      for (let tries = 0; tries < 6; tries += 1) expect((await answer(id, {})).status).toBe(400);
      expect((await answer(id, { code: authenticator.next() })).status).toBe(200);
    });

    it('MFA-12: the code of one person is nothing to another', async () => {
      const [ada, eve] = [await enrol(app), await enrol(app)];
      const id = await beginSignIn(app, ada.email);
      expect((await answer(id, { code: eve.authenticator.next() })).body.code).toBe('code_invalid');
      expect((await answer(id, { recoveryCode: eve.recoveryCodes[0] })).body.code).toBe('code_invalid');
    });

    it('RST-15: a challenge dies with a change of the password, and with a ban', async () => {
      const { email, token, authenticator } = await enrol(app);
      const id = await beginSignIn(app, email);
      const passwords = { currentPassword: PASSWORD, newPassword: 'another horse battery' };
      expect((await client.post('/api/user/password', passwords, { token })).status).toBe(204);
      expect((await answer(id, { code: authenticator.next() })).body.code).toBe('challenge_invalid');
    });

    it('RST-14: a reset leaves the second factor on', async () => {
      const { email, authenticator } = await enrol(app);
      await client.post('/api/auth/password/forgot', { email });
      const { token } = await app.mailbox.newest(email, /password/i);
      const password = 'another horse battery';
      const reset = await client.post('/api/auth/password/reset', { token, password });
      expect([reset.status, reset.headers.getSetCookie()]).toEqual([204, []]);
      const { body } = await client.login(email, password);
      expect(body.challenge.methods).toContain('totp');
      expect((await answer(body.challenge.id, { code: authenticator.next() })).status).toBe(200);
    });

    it('a factor that is turned on while somebody signs in with the password alone is not passed by', async () => {
      const person = await registerVerified(app);
      const started = await client.post(TWO_FACTOR, {}, { token: person.token });
      const authenticator = new Authenticator(app, started.body.secret);
      const [confirmed, ...signedIn] = await Promise.all([
        client.post(`${TWO_FACTOR}/confirm`, { code: authenticator.code() }, { token: person.token }),
        ...Array.from({ length: 8 }, () => client.login(person.email)),
      ]);
      expect(confirmed.status).toBe(200);
      const live = signedIn.filter(({ body }) => body.token !== undefined);
      const usable = await Promise.all(
        live.map(({ body }) => client.get('/api/user', { token: body.token })),
      );
      expect(usable.filter(({ status }) => status === 200)).toEqual([]);
    });
  });

  describe('recovery codes', () => {
    it('MFA-10: each works once, whatever its case and hyphens, also in a race', async () => {
      const { email, token, recoveryCodes } = await enrol(app);
      const [first = '', second = ''] = recoveryCodes;
      const folded = first.toLowerCase().replaceAll('-', ' ');
      expect((await answer(await beginSignIn(app, email), { recoveryCode: folded })).status).toBe(200);
      const again = await answer(await beginSignIn(app, email), { recoveryCode: first });
      expect(again.body.code).toBe('code_invalid');
      const challenges = await Promise.all(Array.from({ length: 20 }, () => beginSignIn(app, email)));
      const answers = await Promise.all(challenges.map((id) => answer(id, { recoveryCode: second })));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect((await client.get(TWO_FACTOR, { token })).body.recoveryCodesLeft).toBe(6);
    });

    it('TF-08 new ones kill the old ones', async () => {
      const { email, token, recoveryCodes } = await enrol(app);
      const { status, body } = await client.post(`${TWO_FACTOR}/recovery-codes`, undefined, { token });
      expect([status, body.recoveryCodes.length]).toEqual([200, 8]);
      const id = await beginSignIn(app, email);
      expect((await answer(id, { recoveryCode: recoveryCodes[0] })).body.code).toBe('code_invalid');
      expect((await answer(id, { recoveryCode: body.recoveryCodes[0] })).status).toBe(200);
      const { token: without } = await registerVerified(app);
      expect((await client.post(`${TWO_FACTOR}/recovery-codes`, undefined, { token: without })).status).toBe(
        404,
      );
    });

    it('MFA-16: no secret and no code is stored as it is; somebody else’s secret opens nothing', async () => {
      const [ada, eve] = [await enrol(app), await enrol(app)];
      const [dump] = await sql(
        `SELECT (SELECT string_agg(t::text, '') FROM totp_secrets t)
           || (SELECT string_agg(r::text, '') FROM recovery_codes r) AS text`,
      );
      for (const code of [...ada.recoveryCodes, ...eve.recoveryCodes]) {
        for (const shape of [code, code.replaceAll('-', '')]) {
          expect(dump?.text).not.toContain(shape);
          expect(dump?.text).not.toContain(Buffer.from(shape).toString('hex'));
        }
      }
      await sql(
        `UPDATE totp_secrets t SET secret = o.secret FROM totp_secrets o
         WHERE (t.user_id, o.user_id) IN (($1, $2), ($2, $1))`,
        [ada.id, eve.id],
      );
      const id = await beginSignIn(app, ada.email);
      for (const code of [ada.authenticator.next(), eve.authenticator.code()]) {
        expect((await answer(id, { code })).body).toMatchObject({ status: 422, code: 'code_invalid' });
      }
    });
  });

  describe('turning it off', () => {
    it('MFA-08, RFR-06: needs a fresh session and a code; then everything is wiped and other sessions end', async () => {
      const { id, email, token, authenticator } = await enrol(app);
      const other = await answer(await beginSignIn(app, email), { code: authenticator.next() });
      const off = (body?: object): ReturnType<Client['delete']> => client.delete(TWO_FACTOR, body, { token });
      expect((await off()).status).toBe(400);
      expect((await off({})).status).toBe(400);
      expect((await off({ code: authenticator.wrongCode() })).body.code).toBe('code_invalid');
      expect((await off({ code: authenticator.next() })).status).toBe(204);
      for (const table of ['totp_secrets', 'recovery_codes']) {
        expect(await sql(`SELECT 1 FROM ${table} WHERE user_id = $1`, [id])).toEqual([]);
      }
      expect((await client.get('/api/user', { token: other.body.token })).body.code).toBe('session_revoked');
      const ended = await client.post('/api/auth/refresh', { refreshToken: other.body.refreshToken });
      expect([ended.status, ended.body.code]).toEqual([401, 'session_revoked']);
      expect((await client.login(email)).body.token).toBeTypeOf('string');
      expect((await off({ code: authenticator.next() })).status).toBe(404);
    });

    it('TF-09 a recovery code does, too', async () => {
      const { email, token, recoveryCodes } = await enrol(app);
      const off = await client.delete(TWO_FACTOR, { recoveryCode: recoveryCodes[0] }, { token });
      expect(off.status).toBe(204);
      expect((await client.login(email)).body.token).toBeTypeOf('string');
    });
  });

  it('ML-03 the owner is told of every change, when and whence', async () => {
    const { email, token, authenticator, recoveryCodes } = await enrol(app);
    const on = await app.mailbox.newest(email, /authenticator app was set up/);
    expect(on.text).toContain('When: ');
    for (const code of recoveryCodes.slice(0, 6)) {
      await answer(await beginSignIn(app, email), { recoveryCode: code });
    }
    const low = await app.mailbox.newest(email, /few recovery codes/);
    expect(low.text).toContain('2 are left');
    await client.post(`${TWO_FACTOR}/recovery-codes`, undefined, { token });
    await app.mailbox.newest(email, /new recovery codes/);
    await client.delete(TWO_FACTOR, { code: authenticator.next() }, { token });
    await app.mailbox.newest(email, /turned off/);
    const all = await app.mailbox.all(email);
    expect(all.filter(({ subject }) => /few recovery/.test(subject))).toHaveLength(1);
    for (const { text, html } of all) {
      for (const code of recoveryCodes) expect(text + html).not.toContain(code);
    }
  });

  describe('step-up', () => {
    it('SS-16 asks for the second factor, too, where one is on', async () => {
      const { token, authenticator } = await enrol(app);
      const confirm = (body: object): ReturnType<Client['post']> =>
        client.post('/api/user/confirm-password', body, { token });
      app.clock.advanceSeconds(16 * 60);
      expect((await client.post(`${TWO_FACTOR}/recovery-codes`, undefined, { token })).status).toBe(403);
      expect((await confirm({ password: PASSWORD })).status).toBe(400);
      expect((await confirm({ code: authenticator.next() })).status).toBe(400);
      const wrongPassword = await confirm({ password: 'wrong', code: authenticator.next() });
      expect(wrongPassword.body.code).toBe('password_incorrect');
      const wrongCode = await confirm({ password: PASSWORD, code: authenticator.wrongCode() });
      expect(wrongCode.body.code).toBe('code_invalid');
      // The code that came with a wrong password is not used up.
      const confirmed = await confirm({ password: PASSWORD, code: authenticator.code() });
      expect(confirmed.status).toBe(200);
      app.clock.reset();
      expect((await client.post(`${TWO_FACTOR}/recovery-codes`, undefined, { token })).status).toBe(200);
    });

    it('SS-16 a code serves somebody who has no password', async () => {
      const { id, token, authenticator } = await enrol(app);
      await sql('DELETE FROM passwords WHERE user_id = $1', [id]);
      const code = authenticator.next();
      const confirmed = await client.post('/api/user/confirm-password', { code }, { token });
      expect(confirmed.status).toBe(200);
    });
  });

  describe('TWO_FACTOR', () => {
    it('TF-11 required: without one only setting one up and signing out answer', async () => {
      const strict = await startApp({ TWO_FACTOR: 'required' }, app);
      const through = new Client(strict);
      const person = await registerVerified(strict);
      const { token } = person;
      for (const path of ['/api/auth/session', '/api/user', '/api/user/sessions']) {
        expect((await through.get(path, { token })).body, path).toMatchObject({
          status: 403,
          code: 'two_factor_required',
        });
      }
      const mail = await through.post('/api/user/email/verification', {}, { token });
      expect(mail.status).toBe(202);
      const confirmed = await through.post('/api/user/confirm-password', { password: PASSWORD }, { token });
      expect(confirmed.status).toBe(200);
      await enrol(strict, person);
      expect((await through.get('/api/user', { token })).status).toBe(200);
      const other = await registerVerified(strict);
      expect((await through.post('/api/auth/logout', {}, { token: other.token })).status).toBe(204);
      await strict.close();
    });

    it('MFA-14: required holds for sessions from before, and for what refreshing gives', async () => {
      const before = await registerVerified(app);
      const strict = await startApp({ TWO_FACTOR: 'required' }, app);
      const through = new Client(strict);
      const refreshed = await through.post('/api/auth/refresh', { refreshToken: before.refreshToken });
      for (const token of [before.token, refreshed.body.token]) {
        expect((await through.get('/api/user', { token })).body.code).toBe('two_factor_required');
      }
      const again = await through.login(before.email);
      const { body } = await through.get('/api/user', { token: again.body.token });
      expect(body.code).toBe('two_factor_required');
      await strict.close();
    });

    it('MFA-14: required holds again when the last factor is turned off', async () => {
      const strict = await startApp({ TWO_FACTOR: 'required' }, app);
      const through = new Client(strict);
      const { token, recoveryCodes } = await enrol(strict);
      const off = await through.delete(TWO_FACTOR, { recoveryCode: recoveryCodes[0] }, { token });
      expect(off.status).toBe(204);
      expect((await through.get('/api/user', { token })).body.code).toBe('two_factor_required');
      await strict.close();
    });

    it('RG-08 says what people can turn on', async () => {
      const { body } = await client.get('/api/auth/settings');
      expect(body.twoFactor).toBe('optional');
      expect(body.secondFactors).toContain('totp');
      expect(body.secondFactors).not.toContain('recovery_code');
    });

    it('TF-11 off: nobody is asked, and none can be set up', async () => {
      const { email } = await enrol(app);
      const off = await startApp({ TWO_FACTOR: 'off' }, app);
      const through = new Client(off);
      const { body } = await through.login(email);
      expect(body.token).toBeTypeOf('string');
      const confirmation = { password: PASSWORD };
      const confirmed = await through.post('/api/user/confirm-password', confirmation, { token: body.token });
      expect(confirmed.status).toBe(200);
      const { token } = await registerVerified(off);
      expect((await through.post(TWO_FACTOR, {}, { token })).status).toBe(404);
      const settings = await through.get('/api/auth/settings');
      expect(settings.body).toMatchObject({ twoFactor: 'off', secondFactors: [] });
      await off.close();
    });
  });

  describe('where the feature was deleted, on a database that has factors', () => {
    let without: HostApp;
    let through: Client;

    beforeAll(async () => {
      const { DATABASE_URL, DATA_DIR } = app.environment;
      const overrides = { DATABASE_URL, DATA_DIR };
      const parts = (environment: Environment): object => ({
        imports: [AuthModule.forRoot(environment), AccountModule],
        providers: [{ provide: APP_GUARD, useExisting: JwtAuthGuard }],
      });
      without = await startHost(parts, overrides);
      through = new Client(without);
    });
    afterAll(() => without.close());

    it('MFA-14: the password alone is not enough; a recovery code is', async () => {
      const { email, token, authenticator, recoveryCodes } = await enrol(app);
      const { body } = await through.login(email);
      expect(body.token).toBeUndefined();
      expect(body.challenge.methods).toEqual(['recovery_code']);
      const { id } = body.challenge;
      for (const proof of [{ code: authenticator.next() }, { recoveryCode: 'AAAA' }]) {
        expect((await through.post(CHALLENGE, { id, ...proof })).body.code).toBe('code_invalid');
      }
      const signedIn = await through.post(CHALLENGE, { id, recoveryCode: recoveryCodes[0] });
      expect(decodeToken(signedIn.body.token).payload.amr).toEqual(['pwd', 'otp', 'mfa']);
      const alone = await through.post('/api/user/confirm-password', { password: PASSWORD }, { token });
      expect(alone.status).toBe(400);
    });

    it('who has no factor is asked for none', async () => {
      const { email } = await registerVerified(app);
      expect((await through.login(email)).body.token).toBeTypeOf('string');
    });
  });
});
