import { randomBytes } from 'node:crypto';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AuthService } from '../../src/auth/auth.service.js';
import type { Environment } from '../../src/config/environment.js';
import { Housekeeping } from '../../src/database/housekeeping.js';
import { NewsFollower } from '../../src/news/news-follower.js';
import { KeyRingUpdater } from '../../src/tokens/key-ring-updater.js';
import { KeyRing } from '../../src/tokens/key-ring.js';
import { KeyRotation } from '../../src/tokens/key-rotation.js';
import { RotationSchedule } from '../../src/tokens/rotation-schedule.js';
import { startApp, type TestApp } from '../support/app.js';
import { Client } from '../support/client.js';
import { decodeToken } from '../support/forge.js';
import { LogRecorder } from '../support/log-recorder.js';
import { createTestDatabase } from '../support/test-database.js';

const LEAD = 600 + 60 + 60;
const OVERLAP = 3600 + 60;
const SOON = { timeout: 10_000 };

class Replica extends Client {
  constructor(readonly host: TestApp) {
    super(host);
  }

  get rotation(): KeyRotation {
    return this.host.app.get(KeyRotation);
  }

  async jwks(): Promise<JSONWebKeySet> {
    return (await this.get('/.well-known/jwks.json')).body;
  }

  async kids(): Promise<unknown[]> {
    return (await this.jwks()).keys.map(({ kid }) => kid);
  }

  async whose(token: string): Promise<unknown> {
    const { status, body } = await this.get('/api/user', { token });
    return status === 200 ? 200 : body.code;
  }
}

const kidOf = (token: string): unknown => decodeToken(token).header.kid;

describe('signing keys', () => {
  let replicas: Replica[];
  let one: Replica;
  let two: Replica;

  async function start(environment: Environment = {}): Promise<void> {
    one = new Replica(await startApp(environment));
    two = new Replica(await startApp(environment, one.host));
    replicas = [one, two];
  }

  beforeEach(() => start());
  afterEach(async () => {
    vi.restoreAllMocks();
    for (const { host } of replicas.toReversed()) await host.close();
  });

  const advance = (seconds: number): void =>
    replicas.forEach(({ host }) => host.clock.advanceSeconds(seconds));
  const query = (sql: string, values: unknown[] = []): Promise<Record<string, never>[]> =>
    one.host.database.query(sql, values);

  /** Waits until every replica publishes exactly these, in whatever order. */
  async function untilPublished(...kids: unknown[]): Promise<void> {
    for (const replica of replicas) {
      await vi.waitFor(async () => expect((await replica.kids()).toSorted()).toEqual(kids.toSorted()), SOON);
    }
  }

  it('JWT-45, BT-06, BT-07: a rotation refuses nobody, neither here nor where the JWKS is cached', async () => {
    const { user } = await one.register();
    const [old] = await one.kids();
    const begin = one.host.clock.nowMs();
    const issued: { token: string; atSecond: number }[] = [];
    const snapshots: { atSecond: number; jwks: JSONWebKeySet }[] = [];
    let second = 0;

    /** As somebody elsewhere who asked for the JWKS as long ago as caching allows. */
    async function verifyElsewhere(token: string): Promise<void> {
      const { jwks } = snapshots.find(({ atSecond }) => atSecond >= second - 600)!;
      const currentDate = new Date(begin + second * 1000);
      await jwtVerify(token, createLocalJWKSet(jwks), { typ: 'at+jwt', currentDate, clockTolerance: 60 });
    }

    async function signInAndCheckAll(): Promise<void> {
      for (const replica of replicas) {
        const { body } = await replica.login(user.email);
        issued.push({ token: body.token, atSecond: second });
      }
      snapshots.push({ atSecond: second, jwks: await two.jwks() });
      const good = issued.filter(({ atSecond }) => second < atSecond + OVERLAP - 1);
      await Promise.all(
        good.flatMap(({ token }) => [
          verifyElsewhere(token),
          ...replicas.map(async (replica) => expect(await replica.whose(token)).toBe(200)),
        ]),
      );
    }

    async function moveTo(atSecond: number): Promise<void> {
      advance(atSecond - second);
      second = atSecond;
      await signInAndCheckAll();
    }

    await signInAndCheckAll();
    const next = await one.rotation.rotate();
    expect(next.made).toBe(true);
    expect(Math.abs(next.signsFromMs - begin - LEAD * 1000)).toBeLessThan(5_000);
    await untilPublished(old, next.kid);
    for (const atSecond of [5, 300, 605, LEAD - 5]) await moveTo(atSecond);
    expect(new Set(issued.map(({ token }) => kidOf(token)))).toEqual(new Set([old]));

    const before = issued.length;
    for (const atSecond of [LEAD + 5, LEAD + 610, OVERLAP, LEAD + OVERLAP - 10]) await moveTo(atSecond);
    expect(new Set(issued.slice(before).map(({ token }) => kidOf(token)))).toEqual(new Set([next.kid]));
    for (const replica of replicas) expect(await replica.kids()).toEqual([next.kid, old]);

    await moveTo(LEAD + OVERLAP + 5);
    for (const replica of replicas) expect(await replica.kids()).toEqual([next.kid]);
  });

  it('the row of an old key goes when its last token is over, and no earlier', async () => {
    const [old] = await one.kids();
    const next = await one.rotation.rotate();
    const clean = (): Promise<void> => one.host.app.get(Housekeeping).run();
    const shift = (seconds: number): Promise<unknown> =>
      query(`UPDATE signing_keys SET signs_from = signs_from - interval '${seconds} seconds'`);
    const rows = async (): Promise<unknown[]> =>
      (await query('SELECT kid FROM signing_keys ORDER BY signs_from')).map(({ kid }) => kid);
    for (const seconds of [0, LEAD + 10, OVERLAP - 20]) {
      await shift(seconds);
      await clean();
      expect(await rows()).toEqual([old, next.kid]);
    }
    await shift(20);
    await clean();
    expect(await rows()).toEqual([next.kid]);
    await untilPublished(next.kid);
  });

  it('ten rotations at once, from two replicas, make one key', async () => {
    const [old] = await one.kids();
    for (const generation of [1, 2]) {
      const rotations = await Promise.all(
        Array.from({ length: 10 }, (_, index) => replicas[index % 2]!.rotation.rotate()),
      );
      expect(rotations.filter(({ made }) => made)).toHaveLength(1);
      expect(new Set(rotations.map(({ kid }) => kid)).size).toBe(1);
      expect(await query('SELECT kid FROM signing_keys')).toHaveLength(1 + generation);
      advance(LEAD + 1);
    }
    expect(await one.kids()).toContain(old);
  });

  it('replicas that start at once on an empty database have one key', async () => {
    const { url, drop } = await createTestDatabase();
    const hosts = await Promise.all([1, 2, 3].map(() => startApp({ DATABASE_URL: url })));
    const [kids, ...others] = await Promise.all(hosts.map((host) => new Replica(host).kids()));
    expect(kids).toHaveLength(1);
    expect(others).toEqual([kids, kids]);
    for (const host of hosts) await host.close();
    await drop();
  });

  it('in haste, the next key signs at once: a new one, or the one that is waiting', async () => {
    const { user, token } = await one.register();
    const [old] = await one.kids();
    const waiting = await one.rotation.rotate();
    const hasty = await two.rotation.rotate({ now: true });
    expect([hasty.kid, hasty.made]).toEqual([waiting.kid, false]);
    const another = await two.rotation.rotate({ now: true });
    expect(another.made).toBe(true);
    await untilPublished(old, hasty.kid, another.kid);
    for (const replica of replicas) {
      expect(kidOf((await replica.login(user.email)).body.token)).toBe(another.kid);
      expect(await replica.whose(token)).toBe(200);
    }
  });

  it('keeps private halves sealed', async () => {
    const [old] = (await one.kids()) as string[];
    const { kid } = await one.rotation.rotate();
    await untilPublished(old, kid);
    const stored = await query(`SELECT string_agg(sealed_key, '') AS bytes FROM signing_keys`);
    const bytes = stored[0]?.bytes as unknown as Buffer;
    for (const each of [old!, kid]) {
      const jwk = one.host.app.get(KeyRing).find(each)?.signingKey.export({ format: 'jwk' });
      expect(bytes.includes(Buffer.from(String(jwk?.d), 'base64url'))).toBe(false);
    }
    // With this every PKCS #8 key of an elliptic curve begins.
    expect(bytes.includes(Buffer.from('06072a8648ce3d0201', 'hex'))).toBe(false);
  });

  describe('a killed key', () => {
    it('verifies nothing any more, in any replica; sessions stay, and refresh (BT-13)', async () => {
      const { token, refreshToken } = await one.register();
      // Remembered by both.
      for (const replica of replicas) expect(await replica.whose(token)).toBe(200);
      const [old] = (await one.kids()) as string[];
      const { killed, successor } = (await one.rotation.kill(old!))!;
      expect([killed, successor?.made]).toEqual([true, true]);
      for (const replica of replicas) {
        await vi.waitFor(async () => expect(await replica.whose(token)).toBe('token_invalid'), SOON);
      }
      await untilPublished(successor?.kid);

      for (const replica of replicas) {
        expect(await replica.host.app.get(AuthService).checkBearerToken(token)).toBe(false);
      }
      const refreshed = await two.post('/api/auth/refresh', { refreshToken });
      expect(refreshed.status).toBe(200);
      expect(kidOf(refreshed.body.token)).toBe(successor?.kid);
      expect(decodeToken(refreshed.body.token).payload.sid).toBe(decodeToken(token).payload.sid);
      for (const replica of replicas) expect(await replica.whose(refreshed.body.token)).toBe(200);
    });

    it('has no private half any more; and it is killed once', async () => {
      const [old] = (await one.kids()) as string[];
      const killings = await Promise.all(
        Array.from({ length: 6 }, (_, index) => replicas[index % 2]!.rotation.kill(old!)),
      );
      expect(killings.filter((killing) => killing?.killed)).toHaveLength(1);
      const rows = await query('SELECT length(sealed_key) AS size FROM signing_keys ORDER BY signs_from');
      expect(rows).toEqual([{ size: 0 }, { size: expect.any(Number) }]);
      expect(rows[1]?.size).toBeGreaterThan(0);
      expect(await one.rotation.kill(old!)).toEqual({ killed: false });
      expect(await one.rotation.kill('no such key')).toBeNull();
    });

    it('is followed by the one that waits, if there is one', async () => {
      const [old] = (await one.kids()) as string[];
      const next = await one.rotation.rotate();
      await untilPublished(old, next.kid);
      const killing = await two.rotation.kill(old!);
      expect(killing?.successor).toMatchObject({ kid: next.kid, made: false });
      await untilPublished(next.kid);
      for (const replica of replicas) expect(kidOf((await replica.register()).token)).toBe(next.kid);
    });

    it('changes nothing for the others: neither the next nor a previous one', async () => {
      const [old] = (await one.kids()) as string[];
      const early = await one.register();
      const next = await one.rotation.rotate();
      expect(await one.rotation.kill(next.kid)).toEqual({ killed: true });
      await untilPublished(old);
      expect(await two.whose(early.token)).toBe(200);

      const { kid } = await one.rotation.rotate({ now: true });
      await untilPublished(old, kid);
      const late = await one.register();
      expect(await two.rotation.kill(old!)).toEqual({ killed: true });
      await untilPublished(kid);
      for (const replica of replicas) {
        expect([await replica.whose(early.token), await replica.whose(late.token)]).toEqual([
          'token_invalid',
          200,
        ]);
      }
      expect((await two.post('/api/auth/refresh', { refreshToken: early.refreshToken })).status).toBe(200);
    });

    it('is found out also when nobody tells', async () => {
      await query('ALTER TABLE signing_keys DISABLE TRIGGER tell_change');
      const { token } = await one.register();
      const [old] = (await one.kids()) as string[];
      await one.rotation.kill(old!);
      for (const replica of replicas) expect(await replica.whose(token)).toBe(200);
      // Read now and then; and every second while no news comes.
      one.host.app.get(KeyRingUpdater).missed();
      vi.spyOn(two.host.app.get(NewsFollower), 'isCurrent').mockReturnValue(false);
      for (const replica of replicas) {
        const refused = async (): Promise<void> => expect(await replica.whose(token)).toBe('token_invalid');
        await vi.waitFor(refused, SOON);
      }
    });

    it('is also one whose row was deleted', async () => {
      const { token } = await one.register();
      for (const replica of replicas) expect(await replica.whose(token)).toBe(200);
      await query('DELETE FROM signing_keys');
      for (const replica of replicas) {
        await vi.waitFor(async () => expect(await replica.whose(token)).toBe('token_invalid'), SOON);
        await vi.waitFor(async () => expect(await replica.kids()).toHaveLength(1), SOON);
      }
      expect(await one.kids()).toEqual(await two.kids());
      expect(await two.whose((await one.register()).token)).toBe(200);
    });
  });

  it('keys that cannot be read leave those that are known', async () => {
    const { token, user } = await one.register();
    const log = LogRecorder.of(two.host);
    await query(
      `INSERT INTO signing_keys (kid, algorithm, sealed_key, signs_from) VALUES ('odd', 'ES256', $1, now())`,
      [randomBytes(160)],
    );
    await vi.waitFor(() => expect(log.text).toContain('The signing keys could not be read'), SOON);
    for (const replica of replicas) {
      expect(await replica.whose(token)).toBe(200);
      expect((await replica.login(user.email)).status).toBe(200);
    }
    await query(`DELETE FROM signing_keys WHERE kid = 'odd'`);
  });

  describe('by schedule', () => {
    const run = (): Promise<void[]> =>
      Promise.all(
        Array.from({ length: 10 }, (_, index) => replicas[index % 2]!.host.app.get(RotationSchedule).run()),
      );
    const count = async (): Promise<number> => (await query('SELECT kid FROM signing_keys')).length;

    it('the next key is made when it is time, by one of the replicas', async () => {
      await run();
      expect(await count()).toBe(1);
      advance(90 * 86_400 - 60);
      await run();
      expect(await count()).toBe(1);
      advance(120);
      await run();
      expect(await count()).toBe(2);
      advance(2 * LEAD);
      await run();
      expect(await count()).toBe(2);
      const rows = await query('SELECT kid FROM signing_keys ORDER BY signs_from');
      await untilPublished(...rows.map(({ kid }) => kid));
    });

    it.each([
      ['it is off', { KEY_ROTATION_DAYS: '0' }],
      ['the keys are those of BEARER_TOKEN_KEY', { BEARER_TOKEN_KEY: randomBytes(32).toString('base64') }],
    ])('nothing is made when %s', async (_why, environment: Environment) => {
      for (const { host } of replicas.toReversed()) await host.close();
      await start(environment);
      const before = await count();
      advance(1000 * 86_400);
      await run();
      expect(await count()).toBe(before);
    });
  });
});
