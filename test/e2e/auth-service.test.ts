import { Body, Controller, Get, HttpCode, Injectable, Module, Post, Query, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  AuthModule,
  AuthService,
  CurrentPrincipal,
  currentPrincipal,
  CurrentUser,
  DomainEvents,
  emailVerified,
  GuestsOnly,
  JwtAuthGuard,
  OptionalAuth,
  type Principal,
  Public,
  Requires,
  SessionsService,
  steppedUp,
  User,
  UsersService,
} from '../../src/index.js';
import { AccountModule } from '../../src/account/index.js';
import { RegistrationModule } from '../../src/registration/index.js';
import { KeyRing } from '../../src/tokens/key-ring.js';
import { makeKey } from '../support/bearer-tokens.fixture.js';
import { type Answer, Client, PASSWORD } from '../support/client.js';
import { decodeToken, forgeAccessToken } from '../support/forge.js';
import { type HostApp, startHost } from '../support/host-app.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

/** A provider of the host: it knows the three methods, and neither request nor controller. */
@Injectable()
class Desk {
  constructor(readonly auth: AuthService) {}

  tokenForWhoeverAsks(): Promise<string | null> {
    return this.auth.getBearerToken();
  }

  /** Deep in the host's own asynchronous work. */
  async nameAfterWork(): Promise<string | null> {
    await new Promise((resolve) => setImmediate(resolve));
    return currentPrincipal()?.user.email ?? null;
  }
}

@Controller('desk')
@UseGuards(JwtAuthGuard)
class DeskController {
  constructor(private readonly desk: Desk) {}

  @Get('token')
  async token(): Promise<{ token: string | null }> {
    return { token: await this.desk.tokenForWhoeverAsks() };
  }

  @Public()
  @Get('token-of-a-guest')
  async tokenOfGuest(): Promise<{ token: string | null }> {
    return { token: await this.desk.tokenForWhoeverAsks() };
  }

  @Get('me')
  async me(@CurrentUser() user: User, @CurrentPrincipal() principal: Principal): Promise<object> {
    const { credential, session, claims } = principal;
    return {
      email: user.email,
      deep: await this.desk.nameAfterWork(),
      credential,
      sid: session.id,
      jti: claims.jti,
    };
  }

  @Public()
  @Post('login')
  @HttpCode(200)
  async login(@Body('token') token: unknown, @CurrentUser() before: User | null): Promise<object> {
    const user = await this.desk.auth.loginUsingBearerToken(token);
    const after = currentPrincipal();
    return {
      before: before?.email ?? null,
      answer: user && user.email,
      after: await this.desk.nameAfterWork(),
      credential: after?.credential ?? null,
      own: (await this.desk.tokenForWhoeverAsks()) !== null,
    };
  }

  @Public()
  @Get('who')
  async who(@CurrentUser() user: User | null): Promise<object> {
    return { user: user?.email ?? null, deep: await this.desk.nameAfterWork() };
  }

  @OptionalAuth()
  @Get('optional')
  optional(@CurrentUser() user: User | null): object {
    return { user: user?.email ?? null };
  }

  @GuestsOnly()
  @Get('guests')
  guests(): object {
    return { welcome: true };
  }

  @Requires(emailVerified)
  @Get('verified')
  verified(): object {
    return { verified: true };
  }

  @Requires(steppedUp)
  @Get('fresh')
  fresh(): object {
    return { fresh: true };
  }

  @Requires(emailVerified, steppedUp)
  @Get('both')
  both(@Query('x') x?: string): object {
    return { x: x ?? null };
  }

  @OptionalAuth()
  @Requires(emailVerified)
  @Get('optional-verified')
  optionalVerified(@CurrentUser() user: User | null): object {
    return { user: user?.email ?? null };
  }
}

@Controller('verified-desk')
@UseGuards(JwtAuthGuard)
@Requires(emailVerified)
class VerifiedDeskController {
  @Get()
  read(): object {
    return {};
  }

  @Public()
  @Get('public')
  open(): object {
    return {};
  }
}

/** Imports nothing of the package: `AuthModule` is global. */
@Module({ controllers: [DeskController, VerifiedDeskController], providers: [Desk], exports: [Desk] })
class DeskModule {}

describe('AuthService in a host application', () => {
  let host: HostApp;
  let database: TestDatabase;
  let network: TcpProxy;
  let client: Client;
  let auth: AuthService;
  let opened: string[];

  beforeAll(async () => {
    database = await createTestDatabase();
    network = await new TcpProxy(database.url).open();
    host = await startHost(
      (environment) => ({
        imports: [AuthModule.forRoot(environment), RegistrationModule, AccountModule, DeskModule],
      }),
      { DATABASE_URL: network.url },
    );
    client = new Client(host);
    ({ auth } = host.app.get(Desk));
    opened = [];
    host.app.get(DomainEvents).on('session.opened', ({ userId }) => void opened.push(userId));
  });
  afterAll(async () => {
    await host.close();
    await network.cut();
    await database.drop();
  });

  const desk = (path: string, token?: string): Promise<Answer> => client.get(`/api/desk/${path}`, { token });
  const mark = async (id: string, column: string): Promise<void> => {
    await host.database.query(`UPDATE users SET ${column} = now() WHERE id = $1`, [id]);
    await host.catchUp();
  };
  const sessionsOf = async (id: string): Promise<{ id: string }[]> =>
    host.database.query('SELECT id FROM sessions WHERE user_id = $1 ORDER BY id', [id]);

  /** Tokens that must count for nothing, each with the reason. */
  async function badTokens(): Promise<Record<string, unknown>> {
    const { token, refreshToken } = await client.register();
    const { payload } = decodeToken(token);
    const key = host.app.get(KeyRing).current;
    const [banned, deleted, ended] = [
      await client.register(),
      await client.register(),
      await client.register(),
    ];
    await mark(banned.user.id, 'banned_at');
    await mark(deleted.user.id, 'deleted_at');
    await client.post('/api/auth/logout', undefined, { token: ended.token });
    const ago = (claim: unknown): number => Number(claim) - 7200;
    return {
      forged: forgeAccessToken(await makeKey(), payload, { kid: key.kid }),
      late: forgeAccessToken(key, {
        ...payload,
        iat: ago(payload.iat),
        nbf: ago(payload.nbf),
        exp: ago(payload.exp),
      }),
      foreign: forgeAccessToken(key, { ...payload, aud: 'https://elsewhere.test' }),
      stranger: forgeAccessToken(key, { ...payload, sub: banned.user.id }),
      noSession: forgeAccessToken(key, { ...payload, sid: '019b7700-0000-7000-8000-000000000001' }),
      refresh: refreshToken,
      banned: banned.token,
      deleted: deleted.token,
      ended: ended.token,
      empty: '',
      undefined,
      null: null,
      number: 5,
      object: { token },
      list: [token],
    };
  }

  describe('getBearerToken', () => {
    it('BT-01: inside a request, for the current user: a token of the same session', async () => {
      const { token, user } = await client.register();
      const { body } = await desk('token', token);
      const [given, issued] = [decodeToken(token).payload, decodeToken(body.token).payload];
      expect(issued).toMatchObject({ sub: user.id, sid: given.sid });
      expect(issued.jti).not.toBe(given.jti);
      expect((await desk('me', body.token)).body.email).toBe(user.email);
      expect(await sessionsOf(user.id)).toHaveLength(1);
    });

    it('BT-01: null for a guest, and outside of requests without a user', async () => {
      expect((await desk('token-of-a-guest')).body).toEqual({ token: null });
      expect(await auth.getBearerToken()).toBeNull();
      expect(await auth.getBearerToken(null)).toBeNull();
    });

    it('BT-01: outside of a request, for a given user: a token of a session of its own, opened quietly', async () => {
      const { user, token: first } = await client.register();
      opened.length = 0;
      const token = await auth.getBearerToken(user);
      expect((await desk('me', String(token))).body.email).toBe(user.email);
      expect(await sessionsOf(user.id)).toHaveLength(2);
      expect(opened).toEqual([]);
      const list = (await client.get('/api/user/sessions', { token: first })).body as {
        id: string;
        methods: string[];
      }[];
      const { sid } = decodeToken(String(token)).payload;
      expect(list.find(({ id }) => id === sid)?.methods).toEqual([]);
      expect(
        (await client.delete(`/api/user/sessions/${String(sid)}`, undefined, { token: first })).status,
      ).toBe(204);
      expect((await desk('me', String(token))).body.code).toBe('session_revoked');
      expect(await auth.checkBearerToken(token)).toBe(false);
    });

    it('BT-01: never for a banned, deleted or unknown user', async () => {
      for (const column of ['banned_at', 'deleted_at']) {
        const { user } = await client.register();
        const loaded = (await host.app.get(UsersService).findById(user.id)) as User;
        await mark(user.id, column);
        expect(await auth.getBearerToken(loaded)).toBeNull();
        expect(await sessionsOf(user.id)).toHaveLength(1);
      }
      expect(await auth.getBearerToken({ id: '019b7700-0000-7000-8000-000000000001' })).toBeNull();
    });
  });

  describe('checkBearerToken', () => {
    it('gives the user, inside and outside of requests', async () => {
      const { token, user } = await client.register();
      const checked = await auth.checkBearerToken(token);
      expect(checked).toBeInstanceOf(User);
      expect(checked && checked.id).toBe(user.id);
    });

    it('is false for every token that does not count, and never throws for one', async () => {
      for (const [name, token] of Object.entries(await badTokens())) {
        expect([name, await auth.checkBearerToken(token)]).toEqual([name, false]);
      }
    });

    it('BT-08: writes nothing, and makes nobody current', async () => {
      const { token, user } = await client.register();
      const rows = (): Promise<unknown> =>
        host.database.query(
          'SELECT s.xmin::text AS s, u.xmin::text AS u FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.id = $1',
          [user.id],
        );
      const before = await rows();
      await auth.checkBearerToken(token);
      expect(await rows()).toEqual(before);
      expect(currentPrincipal()).toBeNull();
    });
  });

  describe('loginUsingBearerToken', () => {
    it('BT-09: makes the user current for the rest of this request, and of no other', async () => {
      const { token, user } = await client.register();
      opened.length = 0;
      const { body, headers } = await client.post('/api/desk/login', { token });
      expect(body).toEqual({
        before: null,
        answer: user.email,
        after: user.email,
        credential: 'code',
        own: true,
      });
      expect(headers.getSetCookie()).toEqual([]);
      expect(opened).toEqual([]);
      expect(await sessionsOf(user.id)).toHaveLength(1);
      expect((await desk('who')).body).toEqual({ user: null, deep: null });
    });

    it('is false for every token that does not count, and nobody becomes current', async () => {
      for (const [name, token] of Object.entries(await badTokens())) {
        const { status, body } = await client.post('/api/desk/login', { token });
        const nobody = { before: null, answer: false, after: null, credential: null, own: false };
        expect([name, status, body]).toEqual([name, 200, nobody]);
      }
    });

    it('BT-09: requests that run at once never mix', async () => {
      const people = await Promise.all(Array.from({ length: 5 }, () => client.register()));
      const answers = await Promise.all(
        Array.from({ length: 50 }, async (_, turn) => {
          const { token, user } = people[turn % people.length];
          const calls = [client.post('/api/desk/login', { token }), desk('me', token), desk('who')];
          const [login, me, who] = await Promise.all(calls);
          return [login?.body.after === user.email, me?.body.deep === user.email, who?.body.deep === null];
        }),
      );
      expect(answers.flat().every(Boolean)).toBe(true);
    });

    it('outside of a request says who it is, and changes nothing', async () => {
      const { token, user } = await client.register();
      expect(await auth.loginUsingBearerToken(token)).toMatchObject({ id: user.id });
      expect(currentPrincipal()).toBeNull();
      expect(await auth.getBearerToken()).toBeNull();
    });
  });

  describe('the principal and the guards (BT-17)', () => {
    it('BT-09: tells the credential that was used', async () => {
      const { token, user } = await client.register();
      const { sid, jti } = decodeToken(token).payload;
      expect((await desk('me', token)).body).toEqual({
        email: user.email,
        deep: user.email,
        credential: 'header',
        sid,
        jti,
      });
      const byCookie = await client.get('/api/desk/me', { cookies: { session: token } });
      expect(byCookie.body.credential).toBe('cookie');
    });

    it('an unmarked route needs a token', async () => {
      expect((await desk('me')).body.code).toBe('token_missing');
      expect((await desk('me', 'nonsense')).body.code).toBe('token_invalid');
    });

    it('@Public does not even read it', async () => {
      const { token } = await client.register();
      for (const sent of [undefined, 'nonsense', token])
        expect((await desk('who', sent)).body).toEqual({ user: null, deep: null });
    });

    it('@OptionalAuth: absent is a guest, bad is refused', async () => {
      const { token, user } = await client.register();
      expect((await desk('optional')).body).toEqual({ user: null });
      expect((await desk('optional', token)).body).toEqual({ user: user.email });
      for (const [name, bad] of Object.entries(await badTokens())) {
        if (typeof bad !== 'string' || bad === '') continue;
        expect([name, (await desk('optional', bad)).status]).toEqual([name, 401]);
      }
    });

    it('@GuestsOnly turns people away', async () => {
      const { token } = await client.register();
      expect((await desk('guests')).body).toEqual({ welcome: true });
      expect((await desk('guests', token)).body).toMatchObject({ status: 403, code: 'access_denied' });
      expect((await desk('guests', 'nonsense')).body.code).toBe('token_invalid');
    });

    it('AUTHZ-08: @Requires(emailVerified)', async () => {
      const { token, user } = await client.register();
      for (const path of ['/api/desk/verified', '/api/verified-desk', '/api/desk/optional-verified']) {
        expect((await client.get(path, { token })).body).toMatchObject({
          status: 403,
          code: 'email_not_verified',
        });
      }
      expect((await client.get('/api/verified-desk')).body.code).toBe('token_missing');
      expect((await client.get('/api/verified-desk/public')).status).toBe(200);
      expect((await desk('optional-verified')).body).toEqual({ user: null });
      await mark(user.id, 'email_verified_at');
      expect((await desk('verified', token)).body).toEqual({ verified: true });
      expect((await client.get('/api/verified-desk', { token })).status).toBe(200);
    });

    it('@Requires(steppedUp): within CONFIRM_PASSWORD_TTL, and again after confirming', async () => {
      const { token, user } = await client.register();
      expect((await desk('fresh', token)).body).toEqual({ fresh: true });
      await host.database.query(
        "UPDATE sessions SET authenticated_at = now() - interval '16 min' WHERE user_id = $1",
        [user.id],
      );
      await host.catchUp();
      expect((await desk('fresh', token)).body).toMatchObject({ status: 403, code: 'step_up_required' });
      const confirmed = await client.post('/api/user/confirm-password', { password: PASSWORD }, { token });
      expect((await desk('fresh', confirmed.body.token)).status).toBe(200);
      expect((await desk('fresh', token)).status).toBe(200);
    });

    it('several requirements hold together, in their order', async () => {
      const { token, user } = await client.register();
      await host.database.query(
        "UPDATE sessions SET authenticated_at = now() - interval '16 min' WHERE user_id = $1",
        [user.id],
      );
      await host.catchUp();
      expect((await desk('both', token)).body.code).toBe('email_not_verified');
      await mark(user.id, 'email_verified_at');
      expect((await desk('both', token)).body.code).toBe('step_up_required');
      await client.post('/api/user/confirm-password', { password: PASSWORD }, { token });
      expect((await desk('both', token)).status).toBe(200);
    });

    it('a session that is opened in code has not stepped up until its password is confirmed', async () => {
      const { user } = await client.register();
      const token = String(await auth.getBearerToken(user));
      expect(decodeToken(token).payload).not.toHaveProperty('amr');
      expect((await desk('fresh', token)).body.code).toBe('step_up_required');
      expect((await client.delete('/api/user', undefined, { token })).body.code).toBe('step_up_required');
      const confirmed = await client.post('/api/user/confirm-password', { password: PASSWORD }, { token });
      expect(decodeToken(confirmed.body.token).payload.amr).toEqual(['pwd']);
      expect((await desk('fresh', token)).status).toBe(200);
    });

    it('AUTHZ-08, JWT-42: banned and deleted people, with older tokens, on each class of route', async () => {
      for (const column of ['banned_at', 'deleted_at']) {
        const { token, user, refreshToken } = await client.register();
        expect((await desk('me', token)).status).toBe(200);
        await mark(user.id, column);
        for (const path of ['me', 'token', 'optional', 'guests', 'verified', 'fresh']) {
          expect([path, (await desk(path, token)).body]).toEqual([
            path,
            expect.objectContaining({ status: 401, code: 'session_revoked' }),
          ]);
        }
        for (const path of ['/api/user', '/api/auth/session', '/api/user/sessions']) {
          expect((await client.get(path, { token })).body.code).toBe('session_revoked');
        }
        expect((await client.post('/api/auth/refresh', { refreshToken })).body.code).toBe('session_revoked');
        const login = await client.login(user.email);
        expect(login.body.code).toBe(column === 'banned_at' ? 'user_banned' : 'invalid_credentials');
        expect((await client.login(user.email, 'not the password')).body.code).toBe('invalid_credentials');
      }
    });

    it('BT-12: a session that a host ends is over at the next request', async () => {
      const { token, user } = await client.register();
      const { sid } = decodeToken(token).payload;
      expect(await host.app.get(SessionsService).end(String(sid), 'host', user.id)).toBe(true);
      expect((await desk('me', token)).body.code).toBe('session_revoked');
    });
  });

  describe('while the database is down', () => {
    it('NX-06: no wrong yes and no wrong no: 503, and the methods throw', async () => {
      const { token, refreshToken, user } = await client.register();
      await network.cut();
      for (const path of [
        '/api/desk/me',
        '/api/desk/optional',
        '/api/desk/guests',
        '/api/auth/session',
        '/api/user',
      ]) {
        const { status, body, headers } = await client.get(path, { token });
        expect([path, status, body.code, headers.get('retry-after')]).toEqual([
          path,
          503,
          'unavailable',
          '5',
        ]);
      }
      for (const [path, body] of [
        ['/api/desk/login', { token }],
        ['/api/auth/refresh', { refreshToken }],
        ['/api/auth/login', { login: user.email, password: PASSWORD }],
      ] as const) {
        expect([path, (await client.post(path, body)).status]).toEqual([path, 503]);
      }
      await expect(auth.checkBearerToken(token)).rejects.toMatchObject({ status: 503, code: 'unavailable' });
      await expect(auth.loginUsingBearerToken(token)).rejects.toMatchObject({ status: 503 });
      await expect(auth.getBearerToken(user)).rejects.toThrow();
      expect(await auth.checkBearerToken('nonsense')).toBe(false);
      expect((await desk('me', 'nonsense')).body.code).toBe('token_invalid');
      expect((await desk('who', token)).status).toBe(200);
      await network.open();
      await expect.poll(async () => (await desk('me', token)).status).toBe(200);
    });
  });
});
