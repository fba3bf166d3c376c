import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { enrol, type Enrolled } from '../support/authenticator.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';
import { expectNothingLocked, untilOneWaits } from '../support/lock-waits.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';

const ORIGIN = 'http://example.localhost:3000';

interface Owner extends Enrolled {
  device: SoftwareAuthenticator;
}

interface Way {
  what: string;
  path: string;
  /** Also does what has to be done before. */
  body: (owner: Owner) => unknown;
}

/** Routes by which somebody signed in changes something are in ended-meanwhile.test.ts. */
describe('RES-06: whoever gets in, or opens a link, locks the person before anything of theirs', () => {
  let app: TestApp;
  let client: Client;

  beforeAll(async () => {
    app = await startApp({ PASSKEY_ORIGINS: ORIGIN, PASSKEY_RP_ID: 'example.localhost' });
    client = new Client(app);
  });
  beforeEach(() => app.clock.reset());
  afterAll(() => app.close());

  async function owner(): Promise<Owner> {
    const enrolled = await enrol(app);
    const device = new SoftwareAuthenticator({ origin: ORIGIN });
    const { body } = await client.post('/api/user/passkeys/options', undefined, enrolled);
    await client.post('/api/user/passkeys', { passkey: device.create(body.options) }, enrolled);
    return { ...enrolled, device };
  }

  async function shown({ device }: Owner): Promise<object> {
    const { body } = await client.post('/api/auth/passkeys/options');
    return device.get(body.options);
  }

  async function challengeOf({ email }: Owner): Promise<string> {
    return (await client.login(email)).body.challenge.id;
  }

  async function resetLink({ email }: Owner): Promise<string> {
    await client.post('/api/auth/password/forgot', { email });
    return (await app.mailbox.newest(email, /Choose/)).token;
  }

  /** To the new address, or to the old one. */
  async function changeLink({ email, token }: Owner, whose: 'new' | 'old'): Promise<string> {
    const address = someEmail('new');
    await client.post('/api/user/email', { email: address, password: PASSWORD }, { token });
    const mail = whose === 'new' ? app.mailbox.newest(address) : app.mailbox.newest(email, /about to change/);
    return (await mail).token;
  }

  const WAYS: Way[] = [
    {
      what: 'a password and a code of an app',
      path: '/api/auth/login',
      body: ({ email, authenticator }) => ({
        login: email,
        password: PASSWORD,
        code: authenticator.next(),
      }),
    },
    {
      what: 'a password and a recovery code',
      path: '/api/auth/login',
      body: ({ email, recoveryCodes: [recoveryCode] }) => ({
        login: email,
        password: PASSWORD,
        recoveryCode,
      }),
    },
    {
      what: 'a recovery code that answers a challenge',
      path: '/api/auth/challenge',
      body: async (person) => ({
        id: await challengeOf(person),
        recoveryCode: person.recoveryCodes[0],
      }),
    },
    {
      what: 'a passkey',
      path: '/api/auth/passkeys/login',
      body: async (person) => ({ passkey: await shown(person) }),
    },
    {
      what: 'a link to set a new password',
      path: '/api/auth/password/reset',
      body: async (person) => ({ token: await resetLink(person), password: 'battery horse correct' }),
    },
    {
      what: 'a link that proves a new address',
      path: '/api/auth/email/verify',
      body: async (person) => ({ token: await changeLink(person, 'new') }),
    },
    {
      what: 'a link that takes an old address back',
      path: '/api/auth/email/undo',
      body: async (person) => ({ token: await changeLink(person, 'old') }),
    },
  ];

  it.each(WAYS)('by $what', async ({ path, body: prepare }) => {
    const person = await owner();
    const body = await prepare(person);
    const answer = await app.database.transaction(async (manager): Promise<{ sent: Promise<Answer> }> => {
      await manager.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [person.id]);
      const sent = client.post(path, body);
      await untilOneWaits(app.database);
      await expectNothingLocked(person.id, manager);
      return { sent };
    });
    expect((await answer.sent).status).toBeLessThan(300);
  });
});
