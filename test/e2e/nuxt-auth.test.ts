import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RegistrationService } from '../../src/registration/registration.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { Client, PASSWORD, someEmail } from '../support/client.js';
import { decodeToken } from '../support/forge.js';
import {
  Browser,
  NuxtApplication,
  type Page,
  type SentRequest,
} from '../support/nuxt-auth/nuxt-application.js';
import { isWrite, QueryLog } from '../support/query-log.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const STAY = { redirect: false };

/** The published package itself, its `local` provider configured with nothing but what the recipe says. */
describe('@sidebase/nuxt-auth 1.3.1', () => {
  let target: TestApp;
  let client: Client;
  let network: TcpProxy;
  let replica: TestApp;
  let queries: QueryLog;
  /** Only a base URL; with refresh; and with refresh, keeping each new refresh token. */
  let plain: NuxtApplication;
  let refreshing: NuxtApplication;
  let storing: NuxtApplication;
  const pages: Page[] = [];

  beforeAll(async () => {
    target = await startApp({ RATE_LIMIT: 'on' });
    client = new Client(target);
    queries = new QueryLog(target.database);
    network = await new TcpProxy(String(target.environment.DATABASE_URL)).open();
    replica = await startApp({ DATABASE_URL: network.url }, target);
    const baseURL = `${target.url}/api/auth`;
    plain = await NuxtApplication.create({ baseURL, provider: { type: 'local' } });
    const provider = { type: 'local', refresh: { isEnabled: true } };
    refreshing = await NuxtApplication.create({ baseURL, provider });
    storing = await NuxtApplication.create({
      baseURL,
      provider: { type: 'local', refresh: { isEnabled: true, refreshOnlyToken: false } },
    });
  });
  afterAll(async () => {
    pages.forEach((page) => page.close());
    await replica.close();
    await network.cut();
    await target.close();
  });

  async function open(application: NuxtApplication, browser: Browser): Promise<Page> {
    const page = await application.open(browser);
    pages.push(page);
    return page;
  }

  /** Somebody who has just signed in. */
  async function signedIn(
    application: NuxtApplication,
  ): Promise<{ browser: Browser; page: Page; email: string }> {
    const email = someEmail();
    await target.app.get(RegistrationService).register({ email, password: PASSWORD });
    const browser = new Browser();
    const page = await open(application, browser);
    await page.auth.signIn({ email, password: PASSWORD }, STAY);
    expect(page.auth.status.value).toBe('authenticated');
    return { browser, page, email };
  }

  const sidOf = (browser: Browser): string =>
    String(decodeToken(browser.cookies.get('auth.token') ?? '').payload.sid);

  async function generation(sid: string): Promise<number> {
    const sql = 'SELECT generation FROM sessions WHERE id = $1';
    const [row] = await target.database.query<{ generation: number }[]>(sql, [sid]);
    return Number(row?.generation);
  }

  const age = (sid: string, interval: string): Promise<unknown> =>
    target.database.query(
      `UPDATE sessions SET rotated_at = rotated_at - $2::interval, expires_at = expires_at - $2::interval,
         idle_expires_at = idle_expires_at - $2::interval WHERE id = $1`,
      [sid, interval],
    );

  const sent = (requests: SentRequest[], path: string): SentRequest[] =>
    requests.filter((request) => request.path === `/api/auth${path}`);

  describe('NX-01 defaults', () => {
    it('NX-01 signs in, reads the session and signs out, with only a base URL', async () => {
      const { browser, page, email } = await signedIn(plain);
      expect(plain.plugins.map((path) => path.split('/').at(-1))).toEqual(['plugin']);
      expect(page.auth.data.value).toMatchObject({
        user: { email },
        session: { id: sidOf(browser) },
        expires: expect.any(String),
      });
      expect([...browser.cookies.keys()]).toEqual(['auth.token']);
      const token = browser.cookies.get('auth.token') ?? '';
      expect(page.auth.token.value).toBe(`Bearer ${token}`);

      const reloaded = await open(plain, browser);
      expect(reloaded.auth.status.value).toBe('authenticated');

      await reloaded.auth.signOut(STAY);
      expect(reloaded.auth.status.value).toBe('unauthenticated');
      expect(browser.cookies.size).toBe(0);
      expect((await client.get('/api/user', { token })).body.code).toBe('session_revoked');
      expect((await open(plain, browser)).auth.status.value).toBe('unauthenticated');
    });

    it('NX-01 keeps and uses the refresh token once `refresh.isEnabled`', async () => {
      const { browser, page } = await signedIn(refreshing);
      expect(refreshing.plugins.map((path) => path.split('/').at(-1))).toEqual([
        'plugin',
        'refresh-token.server',
      ]);
      expect([...browser.cookies.keys()].sort()).toEqual(['auth.refresh-token', 'auth.token']);
      const first = page.auth.token.value;
      await page.auth.refresh();
      expect(page.auth.status.value).toBe('authenticated');
      expect(page.auth.token.value).not.toBe(first);
      expect(browser.cookies.get('auth.token')).toBe(page.auth.token.value?.slice('Bearer '.length));

      const refreshToken = browser.cookies.get('auth.refresh-token');
      await page.auth.signOut(STAY);
      expect(sent(browser.requests, '/logout')[0]?.body).toEqual({ refreshToken });
      expect((await client.post('/api/auth/refresh', { refreshToken })).body.code).toBe('session_revoked');
      expect(browser.cookies.size).toBe(0);
    });

    it('NX-01 a wrong password rejects, and leaves nobody signed in', async () => {
      const browser = new Browser();
      const page = await open(plain, browser);
      const wrong = page.auth.signIn({ email: someEmail(), password: 'wrong horse' }, STAY);
      await expect(wrong).rejects.toMatchObject({ statusCode: 401, data: { code: 'invalid_credentials' } });
      expect(page.auth.status.value).toBe('unauthenticated');
      expect(browser.cookies.size).toBe(0);
    });
  });

  it('NX-02 signs up and then in, with the registration form', async () => {
    for (const application of [plain, refreshing]) {
      const browser = new Browser();
      const page = await open(application, browser);
      const email = someEmail();
      const form = { email, password: PASSWORD, firstName: 'Ada', lastName: 'Lovelace' };
      await page.auth.signUp(form, STAY);
      expect(page.auth.status.value).toBe('authenticated');
      expect(page.auth.data.value).toMatchObject({ user: { email, name: 'Ada Lovelace' } });
      expect(sent(browser.requests, '/register')[0]?.body).toEqual(form);
      expect(sent(browser.requests, '/login')[0]?.body).toEqual(form);
    }
  });

  describe('NX-03 refresh storms', () => {
    it('NX-03 many renders and tabs at once are one rotation', async () => {
      const { browser } = await signedIn(refreshing);
      const sid = sidOf(browser);
      const tabs = Array.from({ length: 20 }, () => browser.copy());
      const opened = await Promise.all(tabs.map((tab) => open(refreshing, tab)));
      for (const { auth } of opened) expect(auth.status.value).toBe('authenticated');
      expect(tabs.flatMap(({ requests }) => sent(requests, '/refresh'))).toHaveLength(20);
      expect(await generation(sid)).toBe(1);

      opened.forEach((page) => page.focus());
      await expect
        .poll(() => tabs.flatMap(({ requests }) => sent(requests, '/session')).length, { timeout: 15_000 })
        .toBe(40);
      await expect
        .poll(() => new Set(opened.map(({ auth }) => auth.status.value)))
        .toEqual(new Set(['authenticated']));
      expect(await generation(sid)).toBe(1);
    });

    it('NX-03 the same token within 10 s gets the same bundle, without a write', async () => {
      const { browser } = await signedIn(refreshing);
      await refreshing.render(browser);
      const token = browser.cookies.get('auth.token');
      const asked = await queries.of('sessions', async () => {
        for (let turn = 0; turn < 5; turn += 1) await refreshing.render(browser);
      });
      expect(browser.cookies.get('auth.token')).toBe(token);
      expect(await generation(sidOf(browser))).toBe(1);
      // Losing the condition of the one UPDATE changes no row; nothing else may try.
      expect(asked.filter((sql) => isWrite(sql) && !sql.includes('generation = $2'))).toEqual([]);
    });

    it('NX-03, NX-06 nothing here is limited per network', async () => {
      const { browser } = await signedIn(refreshing);
      for (let round = 0; round < 15; round += 1) {
        await Promise.all(Array.from({ length: 10 }, () => refreshing.render(browser.copy())));
      }
      const page = await open(refreshing, browser);
      expect(page.auth.status.value).toBe('authenticated');
    });
  });

  describe('NX-04 the unstored successor', () => {
    it('NX-04 a client that keeps its first refresh token refreshes until the session’s end', async () => {
      const { browser, email } = await signedIn(refreshing);
      const sid = sidOf(browser);
      const first = browser.cookies.get('auth.refresh-token');
      for (let hour = 0; hour < 23; hour += 1) {
        await age(sid, '1 hour');
        target.clock.advanceSeconds(11);
        const page = await open(refreshing, browser);
        expect(page.auth.status.value, `hour ${hour}`).toBe('authenticated');
        await page.auth.refresh();
        expect(page.auth.status.value).toBe('authenticated');
      }
      target.clock.reset();
      expect(browser.cookies.get('auth.refresh-token')).toBe(first);
      expect(await generation(sid)).toBe(1);

      await age(sid, '2 hours');
      const told = vi.spyOn(console, 'error').mockImplementation(() => {});
      const page = await open(refreshing, browser);
      expect(told.mock.lastCall?.[0]).toMatchObject({ data: { code: 'refresh_token_invalid' } });
      told.mockRestore();
      expect(page.auth.status.value).toBe('unauthenticated');
      expect(browser.cookies.size).toBe(0);
      await page.auth.signIn({ email, password: PASSWORD }, STAY);
      expect(page.auth.status.value).toBe('authenticated');
    });

    it('NX-04 and one that stores each successor rotates', async () => {
      const { browser } = await signedIn(storing);
      const sid = sidOf(browser);
      const seen = new Set([browser.cookies.get('auth.refresh-token')]);
      for (let turn = 1; turn <= 5; turn += 1) {
        const page = await open(storing, browser);
        expect(page.auth.status.value).toBe('authenticated');
        seen.add(browser.cookies.get('auth.refresh-token'));
        expect(await generation(sid)).toBe(turn);
      }
      expect(seen.size).toBe(6);
    });

    it('NX-04 several tabs that store successors, in whatever order they come back', async () => {
      const { browser } = await signedIn(storing);
      const tabs = [browser, browser.copy(), browser.copy()];
      await Promise.all(tabs.map((tab) => storing.render(tab)));
      expect(new Set(tabs.map(({ cookies }) => cookies.get('auth.refresh-token'))).size).toBe(1);
      for (const tab of tabs) expect((await open(storing, tab)).auth.status.value).toBe('authenticated');
    });
  });

  describe('NX-05 odd headers', () => {
    it('NX-05 refreshes with `Authorization: null`, once the token’s cookie is gone', async () => {
      const { browser } = await signedIn(refreshing);
      browser.cookies.delete('auth.token');
      const reloaded = await open(refreshing, browser);
      expect(reloaded.auth.status.value).toBe('authenticated');

      // Without its server's part, the client itself finds a refresh token and no token.
      const withoutToken = browser.copy();
      withoutToken.cookies.delete('auth.token');
      const application = await NuxtApplication.create({
        baseURL: `${target.url}/api/auth`,
        disableServerSideAuth: true,
        provider: { type: 'local', refresh: { isEnabled: true } },
      });
      const tab = await open(application, withoutToken);
      expect(tab.auth.token.value).toBeNull();
      await tab.auth.refresh();
      expect(sent(withoutToken.requests, '/refresh')[0]?.authorization).toBe('null');
      expect(tab.auth.status.value).toBe('authenticated');
    });

    it('NX-05 signs out with `Authorization: null` and `refreshToken: null`', async () => {
      for (const application of [plain, refreshing]) {
        const browser = new Browser();
        const page = await open(application, browser);
        await page.auth.signOut(STAY);
        const [request] = sent(browser.requests, '/logout');
        expect(request?.authorization).toBe('null');
        expect(page.auth.status.value).toBe('unauthenticated');
      }
    });

    it('NX-05 refreshes with an expired token, and signs in with one', async () => {
      const { browser, email } = await signedIn(refreshing);
      const expired = browser.cookies.get('auth.token') ?? '';
      target.clock.advanceSeconds(3600 + 61);
      try {
        expect((await client.get('/api/user', { token: expired })).body.code).toBe('token_expired');
        const page = await open(refreshing, browser);
        expect(sent(browser.requests, '/refresh').at(-1)?.authorization).toBe(`Bearer ${expired}`);
        expect(page.auth.status.value).toBe('authenticated');
        for (const authorization of [`Bearer ${expired}`, 'null', 'Bearer null', 'nonsense']) {
          await page.auth.signIn({ email, password: PASSWORD }, STAY, {}, { authorization });
          expect(page.auth.status.value, authorization).toBe('authenticated');
        }
      } finally {
        target.clock.reset();
      }
    });
  });

  describe('NX-06 no false sign-out', () => {
    it('NX-06 a connection to the database that breaks under GET /session signs nobody out', async () => {
      const { browser } = await signedIn(plain);
      const application = await NuxtApplication.create({
        baseURL: `${replica.url}/api/auth`,
        provider: { type: 'local' },
      });
      const before = sent(browser.requests, '/session').length;
      network.breakNext(1);
      const page = await open(application, browser);
      expect(network.broken).toBe(1);
      // The client itself would ask once more; it did not have to.
      expect(sent(browser.requests, '/session')).toHaveLength(before + 1);
      expect(page.auth.status.value).toBe('authenticated');
      await page.auth.getSession();
      expect(page.auth.status.value).toBe('authenticated');
    });

    it('NX-06 a database that stays away costs a tab its token, and the next page brings it back', async () => {
      const { browser } = await signedIn(refreshing);
      const application = await NuxtApplication.create({
        baseURL: `${replica.url}/api/auth`,
        provider: { type: 'local', refresh: { isEnabled: true } },
      });
      const page = await open(application, browser);
      const quiet = vi.spyOn(console, 'error').mockImplementation(() => {});
      replica.forget();
      network.breakNext(1000);
      await page.auth.getSession();
      network.breakNext(0);
      quiet.mockRestore();
      expect(page.auth.status.value).toBe('unauthenticated');
      expect((await open(application, browser)).auth.status.value).toBe('authenticated');
    });

    it('NX-06 reading the session writes nothing', async () => {
      const { browser, page } = await signedIn(plain);
      const before = await target.database.query('SELECT * FROM sessions WHERE id = $1', [sidOf(browser)]);
      const asked = await queries.of('sessions', async () => {
        for (let turn = 0; turn < 10; turn += 1) await page.auth.getSession();
      });
      expect(asked.filter(isWrite)).toEqual([]);
      expect(await target.database.query('SELECT * FROM sessions WHERE id = $1', [sidOf(browser)])).toEqual(
        before,
      );
    });

    it('NX-06 and a session that is really over does', async () => {
      const { browser, page } = await signedIn(plain);
      await client.post('/api/auth/logout', undefined, { token: browser.cookies.get('auth.token') });
      await page.auth.getSession();
      expect(page.auth.status.value).toBe('unauthenticated');
      expect(browser.cookies.size).toBe(0);
    });
  });
});
