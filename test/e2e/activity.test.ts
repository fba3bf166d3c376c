import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import type { DomainEvent } from '../../src/events/domain-event.js';
import { DomainEvents } from '../../src/events/domain-events.js';
import { UsersService } from '../../src/users/users.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';
import { eventRows } from '../support/event-rows.js';

const AGENT = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0';

describe('GET /api/user/activity (AL-02)', () => {
  let target: TestApp;
  let client: Client;
  let events: DomainEvents;

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
    events = target.app.get(DomainEvents);
  });
  afterAll(() => target.close());

  const activity = (token: string, query = ''): Promise<Answer> =>
    client.get(`/api/user/activity${query && `?${query}`}`, { token });
  const typesOf = async (token: string, query = ''): Promise<string[]> =>
    (await activity(token, query)).body.items.map(({ type }: { type: string }) => type);
  const publish = (event: DomainEvent): Promise<void> =>
    target.database.transaction((manager) => events.publish(event, manager));

  /** As many as a page and a half, after those of the registration. */
  async function fill(userId: string, count: number): Promise<void> {
    await target.database.query(
      `INSERT INTO domain_events (id, type, user_id, actor, data)
       SELECT gen_random_uuid(), 'x.filled', $1, 'system', '{}' FROM generate_series(1, $2)`,
      [userId, count],
    );
  }

  it('tells what happened to the account, the newest first', async () => {
    const headers = { 'user-agent': AGENT };
    const email = someEmail();
    const registering = { email, password: PASSWORD };
    const { token, user } = (await client.post('/api/auth/register', registering, { headers })).body;
    await client.patch('/api/user', { firstName: 'Ada' }, { token, headers });
    const session = (await client.get('/api/auth/session', { token })).body.session.id;
    const { status, body } = await activity(token);
    expect(status).toBe(200);
    const byThemself = {
      actor: { kind: 'user', id: user.id, impersonatorId: null },
      ip: '127.0.0.1',
      device: 'desktop',
      browser: 'Firefox 145',
      system: 'macOS',
    };
    expect(body).toEqual({
      items: [
        {
          id: expect.any(String),
          occurredAt: expect.any(String),
          type: 'user.updated',
          sid: session,
          data: { fields: ['firstName'] },
          ...byThemself,
        },
        {
          id: expect.any(String),
          occurredAt: expect.any(String),
          type: 'session.opened',
          sid: session,
          data: { methods: ['pwd'], remember: false, newDevice: false },
          ...byThemself,
        },
        {
          id: expect.any(String),
          occurredAt: expect.any(String),
          type: 'user.registered',
          sid: null,
          data: { via: 'self' },
          ...byThemself,
        },
      ],
      nextCursor: null,
    });
  });

  it('goes on by a cursor, and meets each once though more happens meanwhile', async () => {
    const { token, user } = await client.register();
    await fill(user.id, 123);
    const first = await activity(token);
    expect(first.body.items).toHaveLength(50);
    await fill(user.id, 5);
    const ids: string[] = first.body.items.map(({ id }: { id: string }) => id);
    let { nextCursor } = first.body;
    const sizes = [];
    while (nextCursor !== null) {
      const { body } = await activity(token, `limit=40&cursor=${nextCursor}`);
      sizes.push(body.items.length);
      ids.push(...body.items.map(({ id }: { id: string }) => id));
      nextCursor = body.nextCursor;
    }
    expect([sizes, new Set(ids).size]).toEqual([[40, 35], 125]);
    expect((await activity(token, 'limit=100')).body.items).toHaveLength(100);
  });

  it('is filtered by type, actor and time', async () => {
    const { token, user } = await client.register();
    await client.patch('/api/user', { firstName: 'Ada' }, { token });
    await fill(user.id, 1);
    const move = 'UPDATE domain_events SET occurred_at = $2 WHERE user_id = $1 AND type = $3';
    await target.database.query(move, [user.id, '2026-01-01T00:00:00Z', 'user.registered']);
    await target.database.query(move, [user.id, '2026-01-02T00:00:00Z', 'session.opened']);
    expect(await typesOf(token)).toEqual(['x.filled', 'user.updated', 'session.opened', 'user.registered']);
    expect(await typesOf(token, 'type=user.updated')).toEqual(['user.updated']);
    expect(await typesOf(token, 'type=user.registered,x.filled,no.such')).toEqual([
      'x.filled',
      'user.registered',
    ]);
    expect(await typesOf(token, 'actor=system')).toEqual(['x.filled']);
    expect(await typesOf(token, 'actor=admin')).toEqual([]);
    expect(await typesOf(token, 'to=2026-01-02T00:00:00Z')).toEqual(['user.registered']);
    expect(await typesOf(token, 'to=2026-01-02T00:00:00.001Z&from=2026-01-02T00:00:00Z')).toEqual([
      'session.opened',
    ]);
    const east = encodeURIComponent('2026-01-02T01:00:00+01:00');
    expect(await typesOf(token, `from=${east}&actor=user`)).toEqual(['user.updated', 'session.opened']);
    expect(await typesOf(token, 'from=2026-01-03T00:00:00Z&to=2026-01-01T00:00:00Z')).toEqual([]);
    // As far as years go.
    expect(await typesOf(token, 'from=0100-01-01T00:00:00Z&to=1000-01-01T00:00:00%2B23:59')).toEqual([]);
    expect(await typesOf(token, 'to=9999-12-31T23:59:59-23:59&type=x.filled')).toEqual(['x.filled']);
  });

  it('INJ-15: refuses bounds, times, filters and cursors that are none', async () => {
    const { token } = await client.register();
    const { user: other, token: otherToken } = await client.register();
    await fill(other.id, 60);
    const { nextCursor } = (await activity(otherToken)).body;
    for (const query of [
      'limit=0',
      'limit=-1',
      'limit=1e9',
      'limit=101',
      'limit=1.5',
      'limit=',
      'limit=٣',
      'sort=ip',
      'order=seq',
      `userId=${other.id}`,
      'user_id=1',
      'cursor=',
      'cursor=1',
      'cursor=MQ',
      `cursor=${nextCursor.slice(0, -2)}`,
      `cursor=${nextCursor}=`,
      `cursor=${nextCursor.slice(0, -4)}AAAA`,
      `cursor=${'A'.repeat(300)}`,
      `cursor=${Buffer.from('5').toString('base64url')}`,
      'type=',
      'type=,',
      'type=a,',
      "type='",
      'type=a%20b',
      `type=${Array(21).fill('a').join(',')}`,
      'type=%00',
      'actor=',
      'actor=User',
      'actor=nobody',
      'actor=user,admin',
      'from=',
      'from=yesterday',
      'from=2026-01-01',
      'from=2026-01-01T00:00:00',
      'from=2026-02-30T00:00:00Z',
      'to=2026-01-01T24:00:00Z',
      'to=2026-01-01T00:00:60Z',
      'to=1',
      'to=infinity',
    ]) {
      const { status, body } = await activity(token, query);
      expect([query, status, body.code]).toEqual([query, 400, 'validation_failed']);
    }
    for (const query of ['type=a&type=b', 'cursor[]=1&cursor[]=2']) {
      const { status } = await activity(token, query);
      expect([query, status]).toEqual([query, 400]);
    }
    // A cursor says where in the log; whose events are told, the token says.
    expect(await typesOf(token, `cursor=${nextCursor}`)).toEqual(['session.opened', 'user.registered']);
  });

  it("AUTHZ-03: never tells of anybody else's account", async () => {
    const ada = await client.register();
    const eve = await client.register();
    await client.patch('/api/user', { firstName: 'Ada' }, { token: ada.token });
    const told = JSON.stringify((await activity(eve.token, 'limit=100')).body);
    expect(told).not.toContain(ada.user.id);
    expect(await typesOf(eve.token)).toEqual(['session.opened', 'user.registered']);
    expect((await client.get('/api/user/activity')).body.code).toBe('token_missing');
    // Nor what concerns nobody.
    await publish({ type: 'key.rotated', userId: null, kid: 'k' });
    expect(await typesOf(eve.token)).toHaveLength(2);
  });

  it('LOG-06: is only read: no method changes or deletes anything', async () => {
    const { token, user } = await client.register();
    const rows = await eventRows(target.database, user.id);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      for (const path of ['/api/user/activity', `/api/user/activity/${rows[0]?.id}`]) {
        const { status } = await client.request(method, path, { token, body: {} });
        expect([method, path, status]).toEqual([method, path, 404]);
      }
    }
    expect(await eventRows(target.database, user.id)).toEqual(rows);
  });

  it('does not tell whence others came, why moderators acted, or what is for them alone', async () => {
    const { token, user } = await client.register();
    const admin = await client.register();
    const session = (await client.get('/api/auth/session', { token })).body.session.id;
    const context = { ip: '192.0.2.1', user_agent: AGENT, sid: uuidv7() };
    const insert = `INSERT INTO domain_events (id, type, user_id, actor, actor_id, impersonator_id, ip, user_agent, sid, data)
      VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, $6, $7, $8, $9)`;
    const add = (type: string, actor: string, by: string, sid: string, data: object, impersonator?: string) =>
      target.database.query(insert, [
        type, user.id, actor, by, impersonator ?? null, context.ip, context.user_agent, sid, JSON.stringify(data),
      ]); // prettier-ignore
    await add('user.banned', 'admin', admin.user.id, context.sid, { reason: 'spam', until: null });
    await add('comment.added', 'admin', admin.user.id, context.sid, { commentId: uuidv7() });
    await add('session.closed', 'client', uuidv7(), session, { reason: 'revoked' });
    await add('user.updated', 'user', user.id, session, { fields: ['firstName'] }, admin.user.id);
    await add('x.custom', 'client', uuidv7(), context.sid, { note: 'secret' });
    const { items } = (await activity(token, 'limit=4')).body;
    const nowhere = { ip: null, device: null, browser: null, system: null };
    const byAdmin = { kind: 'admin', id: admin.user.id, impersonatorId: null };
    const impersonated = { kind: 'user', id: user.id, impersonatorId: admin.user.id };
    expect(items).toMatchObject([
      { type: 'x.custom', ...nowhere, sid: null, data: {} },
      { type: 'user.updated', ...nowhere, sid: session, actor: impersonated },
      { type: 'session.closed', ...nowhere, sid: session, data: { reason: 'revoked' } },
      { type: 'user.banned', ...nowhere, sid: null, actor: byAdmin, data: { until: null } },
    ]);
    expect(JSON.stringify((await activity(token)).body)).not.toMatch(/spam|comment|secret|192\.0\.2/);
  });

  it('tells the owner of a ban and what came of it, once they are back', async () => {
    const { user } = await client.register();
    const users = target.app.get(UsersService);
    await users.ban(user.id, 'spam');
    await users.unban(user.id);
    const { token } = (await client.login(user.email)).body;
    expect((await typesOf(token)).slice(0, 4)).toEqual([
      'session.opened',
      'user.unbanned',
      'sessions.closed',
      'user.banned',
    ]);
  });
});
