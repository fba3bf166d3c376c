import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { Authenticator, enrol } from '../support/authenticator.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';
import { eventRows } from '../support/event-rows.js';
import { type Person, registerVerified } from '../support/people.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';

const TWO_FACTOR = '/api/user/two-factor';
const PASSKEYS = '/api/user/passkeys';

describe('HJK-12: undoing a change of address takes away the second factors that came after it', () => {
  let app: TestApp;
  let client: Client;

  beforeAll(async () => {
    app = await startApp();
    client = new Client(app);
  });
  beforeEach(() => app.clock.reset());
  afterAll(() => app.close());

  async function addPasskey(token: string): Promise<SoftwareAuthenticator> {
    const device = new SoftwareAuthenticator({ origin: 'http://localhost:3000' });
    const { body } = await client.post(`${PASSKEYS}/options`, undefined, { token });
    const added = await client.post(PASSKEYS, { passkey: device.create(body.options) }, { token });
    expect(added.status).toBe(201);
    return device;
  }

  async function passkeyLogin(device: SoftwareAuthenticator): Promise<Answer> {
    const { body } = await client.post('/api/auth/passkeys/options', {});
    return client.post('/api/auth/passkeys/login', { passkey: device.get(body.options) });
  }

  /** Asks for another address. @returns it, and the undo link that the old one is sent */
  async function askForChange(
    { token, email }: Person,
    count = 1,
  ): Promise<{ to: string; undoToken: string }> {
    const to = someEmail('thief');
    expect((await client.post('/api/user/email', { email: to, password: PASSWORD }, { token })).status).toBe(
      202,
    );
    return { to, undoToken: (await app.mailbox.newest(email, /about to change/, count)).token };
  }

  /** @returns the undo link that the old address is sent now */
  async function completeChange({ email }: Person, to: string): Promise<string> {
    const { token } = await app.mailbox.newest(to, /Confirm your new/);
    expect((await client.post('/api/auth/email/verify', { token })).status).toBe(204);
    return (await app.mailbox.newest(email, /was changed/)).token;
  }

  const undo = (token: string): Promise<Answer> => client.post('/api/auth/email/undo', { token });

  const factorsOf = async ({ email }: Person, proof: object = {}): Promise<unknown> => {
    const { token } = (await client.login(email, PASSWORD, proof)).body;
    return (await client.get(TWO_FACTOR, { token })).body;
  };

  it.each(['requested', 'completed'])('a thief’s first ones, by the link of a change %s', async (by) => {
    const victim = await registerVerified(app);
    const { undoToken } = await askForChange(victim);
    await enrol(app, victim);
    const device = await addPasskey(victim.token);
    // Once more, so that the change which is made was asked for after that.
    const { to } = await askForChange(victim, 2);
    const completed = await completeChange(victim, to);

    expect((await undo(by === 'requested' ? undoToken : completed)).status).toBe(204);
    expect((await passkeyLogin(device)).body.code).toBe('invalid_credentials');
    expect(await factorsOf(victim)).toEqual({
      enabled: false,
      methods: [],
      confirmedAt: null,
      recoveryCodesLeft: 0,
    });
    expect(await app.mailbox.newest(victim.email, /authenticator app was turned off/)).toBeDefined();
    expect(await app.mailbox.newest(victim.email, /passkey was removed/)).toBeDefined();
    const told = await eventRows(app.database, victim.id);
    expect(told.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['email.reverted', 'passkey.removed', 'twofactor.disabled']),
    );
  });

  it('what a thief added beside the owner’s; theirs of before stays, and is asked for', async () => {
    const owner = await enrol(app);
    const { undoToken } = await askForChange(owner);
    const device = await addPasskey(owner.token);
    const replaced = await client.post(`${TWO_FACTOR}/recovery-codes`, undefined, { token: owner.token });
    const [stolenCode] = replaced.body.recoveryCodes as string[];

    expect((await undo(undoToken)).status).toBe(204);
    expect((await passkeyLogin(device)).body.code).toBe('invalid_credentials');
    const withStolen = await client.login(owner.email, PASSWORD, { recoveryCode: stolenCode });
    expect(withStolen.body.code).toBe('code_invalid');
    expect((await client.login(owner.email)).body.challenge.methods).toEqual(['totp', 'recovery_code']);
    expect(await factorsOf(owner, { code: owner.authenticator.next() })).toMatchObject({
      methods: ['totp'],
      recoveryCodesLeft: 0,
    });
  });

  it('a passkey beside the owner’s', async () => {
    const owner = await registerVerified(app);
    const own = await addPasskey(owner.token);
    const { undoToken } = await askForChange(owner);
    const stolen = await addPasskey(owner.token);
    expect((await undo(undoToken)).status).toBe(204);
    expect((await passkeyLogin(stolen)).body.code).toBe('invalid_credentials');
    const signedIn = await passkeyLogin(own);
    expect((await client.get(TWO_FACTOR, { token: signedIn.body.token })).body).toMatchObject({
      methods: ['passkey'],
      recoveryCodesLeft: 8,
    });
  });

  it('an app in the place of the owner’s', async () => {
    const owner = await enrol(app);
    const { token, authenticator } = owner;
    const { undoToken } = await askForChange(owner);
    const { body } = await client.post(TWO_FACTOR, { code: authenticator.next() }, { token });
    const code = new Authenticator(app, body.secret).code();
    expect((await client.post(`${TWO_FACTOR}/confirm`, { code }, { token })).status).toBe(200);
    expect((await undo(undoToken)).status).toBe(204);
    expect(await factorsOf(owner)).toMatchObject({ enabled: false });
  });

  it('but not by the link to an address that was never proven, and may be a stranger’s', async () => {
    const { user, token } = await client.register();
    const { to, undoToken } = await askForChange({ ...user, token });
    await completeChange(user, to);
    await enrol(app, { ...user, token });
    expect((await undo(undoToken)).status).toBe(204);
    const { body } = await client.login(user.email);
    expect(body.challenge.methods).toEqual(['totp', 'recovery_code']);
  });

  it('however often a thief signs in with theirs meanwhile', async () => {
    const victim = await registerVerified(app);
    const { undoToken } = await askForChange(victim);
    const device = await addPasskey(victim.token);
    const answers: object[] = [];
    for (let n = 0; n < 30; n += 1) {
      const { body } = await client.post('/api/auth/passkeys/options', {});
      answers.push(device.get(body.options, { counter: 0 }));
    }
    const signIn = (passkey: object): Promise<Answer> => client.post('/api/auth/passkeys/login', { passkey });
    const before = answers.slice(0, 15).map(signIn);
    const undoing = undo(undoToken);
    const after = answers.slice(15).map(signIn);
    expect((await undoing).status).toBe(204);
    await Promise.all([...before, ...after]);
    const live = "SELECT 1 FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND 'mfa' = ANY(methods)";
    expect(await app.database.query(live, [victim.id])).toEqual([]);
  });

  it('also while somebody signs in with one, at the same moment', async () => {
    const victim = await registerVerified(app);
    const { undoToken } = await askForChange(victim);
    const device = await addPasskey(victim.token);
    const [undone, ...signedIn] = await Promise.all([
      undo(undoToken),
      ...Array.from({ length: 4 }, () => passkeyLogin(device)),
    ]);
    expect(undone.status).toBe(204);
    for (const { status, body } of signedIn) {
      if (status === 200) expect((await client.get('/api/user', { token: body.token })).status).toBe(401);
      else expect([401, 422]).toContain(status);
    }
    expect(await factorsOf(victim)).toMatchObject({ enabled: false });
  });
});
