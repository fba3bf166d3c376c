import { isoCBOR } from '@simplewebauthn/server/helpers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Housekeeping } from '../../src/database/housekeeping.js';
import { type TestApp, startApp } from '../support/app.js';
import { type Answer, Client } from '../support/client.js';
import { eventRows } from '../support/event-rows.js';
import { beginSignIn, registerVerified } from '../support/people.js';
import { type Behaviour, SoftwareAuthenticator } from '../support/software-authenticator.js';

const ORIGIN = 'http://localhost:3000';
const PASSKEYS = '/api/user/passkeys';

type Json = Record<string, unknown>;

describe('what authenticators, and what pretends to be one, answer', () => {
  let app: TestApp;
  let client: Client;

  beforeAll(async () => {
    app = await startApp({ PASSKEY_ORIGINS: ORIGIN, PASSKEY_RP_ID: 'localhost' });
    client = new Client(app);
  });
  afterAll(() => app.close());

  const optionsOf = async (path: string, body?: object, token?: string): Promise<Json> =>
    (await client.post(path, body, { token })).body.options;
  const toSignIn = (): Promise<Json> => optionsOf('/api/auth/passkeys/options');
  const login = (passkey: Json): Promise<Answer> => client.post('/api/auth/passkeys/login', { passkey });

  async function register(
    device: SoftwareAuthenticator,
    behaviour: Behaviour = {},
    change = (made: Json): Json => made,
  ): Promise<Answer & { token: string; email: string; id: string }> {
    const person = await registerVerified(app);
    const options = await optionsOf(`${PASSKEYS}/options`, undefined, person.token);
    const passkey = change(device.create(options, behaviour));
    return { ...(await client.post(PASSKEYS, { passkey }, person)), ...person };
  }

  const newDevice = (): SoftwareAuthenticator => new SoftwareAuthenticator({ origin: ORIGIN });

  it.each(['ES256', 'EdDSA', 'RS256'] as const)('takes %s', async (algorithm) => {
    const device = newDevice();
    expect((await register(device, { algorithm })).status).toBe(201);
    expect((await login(device.get(await toSignIn()))).status).toBe(200);
    const forged = device.get(await toSignIn());
    const response = forged.response as Json;
    // The signature of something else, by the right key.
    const { signature } = device.get(await toSignIn()).response as Json;
    const refused = await login({ ...forged, response: { ...response, signature } });
    expect(refused.body.code).toBe('invalid_credentials');
  });

  it('does not take an algorithm that was not asked for', async () => {
    expect((await register(newDevice(), { algorithm: 'ES384' })).body.code).toBe('code_invalid');
  });

  it('notices what was changed after it was signed', async () => {
    const device = newDevice();
    await register(device);
    const given = device.get(await toSignIn());
    const { clientDataJSON, authenticatorData } = given.response as Record<string, string>;
    const data = JSON.parse(Buffer.from(clientDataJSON ?? '', 'base64url').toString()) as Json;
    const flipped = Buffer.from(authenticatorData ?? '', 'base64url');
    flipped[36] = Number(flipped[36]) + 1;
    for (const change of [
      { clientDataJSON: Buffer.from(JSON.stringify({ ...data, added: 1 })).toString('base64url') },
      { authenticatorData: flipped.toString('base64url') },
    ]) {
      const refused = await login({ ...given, response: { ...(given.response as Json), ...change } });
      expect(refused.body.code).toBe('invalid_credentials');
    }
    expect((await login(given)).status).toBe(200);
  });

  it('refuses a passkey that is suddenly of another kind', async () => {
    const device = newDevice();
    await register(device, { isSynced: false });
    expect((await login(device.get(await toSignIn(), { isSynced: true }))).status).toBe(401);
    expect((await login(device.get(await toSignIn(), { isSynced: false }))).status).toBe(200);
  });

  it('takes each nonce for its purpose only, in time and once', async () => {
    const device = newDevice();
    const { token, email } = await register(device);
    const id = await beginSignIn(app, email);
    const others = {
      confirm: await optionsOf(`${PASSKEYS}/options/confirm`, undefined, token),
      challenge: await optionsOf('/api/auth/passkeys/options', { challengeId: id }),
      register: { ...(await optionsOf(`${PASSKEYS}/options`, undefined, token)), rpId: 'localhost' },
    };
    for (const [purpose, options] of Object.entries(others)) {
      expect([purpose, (await login(device.get(options))).body.code]).toEqual([purpose, 'challenge_invalid']);
    }
    for (const options of [await toSignIn(), others.register]) {
      const confirm = { passkey: device.get(options) };
      const stepUp = await client.post('/api/user/confirm-password', confirm, { token });
      expect(stepUp.body.code).toBe('challenge_invalid');
    }
    const made = newDevice().create({ ...others.register, challenge: others.confirm.challenge });
    expect((await client.post(PASSKEYS, { passkey: made }, { token })).body.code).toBe('challenge_invalid');

    const late = device.get(await toSignIn());
    await app.database.query("UPDATE passkey_nonces SET expires_at = now() - interval '1 second'");
    expect((await login(late)).body).toMatchObject({ status: 422, code: 'challenge_invalid' });
    const replayed = device.get(await toSignIn());
    expect((await login(replayed)).status).toBe(200);
    expect((await login(replayed)).body).toMatchObject({ status: 422, code: 'challenge_invalid' });
  });

  it('LOG-08: a refusal is kept, as nobody’s', async () => {
    const device = newDevice();
    const { id } = await register(device);
    const refused = device.get(await toSignIn(), { verifiesUser: false });
    expect((await login(refused)).status).toBe(401);
    const [told]: Json[] = await app.database.query(
      "SELECT user_id, data FROM domain_events WHERE type = 'session.refused' ORDER BY id DESC LIMIT 1",
    );
    expect(told).toMatchObject({ user_id: null, data: { reason: 'invalid_credentials' } });
    expect(JSON.stringify(told)).not.toContain(String(refused.id));
    expect(JSON.stringify(told)).not.toContain(id);
  });

  it('BRF-02: a hundred wrong ones in an hour are enough for a network', async () => {
    const strict = await startApp({ PASSKEY_ORIGINS: ORIGIN, RATE_LIMIT: 'on' }, app);
    const through = new Client(strict);
    const device = newDevice();
    await register(device);
    const answer = async (behaviour: Behaviour = {}): Promise<Answer> =>
      through.post('/api/auth/passkeys/login', { passkey: device.get(await toSignIn(), behaviour) });
    // Right ones do not count.
    for (let times = 0; times < 3; times += 1) expect((await answer()).status).toBe(200);
    for (let times = 0; times < 100; times += 1) {
      expect((await answer({ verifiesUser: false })).status).toBe(401);
    }
    const spent = await answer();
    expect([spent.status, spent.body.code]).toEqual([429, 'too_many_requests']);
    await expect.poll(() => eventRows(app.database, null, 'guessing.noticed')).toHaveLength(1);
    await strict.close();
  });

  it('keeps nonces as hashes, and throws late ones away', async () => {
    const { challenge } = await toSignIn();
    const rows: { nonce_hash: Buffer }[] = await app.database.query('SELECT nonce_hash FROM passkey_nonces');
    const stored = rows.map(({ nonce_hash: hash }) => hash.toString('base64url'));
    expect(stored.length).toBeGreaterThan(0);
    expect(stored).not.toContain(challenge);
    await app.database.query("UPDATE passkey_nonces SET expires_at = now() - interval '1 second'");
    await app.app.get(Housekeeping).run();
    expect(await app.database.query('SELECT 1 FROM passkey_nonces')).toEqual([]);
  });

  it.each(['packed', 'apple', 'android-key', 'tpm', 'fido-u2f', 'nonsense'])(
    'drops an attestation unread, as nobody asked for one: %s',
    async (format) => {
      const statement = new Map<string, unknown>([
        ['alg', -7],
        ['sig', new Uint8Array(70)],
        ['x5c', [new Uint8Array(300)]],
      ]);
      expect((await register(newDevice(), { attestation: [format, statement] })).status).toBe(201);
    },
  );

  describe('garbage', () => {
    const nested = (depth: number): Uint8Array => Uint8Array.from(Array<number>(depth).fill(0x81));
    const truncated = isoCBOR.encode(new Map([['fmt', 'none']]));

    it.each<[string, Uint8Array]>([
      ['nothing to read', Uint8Array.from([0])],
      ['an object without its parts', truncated],
      ['data nested 60,000 deep', nested(60_000)],
      ['a length beyond the end', Uint8Array.from([0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
      ['a map of four thousand million', Uint8Array.from([0xba, 0xff, 0xff, 0xff, 0xff])],
    ])('in the place of an attestation is refused: %s', async (_what, bytes) => {
      const attestationObject = Buffer.from(bytes).toString('base64url');
      const answer = await register(newDevice(), {}, (made) => ({
        ...made,
        response: { ...(made.response as Json), attestationObject },
      }));
      expect([answer.status, answer.body.code]).toEqual([422, 'code_invalid']);
    });

    it('in the place of what the browser says is a bad request', async () => {
      const device = newDevice();
      await register(device);
      const given = device.get(await toSignIn());
      const encode = (text: string): string => Buffer.from(text).toString('base64url');
      for (const clientDataJSON of [encode('null'), encode('[]'), encode('{"a":'), encode('{}'), '€', 7]) {
        const response = { ...(given.response as Json), clientDataJSON };
        expect((await login({ ...given, response })).body.code).toBe('validation_failed');
      }
      const long = 'A'.repeat(2000);
      expect((await login({ ...given, id: long, rawId: long })).body.code).toBe('validation_failed');
      expect((await login({ ...given, rawId: 'AAAA' })).body.code).toBe('invalid_credentials');
      expect((await login(given)).status).toBe(200);
    });

    it('in the place of data of the authenticator is refused', async () => {
      const device = newDevice();
      await register(device);
      for (const authenticatorData of ['AA', 'A'.repeat(50_000)]) {
        const given = device.get(await toSignIn());
        const response = { ...(given.response as Json), authenticatorData };
        expect((await login({ ...given, response })).body.code).toBe('invalid_credentials');
      }
    });
  });

  it('transports are words, and few', async () => {
    const transports = ['usb', 'usb', 7, 'NFC', '<b>', 'x'.repeat(40), ...'abcdefghijkl'.split('')];
    const { body } = await register(newDevice(), {}, (made) => ({
      ...made,
      response: { ...(made.response as Json), transports },
    }));
    expect(body.transports).toEqual(['usb', 'a', 'b', 'c', 'd', 'e', 'f', 'g']);
  });

  it('names are a line of ordinary characters', async () => {
    const { token, body } = await register(newDevice());
    const rename = (name: unknown): Promise<Answer> =>
      client.patch(`${PASSKEYS}/${body.id}`, { name }, { token });
    for (const name of ['', ' ', 'a\nb', 'a\u202Eb', 'x'.repeat(65), null, 7, {}]) {
      expect([name, (await rename(name)).status]).toEqual([name, 400]);
    }
    expect((await rename(' Ada’s phone 📱 ')).body.name).toBe('Ada’s phone 📱');
  });
});
