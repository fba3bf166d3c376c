import { hash as argon2Hash } from '@node-rs/argon2';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Database, UsersService } from '../../src/index.js';
import { whyUnusable } from '../../src/passwords/hashes/read-hash.js';
import { PasswordHasher } from '../../src/passwords/password-hasher.js';
import { Overloaded } from '../../src/common/common.errors.js';
import { HashNotSupported } from '../../src/passwords/passwords.errors.js';
import { PasswordsService } from '../../src/passwords/passwords.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD } from '../support/client.js';
import { MADE_ELSEWHERE, PUBLISHED, TOO_COSTLY, UNKNOWN } from '../support/imported-hashes.fixture.js';
import { LogRecorder } from '../support/log-recorder.js';

const TODAYS_HASH = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/;
/** PHP's of `PASSWORD`. */
const BCRYPT = '$2y$08$tS0/bZtUJ739FG0ivt.om.sQ60OuQgqwsBomwSRKTKlkE0NkBFrzu';

/** One of each scheme; `read-hash.test.ts` has them all. */
const SCHEMES = ['bcrypt $2y', 'argon2i', 'scrypt of Werkzeug', 'PBKDF2-SHA-256 of Django'];
const EXAMPLES = [...PUBLISHED, ...MADE_ELSEWHERE].filter(([kind]) => SCHEMES.includes(kind));
const UNUSABLE = [
  ...TOO_COSTLY.filter(([kind]) => /31|4 TiB|2\^99|9,999/.test(kind)),
  ...UNKNOWN.filter(([kind]) => /MD5|without memory|empty salt|no rounds/.test(kind)),
];

describe('hashes from elsewhere', () => {
  let target: TestApp;
  let client: Client;
  let log: LogRecorder;

  beforeAll(async () => {
    target = await startApp();
    log = LogRecorder.of(target);
    client = new Client(target);
  });
  afterAll(() => target.close());

  const sql = <T>(text: string, values: unknown[] = []): Promise<T> => target.database.query<T>(text, values);

  async function expectRefused(answer: Promise<Answer>): Promise<void> {
    const { status, body } = await answer;
    expect([status, body.code]).toEqual([401, 'invalid_credentials']);
  }

  async function storedHash(userId: string): Promise<string> {
    const [row] = await sql<{ hash: string }[]>('SELECT hash FROM passwords WHERE user_id = $1', [userId]);
    return row?.hash ?? '';
  }

  async function importedUser(hash: string): Promise<{ id: string; email: string }> {
    const { user } = await client.register();
    await target.app.get(PasswordsService).store(user.id, hash, target.database.manager);
    return user;
  }

  /** Past the door that would refuse it, as a migration in plain SQL does. */
  async function smuggledUser(hash: string): Promise<{ id: string; email: string }> {
    const { user } = await client.register();
    await sql('UPDATE passwords SET hash = $2 WHERE user_id = $1', [user.id, hash]);
    return user;
  }

  it.each(EXAMPLES)(
    'PW-07, PWD-09: %s verifies, and is hashed anew once, also by two sign-ins at once',
    async (_, password, hash) => {
      const { id, email } = await importedUser(hash);
      await expectRefused(client.login(email, `${password}!`));
      expect(await storedHash(id)).toBe(hash);
      const answers = await Promise.all([client.login(email, password), client.login(email, password)]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      const upgraded = await storedHash(id);
      expect(upgraded).toMatch(TODAYS_HASH);
      expect((await client.login(email, password)).status).toBe(200);
      expect(await storedHash(id)).toBe(upgraded);
      await expectRefused(client.login(email, `${password}!`));
    },
  );

  it.each([
    ['of a lower cost', { memoryCost: 8192, timeCost: 1 }],
    ['of as many passes and lanes as are tried', { memoryCost: 1024, timeCost: 10, parallelism: 8 }],
  ])('PWD-09: argon2id %s verifies, and is raised', async (_, cost) => {
    const { id, email } = await importedUser(await argon2Hash(PASSWORD, cost));
    expect((await client.login(email)).status).toBe(200);
    expect(await storedHash(id)).toMatch(TODAYS_HASH);
  });

  it('PW-07 comes with an account of its own, made by a host application, and nobody is mailed', async () => {
    const email = 'moved-here@example.com';
    const users = target.app.get(UsersService);
    await target.app.get(Database).transaction(async (manager) => {
      const { id } = await users.create({ email, emailVerified: true }, manager);
      await target.app.get(PasswordsService).store(id, BCRYPT, manager);
    });
    expect((await client.login(email)).body.user).toMatchObject({ email, emailVerified: true });
    expect(await sql("SELECT 1 FROM mail_outbox WHERE data::text LIKE '%' || $1 || '%'", [email])).toEqual(
      [],
    );
  });

  it('PWD-09: a crash before the new hash is stored leaves the old one, and the way in', async () => {
    const { id, email } = await importedUser(BCRYPT);
    await sql(`CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF OLD.user_id = '${id}' THEN RAISE 'the process ends here'; END IF; RETURN NEW; END $$`);
    await sql('CREATE TRIGGER crash BEFORE UPDATE ON passwords FOR EACH ROW EXECUTE FUNCTION crash()');
    expect((await client.login(email)).status).toBe(500);
    expect(await storedHash(id)).toBe(BCRYPT);
    await sql('DROP TRIGGER crash ON passwords');
    expect((await client.login(email)).status).toBe(200);
    expect(await storedHash(id)).toMatch(TODAYS_HASH);
    expect((await client.login(email)).status).toBe(200);
  });

  it('PWD-09, PWD-12: where there is too much to do the old hash lets in, and stays until the next time', async () => {
    const { id, email } = await importedUser(BCRYPT);
    vi.spyOn(target.app.get(PasswordHasher), 'hash').mockRejectedValueOnce(new Overloaded());
    expect((await client.login(email)).status).toBe(200);
    expect(await storedHash(id)).toBe(BCRYPT);
    expect((await client.login(email)).status).toBe(200);
    expect(await storedHash(id)).toMatch(TODAYS_HASH);
  });

  it('PWD-09: a reset while the old hash is being replaced wins', async () => {
    const { id, email } = await importedUser(BCRYPT);
    await client.post('/api/auth/password/forgot', { email });
    const { token } = await target.mailbox.newest(email, /Choose/);
    const [reset, login] = await Promise.all([
      client.post('/api/auth/password/reset', { token, password: 'an entirely new password' }),
      client.login(email),
    ]);
    expect(reset.status).toBe(204);
    expect([200, 401]).toContain(login.status);
    if (login.status === 200) {
      expect((await client.get('/api/user', { token: login.body.token })).body.code).toBe('session_revoked');
    }
    expect(await storedHash(id)).toMatch(TODAYS_HASH);
    await expectRefused(client.login(email));
    expect((await client.login(email, 'an entirely new password')).status).toBe(200);
  });

  it('PWD-01: bcrypt ends at 72 bytes; what replaces it does not', async () => {
    const { email } = await importedUser('$2y$04$B8K9HsRwQ7sTmhQGpwsJcuUAbIZnVEN1xfd9G8NNSxEztQLk01tB.');
    const start = 'x'.repeat(72);
    expect((await client.login(email, `${start}A`)).status).toBe(200);
    await expectRefused(client.login(email, `${start}B`));
    expect((await client.login(email, `${start}A`)).status).toBe(200);
  });

  it.each(UNUSABLE)(
    'PW-07: %s never verifies, costs no more than a wrong password, and is told to operators once',
    async (_, hash) => {
      const { id, email } = await smuggledUser(hash);
      const { user } = await client.register();
      const msOfGuessing = async (login: string): Promise<number> => {
        const before = performance.now();
        for (const guess of ['password', hash, '']) await expectRefused(client.login(login, guess));
        return performance.now() - before;
      };
      const usual = await msOfGuessing(user.email);
      log.clear();
      // What it asks for would take hours, or all memory.
      expect(await msOfGuessing(email)).toBeLessThan(20 * usual);
      expect(await storedHash(id)).toBe(hash);
      const lines = log.lines.filter((line) => line.includes(id));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/^\["warn".*cannot be verified/);
      expect(log.text).not.toContain(hash.slice(10));
      const told = "SELECT data, actor FROM domain_events WHERE type = 'password.unusable' AND user_id = $1";
      expect(await sql(told, [id])).toEqual([{ data: { reason: whyUnusable(hash) }, actor: 'system' }]);
    },
  );

  it.each(UNUSABLE)('PW-07: %s is refused by an import', async (_, hash) => {
    const { user } = await client.register();
    const stored = await storedHash(user.id);
    const importing = target.app.get(PasswordsService).store(user.id, hash, target.database.manager);
    await expect(importing).rejects.toBeInstanceOf(HashNotSupported);
    await expect(importing).rejects.not.toThrow(hash);
    expect(await storedHash(user.id)).toBe(stored);
  });
});
