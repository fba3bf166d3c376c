import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SignInService } from '../../src/auth/sign-in.service.js';
import { AccessDenied } from '../../src/guard/guard.errors.js';
import { UsersService } from '../../src/users/users.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Enrolled, enrol } from '../support/authenticator.js';
import { type Answer, Client, PASSWORD, type RequestOptions, someEmail } from '../support/client.js';
import { type EventRow, eventRows } from '../support/event-rows.js';
import { untilOneWaits } from '../support/lock-waits.js';
import { beginSignIn } from '../support/people.js';

const AGENT = 'Auditor/1.0';
const NEW_PASSWORD = 'another horse battery';

/** Calls with a user agent that is looked for afterwards. */
class AuditedClient extends Client {
  override request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    return super.request(method, path, { ...options, headers: { 'user-agent': AGENT, ...options.headers } });
  }
}

interface Person {
  id: string;
  email: string;
  token: string;
  refreshToken: string;
  sid: string;
}

interface Case {
  act: (person: Person) => Promise<Answer>;
  status: number;
  /** What the log then has besides, newest last. */
  told: { type: string; data?: object; sid?: 'theirs' | 'new' | null; actor?: 'themself' | 'unproven' }[];
}

describe('LOG-06: the log has each auth event, good and bad', () => {
  let target: TestApp;
  let client: AuditedClient;

  beforeAll(async () => {
    target = await startApp();
    client = new AuditedClient(target);
    const refuse = (login: string | undefined, by: string): void => {
      if (login?.startsWith(by)) throw new AccessDenied();
    };
    const signIn = target.app.get(SignInService);
    signIn.onOpening(({ credentials }) => refuse(credentials.login, 'hook'));
    signIn.contribute({ name: 'refusing', run: ({ user }) => refuse(user.email, 'step') });
  });
  afterAll(() => target.close());

  async function register(): Promise<Person> {
    const { user, token, refreshToken } = await client.register();
    const { body } = await client.get('/api/auth/session', { token });
    return { id: user.id, email: user.email, token, refreshToken, sid: body.session.id };
  }

  const rename = (id: string, email: string): Promise<unknown> =>
    target.database.query('UPDATE users SET email = $2 WHERE id = $1', [id, email]);

  const linkFor = async (email: string, subject: RegExp): Promise<string> =>
    (await target.mailbox.newest(email, subject)).token;

  const proven = { actor: 'themself', sid: null } as const;
  const inSession = { actor: 'themself', sid: 'theirs' } as const;
  const unproven = { actor: 'unproven', sid: null } as const;

  const CASES: Record<string, Case> = {
    'a sign-in': {
      act: ({ email }) => client.login(email, PASSWORD, { remember: true }),
      status: 200,
      told: [
        { type: 'session.opened', data: { methods: ['pwd'], remember: true }, actor: 'themself', sid: 'new' },
      ],
    },
    'a sign-in with a wrong password': {
      act: ({ email }) => client.login(email, 'wrong horse battery'),
      status: 401,
      told: [{ type: 'session.refused', data: { reason: 'invalid_credentials' }, ...unproven }],
    },
    'a sign-in of somebody banned': {
      act: async ({ id, email }) => {
        await target.app.get(UsersService).ban(id, 'spam');
        return client.login(email);
      },
      status: 403,
      told: [
        { type: 'user.banned', data: { reason: 'spam', until: null } },
        { type: 'sessions.closed', data: { reason: 'user_banned', count: 1, exceptSid: null } },
        { type: 'session.refused', data: { reason: 'user_banned' }, ...unproven },
      ],
    },
    'a sign-in that a hook refuses': {
      act: async ({ id, email }) => {
        await rename(id, `hook.${email}`);
        return client.login(`hook.${email}`);
      },
      status: 403,
      told: [{ type: 'session.refused', data: { reason: 'access_denied' }, ...unproven }],
    },
    'a sign-in that a step refuses': {
      act: async ({ id, email }) => {
        await rename(id, `step.${email}`);
        return client.login(`step.${email}`);
      },
      status: 403,
      told: [{ type: 'session.refused', data: { reason: 'access_denied' }, ...unproven }],
    },
    'a sign-out': {
      act: ({ token }) => client.post('/api/auth/logout', undefined, { token }),
      status: 204,
      told: [{ type: 'session.closed', data: { reason: 'logout' }, ...inSession }],
    },
    'a stolen refresh token': {
      act: async ({ refreshToken, sid }) => {
        const { body } = await client.post('/api/auth/refresh', { refreshToken });
        await client.post('/api/auth/refresh', { refreshToken: body.refreshToken });
        await target.database.query(
          "UPDATE sessions SET rotated_at = now() - interval '1 minute' WHERE id = $1",
          [sid],
        );
        return client.post('/api/auth/refresh', { refreshToken });
      },
      status: 401,
      told: [
        { type: 'session.closed', data: { reason: 'token.reused' }, ...inSession },
        { type: 'token.reused', data: { generation: 0 }, actor: 'unproven', sid: 'theirs' },
      ],
    },
    'a confirmed password': {
      act: ({ token }) => client.post('/api/user/confirm-password', { password: PASSWORD }, { token }),
      status: 200,
      told: [{ type: 'session.confirmed', ...inSession }],
    },
    'a wrong password, confirmed': {
      act: ({ token }) => client.post('/api/user/confirm-password', { password: 'wrong' }, { token }),
      status: 422,
      told: [{ type: 'password.refused', data: {}, ...inSession }],
    },
    'a change of password': {
      act: async ({ token, email }) => {
        await client.login(email);
        const body = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
        return client.post('/api/user/password', body, { token });
      },
      status: 204,
      told: [
        { type: 'session.opened' },
        { type: 'password.changed', ...inSession },
        { type: 'sessions.closed', ...inSession },
      ],
    },
    'a change of password by somebody who does not know it': {
      act: ({ token }) => {
        const body = { currentPassword: 'wrong horse battery', newPassword: NEW_PASSWORD };
        return client.post('/api/user/password', body, { token });
      },
      status: 422,
      told: [{ type: 'password.refused', data: {}, ...inSession }],
    },
    'a forgotten password': {
      act: async ({ email }) => {
        const answer = await client.post('/api/auth/password/forgot', { email });
        await linkFor(email, /password/i);
        return answer;
      },
      status: 202,
      told: [{ type: 'password.reset.requested', ...unproven }],
    },
    'a new password by a link': {
      act: async ({ email }) => {
        await client.post('/api/auth/password/forgot', { email });
        const token = await linkFor(email, /password/i);
        return client.post('/api/auth/password/reset', { token, password: NEW_PASSWORD });
      },
      status: 204,
      told: [
        { type: 'password.reset.requested' },
        { type: 'user.verified', data: { by: 'reset' }, ...proven },
        { type: 'password.reset', data: { via: 'reset' }, ...proven },
        { type: 'sessions.closed', data: { reason: 'password_reset' }, ...proven },
      ],
    },
    'a proven address': {
      act: async ({ email }) => client.post('/api/auth/email/verify', { token: await linkFor(email, /./) }),
      status: 204,
      told: [{ type: 'user.verified', data: { by: 'link' }, ...proven }],
    },
    'a change of address, undone': {
      act: async ({ token, email }) => {
        const next = someEmail('next');
        await client.post('/api/user/email', { email: next, password: PASSWORD }, { token });
        await client.post('/api/auth/email/verify', { token: await linkFor(next, /./) });
        return client.post('/api/auth/email/undo', { token: await linkFor(email, /address/i) });
      },
      status: 204,
      told: [
        { type: 'user.updated', data: { fields: ['pendingEmail'] }, ...inSession },
        { type: 'email.change.requested', ...inSession },
        { type: 'email.changed', ...proven },
        { type: 'email.reverted', ...proven },
        { type: 'sessions.closed', data: { reason: 'email_reverted' }, ...proven },
      ],
    },
    'a session that is ended from another': {
      act: async ({ token, email }) => {
        const { body } = await client.login(email);
        const { id } = (await client.get('/api/auth/session', { token: body.token })).body.session;
        return client.delete(`/api/user/sessions/${id}`, undefined, { token });
      },
      status: 204,
      told: [
        { type: 'session.opened', sid: 'new' },
        { type: 'session.closed', data: { reason: 'closed_by_user' }, actor: 'themself', sid: 'new' },
      ],
    },
    'a deleted account': {
      act: ({ token }) => client.delete('/api/user', { password: PASSWORD }, { token }),
      status: 204,
      told: [
        { type: 'user.deactivated', ...inSession },
        { type: 'sessions.closed', data: { reason: 'user_deleted' }, ...inSession },
      ],
    },
  };

  it.each(Object.entries(CASES))('%s', async (_what, { act, status, told }) => {
    const person = await register();
    const begun = Date.now();
    const before = (await eventRows(target.database, person.id)).length;
    const answer = await act(person);
    expect([answer.status, answer.body?.code]).toEqual([status, answer.body?.code]);
    const rows = (await eventRows(target.database, person.id)).slice(before);
    expect(rows.map(({ type }) => type)).toEqual(told.map(({ type }) => type));
    for (const [n, row] of rows.entries()) expectFacts(row, told[n] as Case['told'][number], person, begun);
    // A refusal names the request; the log has the same name.
    if (status >= 400) expect(rows.at(-1)?.request_id).toBe(answer.body.requestId);
  });

  function expectFacts(
    row: EventRow,
    { data, sid, actor }: Case['told'][number],
    person: Person,
    begun: number,
  ): void {
    if (data) expect(row.data).toMatchObject(data);
    if (row.actor === 'system') return expect([row.ip, row.request_id]).toEqual([null, null]);
    expect([row.type, row.ip, row.user_agent]).toEqual([row.type, '127.0.0.1', AGENT]);
    expect(row.request_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(row.occurred_at.getTime()).toBeGreaterThan(begun - 5_000);
    expect(row.occurred_at.getTime()).toBeLessThan(Date.now() + 5_000);
    if (actor) {
      const by = actor === 'themself' ? person.id : null;
      expect([row.type, row.actor, row.actor_id]).toEqual([row.type, 'user', by]);
    }
    if (sid === 'new')
      expect([row.type, typeof row.sid, row.sid === person.sid]).toEqual([row.type, 'string', false]);
    else if (sid !== undefined) expect([row.type, row.sid]).toEqual([row.type, sid && person.sid]);
  }

  it('a sign-in of nobody, as that of somebody, and neither tells the login', async () => {
    const person = await register();
    const unknown = someEmail('nobody');
    const answers = [await client.login(person.email, 'wrong horse battery')];
    for (const spelling of [unknown, unknown.toUpperCase()]) {
      answers.push(await client.login(spelling, 'wrong horse battery'));
    }
    const refused = await target.database.query<EventRow[]>(
      "SELECT * FROM domain_events WHERE type = 'session.refused' AND request_id = ANY ($1) ORDER BY seq",
      [answers.map(({ body }) => body.requestId)],
    );
    const [known, ...others] = refused;
    expect(known?.user_id).toBe(person.id);
    expect(others.map(({ user_id: userId }) => userId)).toEqual([null, null]);
    const hashes = refused.map(({ data }) => data.loginHash as string);
    expect(new Set(hashes).size).toBe(2);
    for (const hash of hashes) expect(hash).toMatch(/^[\w-]{20,}$/);
    expect(JSON.stringify(refused)).not.toMatch(/nobody|example\.com/i);
  });

  it('LOG-08: a refusal stays in it when what the request did is rolled back', async () => {
    const { id, email } = await register();
    const { database } = target;
    // The user is banned between the look at the password and the opening of the session.
    const lock = database.createQueryRunner();
    await lock.startTransaction();
    await lock.query('UPDATE users SET banned_at = now() WHERE id = $1', [id]);
    const signingIn = client.login(email);
    await untilOneWaits(database);
    await lock.commitTransaction();
    await lock.release();
    const { status, body } = await signingIn;
    const rows = await eventRows(database, id);
    expect([status, rows.at(-1)?.type, rows.at(-1)?.request_id]).toEqual([
      401,
      'session.refused',
      body.requestId,
    ]);
    expect(rows.filter(({ type }) => type === 'session.opened')).toHaveLength(1);
  });

  describe('of a second factor', () => {
    let person: Enrolled;
    beforeAll(async () => {
      person = await enrol(target);
    });

    const typesSince = async (before: number): Promise<[string, object][]> =>
      (await eventRows(target.database, person.id)).slice(before).map(({ type, data }) => [type, data]);
    const count = async (): Promise<number> => (await eventRows(target.database, person.id)).length;

    it('started and enabled', async () => {
      expect((await typesSince(0)).map(([type]) => type)).toEqual(
        expect.arrayContaining(['twofactor.started', 'twofactor.enabled']),
      );
    });

    it('a wrong code, then the right one: the session says how they proved themself', async () => {
      const before = await count();
      const id = await beginSignIn(target, person.email);
      const wrong = await client.post('/api/auth/challenge', { id, code: person.authenticator.wrongCode() });
      expect(wrong.status).toBe(422);
      expect(
        (await client.post('/api/auth/challenge', { id, code: person.authenticator.next() })).status,
      ).toBe(200);
      expect(await typesSince(before)).toMatchObject([
        ['twofactor.failed', { by: 'totp' }],
        ['session.opened', { methods: expect.arrayContaining(['pwd', 'otp', 'mfa']) }],
      ]);
      const [failed] = await eventRows(target.database, person.id, 'twofactor.failed');
      expect(failed).toMatchObject({ actor: 'user', actor_id: null, request_id: wrong.body.requestId });
    });

    it('a recovery code', async () => {
      const before = await count();
      const id = await beginSignIn(target, person.email);
      await client.post('/api/auth/challenge', { id, recoveryCode: person.recoveryCodes[0] });
      expect((await typesSince(before)).map(([type]) => type)).toEqual(
        expect.arrayContaining(['twofactor.recovery.used', 'session.opened']),
      );
    });
  });
});
