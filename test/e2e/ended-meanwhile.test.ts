import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { Authenticator, enrol, type Enrolled } from '../support/authenticator.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';
import { decodeToken } from '../support/forge.js';
import { expectNothingLocked, untilOneWaits } from '../support/lock-waits.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';

const ORIGIN = 'http://example.localhost:3000';
const PASSKEYS = '/api/user/passkeys';
const NEW_PASSWORD = 'battery horse correct';

/** Somebody with everything that can be changed; the tokens are of the session that is going to end. */
interface Owner extends Enrolled {
  sid: string;
  otherSid: string;
  passkeyId: string;
}

interface Change {
  route: string;
  /** The id in the route. */
  id?: (owner: Owner) => string;
  /** Also does what has to be done before. */
  body?: (owner: Owner) => unknown;
}

/** What changes nothing by itself: it is asked for, and what comes of it asks for a live session. */
const WITHOUT_EFFECT = [
  'POST /api/user/email/verification',
  'POST /api/user/passkeys/options',
  'POST /api/user/passkeys/options/confirm',
];

describe('a session that ends while it changes something', () => {
  let app: TestApp;
  let client: Client;

  beforeAll(async () => {
    app = await startApp({ PASSKEY_ORIGINS: ORIGIN, PASSKEY_RP_ID: 'example.localhost' });
    client = new Client(app);
  });
  beforeEach(() => app.clock.reset());
  afterAll(() => app.close());

  const sidOf = ({ token }: Pick<Answer['body'], 'token'>): string => String(decodeToken(token).payload.sid);

  const recoveryCode = ({ recoveryCodes }: Owner): object => ({ recoveryCode: recoveryCodes[0] });

  async function newPasskey({ token }: { token: string }): Promise<object> {
    const { body } = await client.post(`${PASSKEYS}/options`, undefined, { token });
    return new SoftwareAuthenticator({ origin: ORIGIN }).create(body.options);
  }

  async function newSecret(owner: Owner): Promise<object> {
    const { body } = await client.post('/api/user/two-factor', recoveryCode(owner), owner);
    return { code: new Authenticator(app, body.secret).code() };
  }

  async function newAddress(owner: Owner): Promise<void> {
    const body = { email: someEmail('new'), password: PASSWORD };
    expect((await client.post('/api/user/email', body, owner)).status).toBe(202);
  }

  const CHANGES: Change[] = [
    { route: 'PATCH /api/user', body: () => ({ firstName: 'Mallory' }) },
    { route: 'DELETE /api/user' },
    { route: 'DELETE /api/user', body: () => ({ password: PASSWORD }) },
    {
      route: 'POST /api/user/password',
      body: () => ({ currentPassword: PASSWORD, newPassword: NEW_PASSWORD }),
    },
    {
      route: 'POST /api/user/confirm-password',
      body: (owner) => ({ password: PASSWORD, ...recoveryCode(owner) }),
    },
    { route: 'POST /api/user/email', body: () => ({ email: someEmail('new'), password: PASSWORD }) },
    { route: 'DELETE /api/user/email', body: newAddress },
    { route: 'DELETE /api/user/sessions' },
    { route: 'DELETE /api/user/sessions/:id', id: ({ otherSid }) => otherSid },
    { route: 'DELETE /api/user/sessions/:id', id: ({ sid }) => sid },
    { route: 'POST /api/user/two-factor', body: recoveryCode },
    { route: 'POST /api/user/two-factor/confirm', body: newSecret },
    { route: 'POST /api/user/two-factor/recovery-codes' },
    { route: 'DELETE /api/user/two-factor', body: recoveryCode },
    { route: 'POST /api/user/passkeys', body: async (owner) => ({ passkey: await newPasskey(owner) }) },
    { route: 'PATCH /api/user/passkeys/:id', id: ({ passkeyId }) => passkeyId, body: () => ({ name: 'M' }) },
    { route: 'DELETE /api/user/passkeys/:id', id: ({ passkeyId }) => passkeyId, body: recoveryCode },
  ];

  async function owner(): Promise<Owner> {
    const enrolled = await enrol(app);
    const { token, email, recoveryCodes } = enrolled;
    const { body } = await client.post(PASSKEYS, { passkey: await newPasskey(enrolled) }, { token });
    const other = await client.login(email, PASSWORD, { recoveryCode: recoveryCodes.pop() });
    return { ...enrolled, sid: sidOf({ token }), otherSid: sidOf(other.body), passkeyId: body.id };
  }

  /** All that is theirs, save what counts tries. */
  function everythingOf({ id }: Owner, database: Pick<TestApp['database'], 'query'>): Promise<unknown> {
    const rows = (table: string, where = 'user_id', less = ''): string =>
      `(SELECT jsonb_agg(to_jsonb(t) - '${less}' ORDER BY to_jsonb(t)::text) FROM ${table} t WHERE ${where} = $1)`;
    const parts = [
      rows('users', 'id'),
      rows('passwords'),
      rows('sessions'),
      rows('totp_secrets', 'user_id', 'pending_tries'),
      rows('recovery_codes'),
      rows('passkeys'),
      rows('domain_events'),
    ];
    return database.query(`SELECT jsonb_build_array(${parts.join(', ')}) AS everything`, [id]);
  }

  it.each(CHANGES.map((change, index) => ({ ...change, index })))(
    'JWT-41: $route changes nothing then ($index)',
    async ({ route, id, body: prepare }) => {
      const person = await owner();
      const body = await prepare?.(person);
      const [method = '', path = ''] = route.split(' ');
      const { changing, before } = await app.database.transaction(async (manager) => {
        await manager.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [person.id]);
        const options = { body, token: person.token };
        const sent = client.request(method, path.replace(':id', id?.(person) ?? ''), options);
        await untilOneWaits(app.database);
        await expectNothingLocked(person.id, manager);
        await manager.query('UPDATE sessions SET ended_at = now() WHERE id = $1', [person.sid]);
        return { changing: sent, before: await everythingOf(person, manager) };
      });
      const { status, body: problem } = await changing;
      expect([status, problem?.code]).toEqual([401, 'session_revoked']);
      expect(await everythingOf(person, app.database)).toEqual(before);
    },
  );

  it('JWT-41: that is asked of every route by which somebody signed in changes something', () => {
    const changing = app.routes
      .filter(
        ({ method, path }) => path.startsWith('/api/user') && !['GET', 'HEAD', 'OPTIONS'].includes(method),
      )
      .map(({ method, path }) => `${method} ${path}`);
    const asked = new Set([...CHANGES.map(({ route }) => route), ...WITHOUT_EFFECT]);
    expect(changing.sort()).toEqual([...asked].sort());
  });

  it('JWT-41: of two sessions that end each other at once, one stays', async () => {
    for (let round = 0; round < 5; round += 1) {
      const one = await client.register();
      const { body: two } = await client.login(one.user.email);
      const paths = round % 2 === 0 ? ['', ''] : [`/${sidOf(two)}`, `/${sidOf(one)}`];
      const ending = [one, two].map(({ token }, index) =>
        client.delete(`/api/user/sessions${paths[index]}`, undefined, { token }),
      );
      const statuses = (await Promise.all(ending)).map(({ status }) => status);
      expect(statuses.sort()).toEqual([204, 401]);
      const live = await Promise.all([one, two].map(({ token }) => client.get('/api/user', { token })));
      expect(live.map(({ status }) => status).sort()).toEqual([200, 401]);
    }
  });
});
