import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DomainError } from '../../src/common/domain-error.js';
import { DomainEvents } from '../../src/events/domain-events.js';
import { type Registering, RegistrationService } from '../../src/registration/registration.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';

const REGISTER = '/api/auth/register';

/** How many people, trashed ones too, have this address. */
async function peopleWith(target: TestApp, email: string): Promise<number> {
  const sql = 'SELECT count(*)::int AS count FROM users WHERE lower(email) = lower($1)';
  const [row] = await target.database.query<{ count: number }[]>(sql, [email]);
  return row?.count ?? NaN;
}

async function pendingWith(target: TestApp, email: string): Promise<number> {
  const sql = 'SELECT count(*)::int AS count FROM pending_registrations WHERE lower(email) = lower($1)';
  const [row] = await target.database.query<{ count: number }[]>(sql, [email]);
  return row?.count ?? NaN;
}

function statuses(answers: Answer[]): number[] {
  return answers.map(({ status }) => status).sort();
}

describe('registering, open', () => {
  let target: TestApp;
  let client: Client;

  beforeAll(async () => {
    target = await startApp({ LOGIN_ATTRIBUTE: 'both' });
    client = new Client(target);
  });
  afterAll(() => target.close());

  it('RG-01: answers the bundle, and mails the verification link', async () => {
    const email = someEmail();
    const fields = { firstName: 'Ada', lastName: 'Lovelace', username: `ada-${email.slice(4, 12)}` };
    const answer = await client.post(REGISTER, {
      email,
      password: PASSWORD,
      passwordConfirmation: PASSWORD,
      ...fields,
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toMatchObject({ tokenType: 'Bearer', expiresIn: 3600 });
    expect(answer.body.user).toMatchObject({
      email,
      ...fields,
      name: 'Ada Lovelace',
      emailVerified: false,
      pendingEmail: null,
    });
    expect((await client.get('/api/user', { token: answer.body.token })).body).toMatchObject({ email });
    expect((await client.post('/api/auth/refresh', { refreshToken: answer.body.refreshToken })).status).toBe(
      200,
    );
    expect((await target.mailbox.newest(email, /Confirm/)).link).toMatch(
      /^http:\/\/localhost:3000\/verify-email\?token=/,
    );
  });

  it.each([
    ['a confirmation that differs', { passwordConfirmation: `${PASSWORD}!` }, 'passwordConfirmation'],
    ['a group', { roles: ['admin'] }, 'roles'],
    ['a flag of the service', { emailVerified: true }, 'emailVerified'],
    ['an id', { id: '0193b0c0-0000-7000-8000-000000000000' }, 'id'],
    ['a hash', { passwordHash: 'x' }, 'passwordHash'],
    ['a name of 256 characters', { firstName: 'a'.repeat(256) }, 'firstName'],
    ['a reserved username', { username: 'Admin' }, 'username'],
  ])('RG-01: refuses %s, and nobody is registered', async (_, fields, field) => {
    const email = someEmail();
    const { status, body } = await client.post(REGISTER, { email, password: PASSWORD, ...fields });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'validation_failed', errors: [{ field }] });
    expect(await peopleWith(target, email)).toBe(0);
  });

  it('RG-01: keeps the longest names and address', async () => {
    const email = `${'a'.repeat(64)}@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;
    const longest = { firstName: '😀'.repeat(255), lastName: 'z'.repeat(255), username: 'u'.repeat(255) };
    const { user } = await client.register({ email, ...longest });
    expect(user).toMatchObject({ email, ...longest });
    expect((await client.login(email)).status).toBe(200);
    expect((await client.login(longest.username)).status).toBe(200);
  });

  it('RG-01: a refused password registers nobody', async () => {
    const email = someEmail();
    const { status, body } = await client.post(REGISTER, { email, password: 'short' });
    expect([status, body.code, body.errors[0].code]).toEqual([422, 'weak_password', 'too_short']);
    expect(await peopleWith(target, email)).toBe(0);
    expect((await client.post(REGISTER, { email, password: PASSWORD })).status).toBe(201);
  });

  it('RG-04: of two registrations of one address at once, one gets it', async () => {
    for (let round = 0; round < 5; round++) {
      const email = someEmail();
      const answers = await Promise.all(
        [email, email.toUpperCase()].map((spelling) =>
          client.post(REGISTER, { email: spelling, password: PASSWORD }),
        ),
      );
      expect(statuses(answers)).toEqual([201, 409]);
      expect(answers.find(({ status }) => status === 409)?.body.code).toBe('email_taken');
      expect(await peopleWith(target, email)).toBe(1);
    }
  });

  it('UNI-03: registered on two replicas in parallel, one address is one account', async () => {
    const replica = await startApp({}, target);
    const other = new Client(replica);
    const email = someEmail();
    const answers = await Promise.all([
      client.post(REGISTER, { email: email.toUpperCase(), password: PASSWORD }),
      other.post(REGISTER, { email, password: PASSWORD }),
    ]).finally(() => replica.close());
    expect(statuses(answers)).toEqual([201, 409]);
    expect(await peopleWith(target, email)).toBe(1);
  });

  it('RG-04: of two registrations of one username at once, one gets it', async () => {
    const username = `race-${Date.now()}`;
    const answers = await Promise.all(
      [username, username.toUpperCase()].map((name) =>
        client.post(REGISTER, { email: someEmail(), password: PASSWORD, username: name }),
      ),
    );
    expect(statuses(answers)).toEqual([201, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('username_taken');
  });

  it('RG-04: a refused registration leaves nothing behind', async () => {
    const { user } = await client.register({ username: `kept-${Date.now()}` });
    const email = someEmail();
    const answer = await client.post(REGISTER, { email, password: PASSWORD, username: user.username });
    expect(answer.body.code).toBe('username_taken');
    expect(await peopleWith(target, email)).toBe(0);
    expect(await target.mailbox.all(email)).toEqual([]);
  });

  it('RG-04: the address of a deleted account stays reserved', async () => {
    const { user, token } = await client.register();
    expect((await client.delete('/api/user', { password: PASSWORD }, { token })).status).toBe(204);
    const again = await client.post(REGISTER, { email: user.email, password: PASSWORD });
    expect([again.status, again.body.code]).toEqual([409, 'email_taken']);
  });

  it('RG-05: a username is optional, stays null, and is unique whatever its case', async () => {
    expect((await client.register()).user.username).toBeNull();
    expect((await client.register({ username: null })).user.username).toBeNull();
    const username = `Grace-${Date.now()}`;
    await client.register({ username });
    const taken = { email: someEmail(), password: PASSWORD, username: username.toLowerCase() };
    expect((await client.post(REGISTER, taken)).body.code).toBe('username_taken');
    expect((await client.login(username.toUpperCase())).status).toBe(200);
  });

  it('RG-08: says what a sign-in page needs to know', async () => {
    const { status, body } = await client.get('/api/auth/settings');
    expect(status).toBe(200);
    expect(body).toEqual({
      registration: 'open',
      loginAttribute: 'both',
      password: {
        minLength: 8,
        maxBytes: 1024,
        requireMixedCase: false,
        requireNumber: false,
        requireSymbol: false,
        requireUncompromised: false,
      },
      twoFactor: 'optional',
      secondFactors: expect.arrayContaining(['totp']),
    });
  });

  describe('RG-06: a hook', () => {
    class NotInvited extends DomainError {
      constructor() {
        super(403, 'access_denied', 'Nobody invited you.');
      }
    }

    /** Takes part in the registration of one address only: hooks stay for the life of the application. */
    function hookFor(email: string, hook: (registering: Registering) => Promise<void> | void): void {
      target.app.get(RegistrationService).onRegistering(async (registering) => {
        if (registering.registration.email === email) await hook(registering);
      });
    }

    it('alters what is registered', async () => {
      const email = someEmail();
      hookFor(email, ({ registration }) => {
        registration.firstName = 'Altered';
      });
      expect((await client.register({ email, firstName: 'Ada' })).user.firstName).toBe('Altered');
    });

    it('refuses, and nothing is left behind', async () => {
      const email = someEmail();
      hookFor(email, () => {
        throw new NotInvited();
      });
      const answer = await client.post(REGISTER, { email, password: PASSWORD });
      expect([answer.status, answer.body.code]).toEqual([403, 'access_denied']);
      expect(await peopleWith(target, email)).toBe(0);
    });

    it('supplies the user', async () => {
      const email = someEmail();
      const { user } = await client.register();
      hookFor(email, (registering) => {
        registering.user = user;
      });
      const answer = await client.post(REGISTER, { email, password: PASSWORD });
      expect([answer.status, answer.body.user.id]).toEqual([201, user.id]);
      expect(await peopleWith(target, email)).toBe(0);
    });
  });
});

describe('registering, closed', () => {
  let target: TestApp;

  beforeAll(async () => {
    target = await startApp({ REGISTRATION: 'closed', LOGIN_ATTRIBUTE: 'email', PASSWORD_MIN_LENGTH: '12' });
  });
  afterAll(() => target.close());

  it('RG-02: is refused, and told by the settings', async () => {
    const client = new Client(target);
    const email = someEmail();
    const answer = await client.post(REGISTER, { email, password: PASSWORD });
    expect([answer.status, answer.body.code]).toEqual([404, 'registration_closed']);
    expect(await peopleWith(target, email)).toBe(0);
    expect((await client.get('/api/auth/settings')).body).toMatchObject({
      registration: 'closed',
      loginAttribute: 'email',
      password: { minLength: 12 },
    });
  });
});

describe('registering, verified', () => {
  let target: TestApp;
  let client: Client;
  const verified: string[] = [];

  beforeAll(async () => {
    target = await startApp({ REGISTRATION: 'verified' });
    client = new Client(target);
    target.app.get(DomainEvents).on('user.registered', ({ userId }) => void verified.push(userId));
  });
  afterAll(() => target.close());

  /** Registers and gives the newest link. */
  async function pend(email: string, fields: object = {}, count = 1): Promise<string> {
    const answer = await client.post(REGISTER, { email, password: PASSWORD, ...fields });
    expect([answer.status, answer.body]).toEqual([202, {}]);
    return (await target.mailbox.newest(email, /Finish/, count)).token;
  }

  const prove = (token: string): Promise<Answer> => client.post('/api/auth/email/verify', { token });

  it('RG-03: there is no account before the mailbox is proven, and one afterwards', async () => {
    const email = someEmail();
    const token = await pend(email, { firstName: 'Ada', username: `ada-${Date.now()}` });
    expect((await client.login(email)).body.code).toBe('invalid_credentials');
    expect(await peopleWith(target, email)).toBe(0);

    const proven = await prove(token);
    expect([proven.status, proven.body]).toEqual([204, undefined]);
    expect(proven.headers.getSetCookie()).toEqual([]);
    const signedIn = await client.login(email);
    expect(signedIn.body.user).toMatchObject({ email, firstName: 'Ada', emailVerified: true });
    expect(verified.filter((id) => id === signedIn.body.user.id)).toHaveLength(1);
    expect((await prove(token)).body.code).toBe('link_invalid');
    expect(await pendingWith(target, email)).toBe(0);
  });

  it('RG-03: each rival has an own link and password; the one that is opened decides', async () => {
    const email = someEmail();
    const [attackers, owners] = ['the password of an attacker', 'the password of the owner'];
    const attackersLink = await pend(email, { password: attackers, firstName: 'Eve' });
    const ownersLink = await pend(email.toUpperCase().replace('EXAMPLE.COM', 'example.com'), {
      password: owners,
      firstName: 'Ada',
    });
    expect(ownersLink).not.toBe(attackersLink);
    expect((await prove(ownersLink)).status).toBe(204);

    expect((await client.login(email, attackers)).body.code).toBe('invalid_credentials');
    expect((await client.login(email, owners)).body.user.firstName).toBe('Ada');
    expect((await prove(attackersLink)).body.code).toBe('link_invalid');
    expect((await client.login(email, owners)).status).toBe(200);
    expect(await pendingWith(target, email)).toBe(0);
  });

  it('RG-03: of two rival links opened at once, one makes the account', async () => {
    const email = someEmail();
    const links = [await pend(email), await pend(email, { password: 'another good password' }, 2)];
    const answers = await Promise.all(links.map(prove));
    expect(statuses(answers)).toEqual([204, 422]);
    expect(await peopleWith(target, email)).toBe(1);
  });

  it('ENUM-03: a new, a known and a pending address get the same answer; the owner is told by mail', async () => {
    const known = someEmail('known');
    await prove(await pend(known));
    const pending = someEmail('pending');
    await pend(pending);
    const answers = await Promise.all(
      [someEmail('new'), known, pending].map((email) => client.post(REGISTER, { email, password: PASSWORD })),
    );
    const shown = answers.map(({ status, body, headers }) => {
      const { date: _, ...rest } = Object.fromEntries(headers);
      return { status, body, headers: rest };
    });
    expect(shown[0]).toMatchObject({ status: 202, body: {} });
    expect(shown[1]).toEqual(shown[0]);
    expect(shown[2]).toEqual(shown[0]);

    const told = await target.mailbox.newest(known, /already have an account/);
    expect(told.token).toBe('');
    expect((await client.login(known)).status).toBe(200);
    const kept = 'SELECT password_hash FROM pending_registrations WHERE email = $1';
    expect(await target.database.query(kept, [known])).toEqual([{ password_hash: '' }]);
  });

  it('ENUM-03: a weak password is refused for a known address as for a new one', async () => {
    const known = someEmail('known');
    await prove(await pend(known));
    for (const email of [known, someEmail('new')]) {
      expect((await client.post(REGISTER, { email, password: 'short' })).body.code).toBe('weak_password');
    }
  });

  it('WEB-04: asking for cookies from elsewhere is refused here, too, and mails nobody', async () => {
    const email = someEmail();
    const headers = { origin: 'https://evil.test' };
    const answer = await client.post(
      REGISTER,
      { email, password: PASSWORD, transport: 'cookie' },
      { headers },
    );
    expect([answer.status, answer.body.code]).toEqual([403, 'csrf_rejected']);
    const pending = 'SELECT count(*)::int AS n FROM pending_registrations WHERE email = $1';
    expect(await target.database.query(pending, [email])).toEqual([{ n: 0 }]);
  });

  it('RG-03: a registration that is not proven in time is over', async () => {
    const email = someEmail();
    const token = await pend(email);
    const expire = "UPDATE one_time_links SET expires_at = now() - interval '1 s' WHERE address = $1";
    await target.database.query(expire, [email]);
    expect((await prove(token)).body.code).toBe('link_invalid');
    expect((await client.login(email)).body.code).toBe('invalid_credentials');
  });

  it('RG-03: the link can be asked for again, and the newer kills the older', async () => {
    const email = someEmail();
    const older = await pend(email);
    expect((await client.post('/api/auth/email/verification', { email })).status).toBe(202);
    const newer = (await target.mailbox.newest(email, /Finish/, 2)).token;
    expect((await prove(older)).body.code).toBe('link_invalid');
    expect((await prove(newer)).status).toBe(204);
  });

  it('RG-03: a username that is taken meanwhile is no dead end', async () => {
    const username = `popular-${Date.now()}`;
    const [first, second] = [someEmail(), someEmail()];
    const links = [await pend(first, { username }), await pend(second, { username })];
    for (const link of links) expect((await prove(link)).status).toBe(204);
    expect((await client.login(first)).body.user.username).toBe(username);
    expect((await client.login(second)).body.user.username).toBeNull();
  });

  it('RG-03: nor is one that a deleted account holds', async () => {
    const username = `late-${Date.now()}`;
    const [first, second] = [someEmail(), someEmail()];
    const link = await pend(second, { username });
    await prove(await pend(first, { username }));
    const { token } = (await client.login(first)).body;
    expect((await client.delete('/api/user', { password: PASSWORD }, { token })).status).toBe(204);
    expect((await prove(link)).status).toBe(204);
    expect((await client.login(second)).body.user.username).toBeNull();
  });

  it('RG-03: two people with one username prove their mailboxes at once, and both get in', async () => {
    const username = `twins-${Date.now()}`;
    const [first, second] = [someEmail(), someEmail()];
    const links = [await pend(first, { username }), await pend(second, { username })];
    expect(statuses(await Promise.all(links.map(prove)))).toEqual([204, 204]);
    const names = [
      (await client.login(first)).body.user.username,
      (await client.login(second)).body.user.username,
    ];
    expect(names.filter((name) => name === username)).toHaveLength(1);
  });

  it('RG-03: the address of a deleted account is no dead end for the service', async () => {
    const email = someEmail();
    await prove(await pend(email));
    const { token } = (await client.login(email)).body;
    await client.delete('/api/user', { password: PASSWORD }, { token });
    const answer = await client.post(REGISTER, { email, password: PASSWORD });
    expect([answer.status, answer.body]).toEqual([202, {}]);
    const link = (await target.mailbox.newest(email, /Finish/, 2)).token;
    expect((await prove(link)).body.code).toBe('link_invalid');
  });
});
