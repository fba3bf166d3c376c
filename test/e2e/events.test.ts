import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AccessDenied } from '../../src/guard/guard.errors.js';
import { Housekeeping } from '../../src/database/housekeeping.js';
import { DomainEvents } from '../../src/events/domain-events.js';
import { KeyRotation } from '../../src/tokens/key-rotation.js';
import { UsersService } from '../../src/users/users.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';
import { type EventRow, eventRows } from '../support/event-rows.js';
import { isWrite, QueryLog } from '../support/query-log.js';
import { ServiceCaller } from '../support/service-caller.js';

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const NEW_PASSWORD = 'another horse battery';

describe('the log of what happened', () => {
  let target: TestApp;
  let client: Client;
  let events: DomainEvents;
  /** What `on('user.updated')` does besides; reset after each case. */
  let whenUpdated: () => void = () => {};

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
    events = target.app.get(DomainEvents);
    events.on('user.updated', () => whenUpdated());
  });
  afterEach(() => {
    whenUpdated = () => {};
  });
  afterAll(() => target.close());

  const rows = (userId: string | null, type?: string): Promise<EventRow[]> =>
    eventRows(target.database, userId, type);
  const typesOf = async (userId: string): Promise<string[]> => (await rows(userId)).map(({ type }) => type);

  it('says who did what, when, whence and by which request', async () => {
    const before = new Date();
    const headers = { 'user-agent': AGENT };
    const email = someEmail();
    const { body } = await client.post('/api/auth/register', { email, password: PASSWORD }, { headers });
    const { token, user } = body;
    await client.patch('/api/user', { firstName: 'Ada' }, { token, headers });
    const [registered, opened, updated] = await rows(user.id);
    const whence = { user_id: user.id, ip: '127.0.0.1', user_agent: AGENT, impersonator_id: null };
    const byThemself = { actor: 'user', actor_id: user.id };
    expect(registered).toMatchObject({ ...whence, ...byThemself, type: 'user.registered', sid: null });
    expect(registered?.data).toEqual({ via: 'self' });
    expect(opened).toMatchObject({ ...whence, ...byThemself, type: 'session.opened' });
    const device = 'Firefox 145, Linux';
    expect(opened?.data).toEqual({ methods: ['pwd'], remember: false, device, newDevice: false });
    expect(updated).toMatchObject({ ...whence, ...byThemself, type: 'user.updated', sid: opened?.sid });
    expect(updated?.data).toEqual({ fields: ['firstName'] });
    for (const { id, occurred_at: at, request_id: requestId } of [registered!, opened!, updated!]) {
      expect(id).toMatch(UUID);
      expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
      expect(Math.abs(at.getTime() - before.getTime())).toBeLessThan(10_000);
    }
    expect(registered?.request_id).toBe(opened?.request_id);
    expect(updated?.request_id).not.toBe(opened?.request_id);
  });

  it('INJ-13: keeps as much of a user agent as of a session', async () => {
    const headers = { 'user-agent': 'x'.repeat(2000) };
    const { user } = (
      await client.post('/api/auth/register', { email: someEmail(), password: PASSWORD }, { headers })
    ).body;
    expect((await rows(user.id))[0]?.user_agent).toBe('x'.repeat(512));
  });

  it('is written with the change, and gone with its rollback', async () => {
    const { token, user } = await client.register();
    const before = await typesOf(user.id);
    whenUpdated = () => {
      throw new AccessDenied();
    };
    expect((await client.patch('/api/user', { firstName: 'Eve' }, { token })).status).toBe(403);
    expect(await typesOf(user.id)).toEqual(before);
    whenUpdated = () => {};
    expect((await client.patch('/api/user', { firstName: 'Ada' }, { token })).status).toBe(200);
    expect(await typesOf(user.id)).toEqual([...before, 'user.updated']);
  });

  it('LOG-08: keeps what was recorded of a failure, when the request is rolled back', async () => {
    const { token, user } = await client.register();
    const { database } = target;
    const failing = database.transaction(async (manager) => {
      await manager.query("UPDATE users SET first_name = 'Eve' WHERE id = $1", [user.id]);
      await events.publish({ type: 'user.updated', userId: user.id, fields: ['firstName'] }, manager);
      await events.record({ type: 'session.refused', userId: user.id, loginHash: 'x', reason: 'test' });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect((await client.get('/api/user', { token })).body.firstName).toBeNull();
    const [refused, ...rest] = (await rows(user.id)).slice(2);
    expect([refused?.type, refused?.data, rest]).toEqual([
      'session.refused',
      { loginHash: 'x', reason: 'test' },
      [],
    ]);
  });

  it('RES-06: holds an event once, when a deadlock made its transaction run twice', async () => {
    const { user } = await client.register();
    const { database } = target;
    let runs = 0;
    await database.transaction(async (manager) => {
      runs += 1;
      await events.publish({ type: 'user.unbanned', userId: user.id }, manager);
      // What PostgreSQL says to the one it chose.
      if (runs === 1) await manager.query("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$");
    });
    expect([runs, (await rows(user.id, 'user.unbanned')).length]).toEqual([2, 1]);
  });

  it('knows who acts for whom: an administrator, another service, nobody', async () => {
    const admin = await client.register();
    const { user, token } = await client.register();
    const users = target.app.get(UsersService);
    const service = await ServiceCaller.create(target, 'tokens:revoke');
    await service.post('/oauth/revoke', { token });
    const [closed] = await rows(user.id, 'session.closed');
    expect(closed).toMatchObject({ actor: 'client', actor_id: service.id, ip: '127.0.0.1' });

    await users.ban(user.id, 'spam');
    const [banned] = await rows(user.id, 'user.banned');
    expect(banned).toMatchObject({ actor: 'system', actor_id: null, ip: null, request_id: null });

    events.on('user.updated', async ({ userId }, manager) => {
      if (userId !== admin.user.id) return;
      const event = { type: 'user.unbanned', userId: user.id } as const;
      await events.publish(event, manager);
    });
    await client.patch('/api/user', { firstName: 'Root' }, { token: admin.token });
    const [unbanned] = await rows(user.id, 'user.unbanned');
    expect(unbanned).toMatchObject({ actor: 'admin', actor_id: admin.user.id, ip: '127.0.0.1' });
  });

  it('tells of keys and service clients, by the system', async () => {
    const { kid } = await target.app.get(KeyRotation).rotate({ now: true });
    await target.app.get(KeyRotation).kill(kid);
    const service = await ServiceCaller.create(target, 'tokens:revoke');
    const told = (await rows(null)).filter(({ actor }) => actor === 'system');
    expect(told.map(({ type, data }) => [type, data])).toEqual(
      expect.arrayContaining([
        ['key.rotated', { kid }],
        ['key.killed', { kid }],
        ['client.updated', { clientId: service.id, change: 'created' }],
      ]),
    );
  });

  it('knows the request that asked for a mail, though the mail is written later, and tells of it once', async () => {
    const { user } = await client.register();
    const headers = { 'user-agent': AGENT };
    await client.post('/api/auth/password/forgot', { email: user.email }, { headers });
    const { token } = await target.mailbox.newest(user.email, /password/i);
    const [requested, ...more] = await rows(user.id, 'password.reset.requested');
    expect(more).toEqual([]);
    // Anybody can ask.
    expect(requested).toMatchObject({ actor: 'user', actor_id: null, ip: '127.0.0.1', user_agent: AGENT });
    expect(Object.keys(requested?.data ?? {})).toEqual(['expiresAt']);
    await client.post('/api/auth/password/reset', { token, password: NEW_PASSWORD });
    const [reset] = await rows(user.id, 'password.reset');
    expect(reset).toMatchObject({ actor: 'user', actor_id: user.id, data: { via: 'reset' } });
  });

  it('outlives the person, without their names and addresses (AL-05)', async () => {
    const { user, token } = await client.register();
    const other = await client.register();
    const { database } = target;
    await client.post('/api/user/email', { email: someEmail('next'), password: PASSWORD }, { token });
    await client.post('/api/auth/email/verify', { token: (await target.mailbox.newest(user.email)).token });
    const byThem = { kind: 'admin', id: user.id } as const;
    const ban = {
      type: 'user.banned',
      userId: other.user.id,
      reason: 'spam',
      until: null,
      actor: byThem,
    } as const;
    await database.transaction((manager) => events.publish(ban, manager));
    await database.query("UPDATE domain_events SET ip = '192.0.2.1' WHERE actor_id = $1", [user.id]);
    const passkey = {
      type: 'passkey.added',
      userId: user.id,
      passkeyId: uuidv7(),
      name: "Ada's key",
    } as const;
    await database.transaction((manager) => events.publish(passkey, manager));
    const before = await rows(user.id);
    expect(before.map(({ type }) => type)).toEqual(
      expect.arrayContaining([
        'user.registered',
        'session.opened',
        'email.change.requested',
        'user.verified',
      ]),
    );

    await hardDelete(user.id);
    const after = await rows(user.id);
    expect(after.map(({ type }) => type)).toEqual(
      expect.arrayContaining([...before.map(({ type }) => type), 'sessions.closed', 'user.deleted']),
    );
    for (const row of after) expect([row.type, row.ip, row.user_agent]).toEqual([row.type, null, null]);
    expect(JSON.stringify(after)).not.toMatch(/@|example\.com|Ada|"device"/);
    expect(JSON.stringify(before)).toMatch(/Ada.*"device"|"device".*Ada/);
    const [banned] = await rows(other.user.id, 'user.banned');
    expect(banned).toMatchObject({ ip: null, actor_id: user.id, data: { reason: 'spam' } });
    expect((await rows(other.user.id))[0]?.ip).toBe('127.0.0.1');
  });

  /** As with SOFT_DELETE=false, in a request. */
  async function hardDelete(id: string): Promise<void> {
    const replica = await startApp({ SOFT_DELETE: 'false' }, target);
    try {
      await replica.app.get(UsersService).delete(id);
    } finally {
      await replica.close();
    }
  }

  it('goes when it is old', async () => {
    const { user } = await client.register();
    const { database } = target;
    const age =
      'UPDATE domain_events SET occurred_at = now() - $2::interval WHERE user_id = $1 AND type = $3';
    await database.query(age, [user.id, '366 days', 'user.registered']);
    await database.query(age, [user.id, '364 days', 'session.opened']);
    await target.app.get(Housekeeping).run();
    expect(await typesOf(user.id)).toEqual(['session.opened']);
  });

  it('tells of refreshing only where somebody asked for it', async () => {
    const { user, refreshToken } = await client.register();
    const refresh = (token: string): Promise<Answer> =>
      client.post('/api/auth/refresh', { refreshToken: token });
    const log = new QueryLog(target.database);
    let body: Answer['body'];
    const asked = await log.of('sessions', async () => ({ body } = await refresh(refreshToken)));
    expect(asked.filter(isWrite)).toHaveLength(1);
    expect(await rows(user.id, 'session.refreshed')).toEqual([]);

    const told: string[] = [];
    events.on('session.refreshed', ({ sid }) => void told.push(sid));
    const { status } = await refresh(body.refreshToken);
    const [refreshed, ...more] = await rows(user.id, 'session.refreshed');
    expect([status, told, more]).toEqual([200, [refreshed?.sid], []]);
    // A replay changes nothing.
    expect((await refresh(body.refreshToken)).status).toBe(200);
    expect(told).toHaveLength(1);
  });

  it('costs one statement an event', async () => {
    const { user } = await client.register();
    const log = new QueryLog(target.database);
    const statements = await log.of('domain_events', () => client.login(user.email));
    expect([statements.length, statements.filter(isWrite).length]).toEqual([1, 1]);
  });
});
