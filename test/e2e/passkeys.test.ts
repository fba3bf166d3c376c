import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type TestApp, startApp } from '../support/app.js';
import { enrol, type Enrolled } from '../support/authenticator.js';
import { type Answer, Client, PASSWORD, setCookies } from '../support/client.js';
import { eventRows } from '../support/event-rows.js';
import { decodeToken } from '../support/forge.js';
import { untilOneWaits } from '../support/lock-waits.js';
import { beginSignIn, registerVerified } from '../support/people.js';
import { type Behaviour, SoftwareAuthenticator } from '../support/software-authenticator.js';

const RP_ID = 'example.localhost';
const ORIGIN = 'http://example.localhost:3000';
const OTHER_ORIGIN = 'http://admin.example.localhost:3000';
const RELYING_PARTY = { PASSKEY_ORIGINS: `${ORIGIN},${OTHER_ORIGIN}`, PASSKEY_RP_ID: RP_ID };
const PASSKEYS = '/api/user/passkeys';

interface Owner {
  id: string;
  email: string;
  token: string;
  device: SoftwareAuthenticator;
  passkeyId: string;
  recoveryCodes: string[];
}

describe('Passkeys', () => {
  let app: TestApp;
  let client: Client;

  beforeAll(async () => {
    app = await startApp(RELYING_PARTY);
    client = new Client(app);
  });
  beforeEach(() => app.clock.reset());
  afterAll(() => app.close());

  const sql = (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
    app.database.query(text, values);

  async function register(
    token: string,
    device: SoftwareAuthenticator,
    behaviour: Behaviour = {},
    name?: string,
  ): Promise<Answer> {
    const { body } = await client.post(`${PASSKEYS}/options`, undefined, { token });
    return client.post(PASSKEYS, { passkey: device.create(body.options, behaviour), name }, { token });
  }

  /** Somebody whose only second factor is a passkey. */
  async function owner(): Promise<Owner> {
    const person = await registerVerified(app);
    const device = new SoftwareAuthenticator({ origin: ORIGIN });
    const { status, body } = await register(person.token, device);
    expect(status).toBe(201);
    return { ...person, device, passkeyId: body.id, recoveryCodes: body.recoveryCodes };
  }

  const signInOptions = async (challengeId?: string): Promise<Record<string, unknown>> =>
    (await client.post('/api/auth/passkeys/options', { challengeId })).body.options;

  async function signIn(
    device: SoftwareAuthenticator,
    behaviour: Behaviour = {},
    fields = {},
  ): Promise<Answer> {
    const passkey = device.get(await signInOptions(), behaviour);
    return client.post('/api/auth/passkeys/login', { passkey, ...fields });
  }

  const confirmOptions = async (token: string): Promise<Record<string, unknown>> =>
    (await client.post(`${PASSKEYS}/options/confirm`, undefined, { token })).body.options;

  describe('registering', () => {
    it('TF-11 adds one, which is listed, renamed and on as a second factor, with recovery codes', async () => {
      const person = await registerVerified(app);
      const other = (await client.login(person.email)).body;
      const { body: asked, headers } = await client.post(`${PASSKEYS}/options`, undefined, person);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(asked.options).toMatchObject({
        rp: { id: RP_ID },
        user: { name: person.email },
        attestation: 'none',
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      });
      const device = new SoftwareAuthenticator({ origin: ORIGIN });
      const passkey = device.create(asked.options);
      const made = await client.post(PASSKEYS, { passkey, name: 'My phone' }, person);
      expect(made.status).toBe(201);
      expect(made.body).toMatchObject({ name: 'My phone', synced: true, lastUsedAt: null });
      expect(made.body.recoveryCodes).toHaveLength(8);
      expect((await client.get('/api/user', { token: other.token })).body.code).toBe('session_revoked');
      const renamed = await client.patch(`${PASSKEYS}/${made.body.id}`, { name: 'Old phone' }, person);
      expect(renamed.body.name).toBe('Old phone');
      const { body: list } = await client.get(PASSKEYS, person);
      expect(list).toHaveLength(1);
      expect(list[0]).toMatchObject({ id: made.body.id, name: 'Old phone', transports: ['internal'] });
      expect(JSON.stringify(list)).not.toMatch(/publicKey|public_key/);
      const status = await client.get('/api/user/two-factor', person);
      expect(status.body).toMatchObject({ enabled: true, methods: ['passkey'], recoveryCodesLeft: 8 });
      // A second one brings no new codes, and is asked not to be the first once more.
      const again = await client.post(`${PASSKEYS}/options`, undefined, person);
      expect(again.body.options.excludeCredentials).toMatchObject([{ id: passkey.id }]);
      const second = await register(person.token, device);
      expect([second.status, second.body.recoveryCodes]).toEqual([201, undefined]);
    });

    it('HJK-03: not on an unverified account, and not in a session that is not fresh', async () => {
      const { token } = await client.register();
      const unverified = await client.post(`${PASSKEYS}/options`, undefined, { token });
      expect(unverified.body.code).toBe('email_not_verified');
      const person = await registerVerified(app);
      app.clock.advanceSeconds(16 * 60);
      expect((await client.post(`${PASSKEYS}/options`, undefined, person)).body.code).toBe(
        'step_up_required',
      );
      expect((await client.post(PASSKEYS, { passkey: {} }, person)).body.code).toBe('step_up_required');
    });

    it.each<[string, Behaviour]>([
      ['another page', { origin: 'https://evil.example' }],
      ['a page inside of another', { crossOrigin: true }],
      ['another relying party', { rpId: 'evil.example' }],
      ['nobody having been checked', { verifiesUser: false }],
      ['another ceremony', { type: 'webauthn.get' }],
    ])('refuses one from %s', async (_what, behaviour) => {
      const { token } = await registerVerified(app);
      const answer = await register(token, new SoftwareAuthenticator({ origin: ORIGIN }), behaviour);
      expect(answer.body).toMatchObject({ status: 422, code: 'code_invalid' });
      expect((await client.get(PASSKEYS, { token })).body).toEqual([]);
    });

    it('takes a nonce once, in time, from the one it was made for, and for nothing else', async () => {
      const [ada, eve] = [await registerVerified(app), await registerVerified(app)];
      const device = new SoftwareAuthenticator({ origin: ORIGIN });
      const options = async (token: string): Promise<Record<string, unknown>> =>
        (await client.post(`${PASSKEYS}/options`, undefined, { token })).body.options;
      const add = (token: string, passkey: object): Promise<Answer> =>
        client.post(PASSKEYS, { passkey }, { token });
      const asked = await options(ada.token);
      expect((await add(eve.token, device.create(asked))).body.code).toBe('challenge_invalid');
      const passkey = device.create(asked);
      const answers = await Promise.all(Array.from({ length: 10 }, () => add(ada.token, passkey)));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(422)]);
      const late = await options(ada.token);
      await sql("UPDATE passkey_nonces SET expires_at = now() - interval '1 second'");
      expect((await add(ada.token, device.create(late))).body.code).toBe('challenge_invalid');
      const forSignIn = { ...(await options(ada.token)), challenge: (await signInOptions()).challenge };
      expect((await add(ada.token, device.create(forSignIn))).body.code).toBe('challenge_invalid');
      const invented = { ...(await options(ada.token)), challenge: 'A'.repeat(43) };
      expect((await add(ada.token, device.create(invented))).body.code).toBe('challenge_invalid');
    });

    it('keeps one passkey with one person', async () => {
      const { device } = await owner();
      const eve = await registerVerified(app);
      const [credential] = device.credentials;
      const { body } = await client.post(`${PASSKEYS}/options`, undefined, eve);
      const passkey = device.create(body.options);
      const stolen = {
        ...passkey,
        id: credential?.id.toString('base64url'),
        rawId: credential?.id.toString('base64url'),
      };
      expect((await client.post(PASSKEYS, { passkey: stolen }, eve)).status).toBe(422);
    });

    it('is not asked for when the person is deleted meanwhile', async () => {
      const { id, token } = await registerVerified(app);
      const { asking } = await app.database.transaction(async (manager) => {
        await manager.query('DELETE FROM users WHERE id = $1', [id]);
        const sent = client.post(`${PASSKEYS}/options`, undefined, { token });
        await untilOneWaits(app.database);
        return { asking: sent };
      });
      expect((await asking).status).toBe(404);
    });

    it('has an end at twenty', async () => {
      const { id, token, device } = await owner();
      await sql(
        `INSERT INTO passkeys (id, user_id, credential_id, public_key, counter, device_type, backed_up, transports, aaguid)
         SELECT gen_random_uuid(), $1, uuid_send(gen_random_uuid()), '', 0, 'multiDevice', true, '{}', gen_random_uuid()
         FROM generate_series(1, 19) n`,
        [id],
      );
      const refused = await client.post(`${PASSKEYS}/options`, undefined, { token });
      expect(refused.body).toMatchObject({ status: 422, code: 'passkey_limit_reached' });
      expect((await signIn(device)).status).toBe(200);
    });
  });

  describe('signing in without a password', () => {
    it('opens a session that is multi-factor and fresh', async () => {
      const { device, id, token } = await owner();
      const { status, body } = await signIn(device);
      expect(status).toBe(200);
      expect(body.user.id).toBe(id);
      expect(decodeToken(body.token).payload.amr).toEqual(['swk', 'user', 'mfa']);
      const { body: list } = await client.get(PASSKEYS, { token });
      expect(list[0].lastUsedAt).not.toBeNull();
      const strict = await startApp({ TWO_FACTOR: 'required' }, app);
      const through = await new Client(strict).get('/api/user', { token: body.token });
      expect(through.status).toBe(200);
      await strict.close();
    });

    it('asks everybody the same', async () => {
      const [first, second] = [await signInOptions(), await signInOptions()];
      expect({ ...first, challenge: '' }).toEqual({ ...second, challenge: '' });
      expect(first.allowCredentials ?? []).toEqual([]);
      expect(first.userVerification).toBe('required');
      expect(first.challenge).toMatch(/^[\w-]{43}$/);
    });

    it('keeps `remember` and the transport, and asks for an allowed origin', async () => {
      const { device } = await owner();
      const fields = { transport: 'cookie', remember: true };
      const refused = await signIn(device, {}, fields);
      expect(refused.body.code).toBe('csrf_rejected');
      const passkey = device.get(await signInOptions());
      const headers = { origin: 'http://localhost:3000' };
      const done = await client.post('/api/auth/passkeys/login', { passkey, ...fields }, { headers });
      expect(Object.keys(setCookies(done)).sort()).toEqual(['refresh', 'session']);
    });

    it('serves every page of PASSKEY_ORIGINS', async () => {
      const { device } = await owner();
      expect((await signIn(device, { origin: OTHER_ORIGIN })).status).toBe(200);
    });

    it.each<[string, Behaviour]>([
      ['another page', { origin: 'https://evil.example' }],
      ['a page inside of another', { crossOrigin: true }],
      ['another relying party', { rpId: 'evil.example' }],
      ['nobody having been checked', { verifiesUser: false }],
      ['another ceremony', { type: 'webauthn.create' }],
      ['another person', { userHandle: Buffer.alloc(16, 7).toString('base64url') }],
      ['nobody', { userHandle: null }],
    ])('refuses one from %s', async (_what, behaviour) => {
      const { device } = await owner();
      const { status, body } = await signIn(device, behaviour);
      expect([status, body.code]).toEqual([401, 'invalid_credentials']);
      expect((await signIn(device)).status).toBe(200);
    });

    it('ENUM-11: refuses an unknown passkey, a wrong signature and a deleted person in the same words', async () => {
      const [ada, gone] = [await owner(), await owner()];
      await sql('UPDATE users SET deleted_at = now() WHERE id = $1', [gone.id]);
      const stranger = new SoftwareAuthenticator({ origin: ORIGIN });
      stranger.create({ rp: { id: RP_ID }, user: { id: 'AAAA' }, challenge: 'x' });
      const forged = ada.device.get(await signInOptions());
      const response = forged.response as { signature: string };
      const signature = `${response.signature.slice(0, -4)}AAAA`;
      const answers = [
        await signIn(stranger),
        await client.post('/api/auth/passkeys/login', {
          passkey: { ...forged, response: { ...response, signature } },
        }),
        await signIn(gone.device),
      ];
      for (const { status, body } of answers) {
        expect([status, { ...body, requestId: '' }]).toEqual([401, { ...answers[0]?.body, requestId: '' }]);
      }
    });

    it('of fifty at once with one answer a single one opens a session', async () => {
      const { device, id } = await owner();
      const passkey = device.get(await signInOptions());
      const before = await sql('SELECT 1 FROM sessions WHERE user_id = $1', [id]);
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => client.post('/api/auth/passkeys/login', { passkey })),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ body }) => body.code === 'challenge_invalid')).toHaveLength(49);
      expect(await sql('SELECT 1 FROM sessions WHERE user_id = $1', [id])).toHaveLength(before.length + 1);
    });

    it('refuses a counter that does not grow, and tells of it', async () => {
      const { device, id } = await owner();
      expect((await signIn(device, { counter: 7 })).status).toBe(200);
      for (const counter of [7, 3, 0]) {
        expect((await signIn(device, { counter })).body.code).toBe('invalid_credentials');
      }
      const told = await eventRows(app.database, id, 'passkey.cloned');
      // It was refused, so who showed it is not known.
      expect(told.map(({ actor_id: who }) => who)).toEqual([null, null, null]);
      expect((await signIn(device, { counter: 8 })).status).toBe(200);
    });

    it('SS-04 tells of a ban only who has shown the passkey', async () => {
      const { device, id } = await owner();
      await sql('UPDATE users SET banned_at = now() WHERE id = $1', [id]);
      expect((await signIn(device)).body.code).toBe('user_banned');
    });
  });

  describe('as a second factor', () => {
    it('answers the challenge after a password; a touch is enough there', async () => {
      const { device, email } = await owner();
      const begun = await client.login(email);
      expect(begun.body.challenge.methods).toEqual(['passkey', 'recovery_code']);
      const { id } = begun.body.challenge;
      const options = await signInOptions(id);
      expect(options).toMatchObject({
        userVerification: 'preferred',
        allowCredentials: [{ type: 'public-key' }],
      });
      const passkey = device.get(options, { verifiesUser: false });
      const done = await client.post('/api/auth/challenge', { id, passkey });
      expect(done.status).toBe(200);
      expect(decodeToken(done.body.token).payload.amr).toEqual(['pwd', 'swk', 'user', 'mfa']);
    });

    it('MFA-12: not for somebody else, and not with what was made to sign in', async () => {
      const [ada, eve] = [await owner(), await owner()];
      const id = await beginSignIn(app, ada.email);
      const foreign = eve.device.get(await signInOptions(id));
      expect((await client.post('/api/auth/challenge', { id, passkey: foreign })).body.code).toBe(
        'code_invalid',
      );
      const forSignIn = ada.device.get(await signInOptions());
      const refused = await client.post('/api/auth/challenge', { id, passkey: forSignIn });
      expect(refused.body.code).toBe('challenge_invalid');
      const ofEve = await beginSignIn(app, eve.email);
      const forEve = ada.device.get(await signInOptions(ofEve));
      expect((await client.post('/api/auth/challenge', { id, passkey: forEve })).body.code).toBe(
        'challenge_invalid',
      );
    });

    it('ENUM-11: tells nothing of challenges that are not there', async () => {
      const unknown = await client.post('/api/auth/passkeys/options', { challengeId: 'x'.repeat(43) });
      expect(unknown.body).toMatchObject({ status: 422, code: 'challenge_invalid' });
    });

    it('recovery codes help whoever has lost it', async () => {
      const { email, recoveryCodes } = await owner();
      const id = await beginSignIn(app, email);
      const done = await client.post('/api/auth/challenge', { id, recoveryCode: recoveryCodes[0] });
      expect(done.status).toBe(200);
    });

    it('stands beside an authenticator app', async () => {
      const { email, token, authenticator } = await enrol(app);
      const device = new SoftwareAuthenticator({ origin: ORIGIN });
      expect((await register(token, device)).status).toBe(201);
      const id = await beginSignIn(app, email);
      const done = await client.post('/api/auth/challenge', { id, code: authenticator.next() });
      expect(done.status).toBe(200);
      const status = await client.get('/api/user/two-factor', { token });
      expect(status.body.methods).toEqual(['passkey', 'totp']);
    });
  });

  describe('step-up and removing', () => {
    it('SS-16 raises the session without a password, when it has checked who uses it', async () => {
      const { device, token } = await owner();
      app.clock.advanceSeconds(16 * 60);
      expect((await client.post(`${PASSKEYS}/options`, undefined, { token })).status).toBe(403);
      const touched = device.get(await confirmOptions(token), { verifiesUser: false });
      const refused = await client.post('/api/user/confirm-password', { passkey: touched }, { token });
      expect(refused.body.code).toBe('code_invalid');
      const passkey = device.get(await confirmOptions(token));
      const confirmed = await client.post('/api/user/confirm-password', { passkey }, { token });
      expect(confirmed.status).toBe(200);
      app.clock.reset();
      expect((await client.post(`${PASSKEYS}/options`, undefined, { token })).status).toBe(200);
    });

    it('SS-16 a touch that was asked for after the password raises no session without it', async () => {
      const { device, email, token } = await owner();
      const touched = device.get(await signInOptions(await beginSignIn(app, email)), { verifiesUser: false });
      const refused = await client.post('/api/user/confirm-password', { passkey: touched }, { token });
      expect(refused.body.code).toBe('challenge_invalid');
      const touchedHere = device.get(await confirmOptions(token), { verifiesUser: false });
      const id = await beginSignIn(app, email);
      const other = await client.post('/api/auth/challenge', { id, passkey: touchedHere });
      expect(other.body.code).toBe('challenge_invalid');
    });

    it('SS-16 a code does not raise it without the password, whatever is sent as a passkey beside it', async () => {
      const { token, authenticator, recoveryCodes } = await enrol(app);
      const stranger = new SoftwareAuthenticator({ origin: ORIGIN });
      await register(token, new SoftwareAuthenticator({ origin: ORIGIN }));
      stranger.create({ rp: { id: RP_ID }, user: { id: 'AAAA' }, challenge: 'x' });
      for (const proof of [{ recoveryCode: recoveryCodes[0] }, { code: authenticator.next() }]) {
        const passkey = stranger.get(await confirmOptions(token));
        const raised = await client.post('/api/user/confirm-password', { ...proof, passkey }, { token });
        expect(raised.body.code).toBe('code_invalid');
      }
      const { body } = await client.get('/api/user/two-factor', { token });
      expect(body.recoveryCodesLeft).toBe(8);
    });

    it('MFA-08: is removed by a second factor only; the last one turns the factor off', async () => {
      const { device, email, token, passkeyId, recoveryCodes } = await owner();
      const remove = (id: string, body?: object): Promise<Answer> =>
        client.delete(`${PASSKEYS}/${id}`, body, { token });
      expect((await remove(passkeyId)).status).toBe(400);
      expect((await remove(passkeyId, { recoveryCode: 'wrong' })).body.code).toBe('code_invalid');
      const second = await register(token, new SoftwareAuthenticator({ origin: ORIGIN }));
      const other = (await signIn(device)).body;
      expect((await remove(second.body.id, { recoveryCode: recoveryCodes[0] })).status).toBe(204);
      expect((await client.get('/api/user', { token: other.token })).body.code).toBe('session_revoked');
      const passkey = device.get(await confirmOptions(token));
      expect((await remove(passkeyId, { passkey })).status).toBe(204);
      expect((await client.login(email)).body.token).toBeTypeOf('string');
      expect((await signIn(device)).body.code).toBe('invalid_credentials');
      expect((await client.get('/api/user/two-factor', { token })).body).toMatchObject({
        enabled: false,
        recoveryCodesLeft: 0,
      });
    });

    it('ML-03 the owner is told when one is added, removed, or looks like a copy', async () => {
      const { device, email, token, passkeyId, recoveryCodes } = await owner();
      await app.mailbox.newest(email, /passkey was added/);
      await signIn(device, { counter: 5 });
      await signIn(device, { counter: 5 });
      await app.mailbox.newest(email, /passkey was refused/);
      await client.delete(`${PASSKEYS}/${passkeyId}`, { recoveryCode: recoveryCodes[0] }, { token });
      await app.mailbox.newest(email, /passkey was removed/);
    });

    it('MFA-17: somebody else’s passkey is not there', async () => {
      const [ada, eve] = [await owner(), await owner()];
      const renamed = await client.patch(`${PASSKEYS}/${ada.passkeyId}`, { name: 'mine' }, eve);
      const proof = { recoveryCode: eve.recoveryCodes[0] };
      const removed = await client.delete(`${PASSKEYS}/${ada.passkeyId}`, proof, eve);
      expect([renamed.status, removed.status]).toEqual([404, 404]);
      expect((await client.delete(`${PASSKEYS}/nonsense`, proof, eve)).status).toBe(404);
      expect((await signIn(ada.device)).status).toBe(200);
      const left = await client.get('/api/user/two-factor', eve);
      expect(left.body.recoveryCodesLeft).toBe(8);
    });
  });

  describe('a session that was opened while TWO_FACTOR was off', () => {
    /** By the password alone, of somebody who has an authenticator app. */
    async function before(): Promise<{ token: string; person: Enrolled }> {
      const person = await enrol(app);
      const off = await startApp({ TWO_FACTOR: 'off' }, app);
      const { body } = await new Client(off).login(person.email);
      expect(decodeToken(body.token).payload.amr).toEqual(['pwd']);
      await off.close();
      return { token: body.token, person };
    }

    it('MFA-14: is not fresh, for nothing, before the factor was shown', async () => {
      const { token } = await before();
      for (const [method, path] of [
        ['POST', `${PASSKEYS}/options`],
        ['POST', PASSKEYS],
        ['POST', '/api/user/two-factor'],
        ['POST', '/api/user/two-factor/recovery-codes'],
        ['DELETE', '/api/user/sessions'],
        ['DELETE', '/api/user'],
      ] as const) {
        const { status, body } = await client.request(method, path, { token, body: {} });
        expect([status, body.code], `${method} ${path}`).toEqual([403, 'step_up_required']);
      }
    });

    it('MFA-14: adds a passkey after the factor was shown, also where one is required', async () => {
      const { token, person } = await before();
      const required = await startApp({ TWO_FACTOR: 'required', ...RELYING_PARTY }, app);
      const through = new Client(required);
      const refused = await through.post(`${PASSKEYS}/options`, undefined, { token });
      expect(refused.body.code).toBe('step_up_required');
      const alone = await through.post('/api/user/confirm-password', { password: PASSWORD }, { token });
      expect(alone.status).toBe(400);
      const confirmation = { password: PASSWORD, recoveryCode: person.recoveryCodes[0] };
      const confirmed = await through.post('/api/user/confirm-password', confirmation, { token });
      expect(decodeToken(confirmed.body.token).payload.amr).toEqual(['pwd', 'otp', 'mfa']);
      await required.close();
      const device = new SoftwareAuthenticator({ origin: ORIGIN });
      expect((await register(token, device)).status).toBe(201);
    });

    it('MFA-14: gets no recovery codes, not even then', async () => {
      const { email } = await enrol(app);
      const off = await startApp({ TWO_FACTOR: 'off' }, app);
      const through = new Client(off);
      const { token } = (await through.login(email)).body;
      const { status } = await through.post('/api/user/two-factor/recovery-codes', undefined, { token });
      expect(status).toBe(404);
      await off.close();
    });
  });

  it('TWO_FACTOR=off: nobody adds one; who has one signs in with it', async () => {
    const { device } = await owner();
    const off = await startApp({ TWO_FACTOR: 'off', PASSKEY_ORIGINS: ORIGIN, PASSKEY_RP_ID: RP_ID }, app);
    const through = new Client(off);
    const person = await registerVerified(off);
    expect((await through.post(`${PASSKEYS}/options`, undefined, person)).status).toBe(404);
    const { body } = await through.post('/api/auth/passkeys/options', {});
    const passkey = device.get(body.options);
    expect((await through.post('/api/auth/passkeys/login', { passkey })).status).toBe(200);
    await off.close();
  });

  it('what is no answer of an authenticator is a bad request', async () => {
    const { token } = await registerVerified(app);
    for (const passkey of [{}, { id: 'x' }, { id: 'x', rawId: 'x', type: 'public-key', response: {} }]) {
      expect((await client.post('/api/auth/passkeys/login', { passkey })).status).toBe(400);
      expect((await client.post(PASSKEYS, { passkey }, { token })).status).toBe(400);
      const confirm = { password: PASSWORD, passkey };
      expect((await client.post('/api/user/confirm-password', confirm, { token })).status).toBe(400);
    }
  });
});
