import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AppConfig } from '../../src/config/app-config.js';
import { SealedCursors } from '../../src/config/sealed-cursors.js';
import { RevocationsService } from '../../src/revocations/revocations.service.js';
import { UsersService } from '../../src/users/users.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { decodeToken } from '../support/forge.js';
import { ServiceCaller } from '../support/service-caller.js';

describe('GET /api/revocations (BT-18)', () => {
  let target: TestApp;
  let replica: TestApp;
  let client: Client;
  let sibling: ServiceCaller;

  beforeAll(async () => {
    target = await startApp();
    replica = await startApp({}, target);
    client = new Client(target);
    sibling = await ServiceCaller.create(target, 'revocations:read');
  });
  afterAll(async () => {
    await replica.close();
    await target.close();
  });

  const feed = (query = '', at = target): Promise<Answer> =>
    sibling.at(at).get(`/api/revocations${query && `?${query}`}`);
  const present = async (): Promise<string> => (await feed()).body.nextCursor;
  const sidOf = (token: string): string => String(decodeToken(token).payload.sid);

  it('tells of a session that ended, with a cursor to go on from', async () => {
    const { token } = await client.register();
    const begun = await present();
    expect((await feed(`after=${begun}`)).body.items).toEqual([]);

    const before = Date.now();
    await client.post('/api/auth/logout', undefined, { token });
    const { body, headers } = await feed(`after=${begun}`);
    expect(body.items).toEqual([
      {
        sid: sidOf(token),
        reason: 'logout',
        notBefore: expect.any(String),
        expiresAt: expect.any(String),
      },
    ]);
    const [{ notBefore, expiresAt }] = body.items;
    expect(Math.abs(Date.parse(notBefore) - before)).toBeLessThan(60_000);
    expect(Date.parse(expiresAt) - Date.parse(notBefore)).toBe(3_660_000);
    expect(headers.get('cache-control')).toBe('no-store');

    expect((await feed(`after=${body.nextCursor}`)).body.items).toEqual([]);
    expect((await feed()).body.items).toContainEqual(body.items[0]);
  });

  it('is one feed, whichever replica is asked', async () => {
    const { token, refreshToken } = await client.register();
    const begun = await present();
    await new Client(replica).post('/api/auth/logout', { refreshToken });
    for (const at of [target, replica]) {
      expect((await feed(`after=${begun}`, at)).body.items).toMatchObject([{ sid: sidOf(token) }]);
    }
  });

  it('tells of every session that a ban ends, and of the user; a change of name is no revocation', async () => {
    const { user, token } = await client.register();
    const second = (await client.login(user.email)).body;
    const begun = await present();
    await client.patch('/api/user', { firstName: 'Ada' }, { token });
    await target.app.get(UsersService).ban(user.id);
    const { items } = (await feed(`after=${begun}`)).body;
    const told = items.map(({ sid, sub, reason }: Record<string, string>) => [sid ?? sub, reason].join());
    const ended = [user.id, sidOf(token), sidOf(second.token)].map((subject) => `${subject},user_banned`);
    expect(new Set(told)).toEqual(new Set(ended));
  });

  it('waits for what is revoked, and answers many who wait at once', async () => {
    const warned = vi.spyOn(process, 'emitWarning');
    const { token } = await client.register();
    const begun = await present();
    const waiting = Array.from({ length: 30 }, (_, index) =>
      feed(`after=${begun}&wait=20`, index % 2 ? target : replica),
    );
    await client.post('/api/auth/logout', undefined, { token });
    for (const { body } of await Promise.all(waiting)) {
      expect(body.items).toMatchObject([{ sid: sidOf(token) }]);
    }
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });

  it('passes nothing over that commits late', async () => {
    const { token } = await client.register();
    const late = target.database.createQueryRunner();
    await late.startTransaction();
    await late.query("UPDATE sessions SET ended_at = now(), end_reason = 'late' WHERE id = $1", [
      sidOf(token),
    ]);
    // Others begin later and commit earlier, and the feed is read between.
    const early = await client.register();
    await client.post('/api/auth/logout', undefined, { token: early.token });
    const between = await feed();
    expect(between.body.items).not.toContainEqual(expect.objectContaining({ sid: sidOf(token) }));
    await late.commitTransaction();
    await late.release();
    const { items } = (await feed(`after=${between.body.nextCursor}`)).body;
    expect(items).toMatchObject([{ sid: sidOf(token), reason: 'late' }]);
  });

  it('comes in pages when it is long, and what is revoked meanwhile comes after them', async () => {
    const begun = await present();
    await target.database.query(`
      INSERT INTO news (sid, reason, revokes) SELECT gen_random_uuid(), 'bulk', true FROM generate_series(1, 12000)`);
    const seen = new Set<string>();
    const sizes: number[] = [];
    let page = (await feed(`after=${begun}`)).body;
    const meanwhile = await client.register();
    await client.post('/api/auth/logout', undefined, { token: meanwhile.token });
    for (;;) {
      for (const { sid } of page.items) seen.add(sid);
      sizes.push(page.items.length);
      if (!page.hasMore) break;
      page = (await feed(`after=${page.nextCursor}&wait=20`, sizes.length % 2 ? replica : target)).body;
    }
    expect(sizes.slice(0, 2)).toEqual([5_000, 5_000]);
    expect(seen.size).toBeGreaterThanOrEqual(12_000);
    for (const { sid } of (await feed(`after=${page.nextCursor}`)).body.items) seen.add(sid);
    expect(seen.size).toBe(12_001);
    expect(seen).toContain(sidOf(meanwhile.token));
    await target.database.query("DELETE FROM news WHERE reason = 'bulk'");
  });

  it('is empty after the wait when nothing happens, and forgets what concerns no token any more', async () => {
    const begun = await present();
    const { status, body } = await feed(`after=${begun}&wait=1`);
    expect([status, body.items]).toEqual([200, []]);
    const { token } = await client.register();
    await client.post('/api/auth/logout', undefined, { token });
    const now = target.clock.nowMs();
    vi.spyOn(target.clock, 'nowMs').mockReturnValue(now + 3_670_000);
    expect((await feed()).body.items).toEqual([]);
    vi.restoreAllMocks();
  });

  it('refuses what is no cursor of ours, and waits out of bounds', async () => {
    const begun = await present();
    const ofAnotherList = new SealedCursors(target.app.get<AppConfig>(AppConfig), 'activity');
    for (const query of [
      'after=',
      'after=1:1:',
      `after=${begun.slice(0, -4)}`,
      `after=${begun.slice(0, -4)}AAAA`,
      `after=${begun}.x`,
      `after=${ofAnotherList.seal('1:1:')}`,
      "after=1'%3B--",
      'wait=26',
      'wait=-1',
      'wait=1.5',
      'wait=',
      'more=1',
    ]) {
      const { status, body } = await feed(query);
      expect([query, status, body.code]).toEqual([query, 400, 'validation_failed']);
    }
  });

  it('is for service clients with its scope alone', async () => {
    const { token } = await client.register();
    for (const options of [{}, { token }, { headers: { authorization: 'Basic bm9ib2R5OnNlY3JldA==' } }]) {
      expect((await client.get('/api/revocations', options)).body).toMatchObject({
        status: 401,
        code: 'invalid_client',
      });
    }
    const other = await ServiceCaller.create(target, 'tokens:introspect');
    expect((await other.get('/api/revocations')).body).toMatchObject({
      status: 403,
      code: 'insufficient_scope',
    });
  });

  it('lets nobody who waits hold up the end', async () => {
    const third = await startApp({}, target);
    const asked = vi.spyOn(third.app.get(RevocationsService), 'follow');
    const waiting = feed(`after=${await present()}&wait=25`, third);
    await eventually(() => expect(asked).toHaveBeenCalled());
    await third.close();
    expect((await waiting).status).toBe(200);
  }, 15_000);
});
