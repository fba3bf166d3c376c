import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OneTimeLinks } from '../../src/links/one-time-links.service.js';
import { UsersService } from '../../src/users/users.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';

const NEW_PASSWORD = 'an entirely new password';

/** Somebody whose address is proven and about to change, with every link that they could have. */
interface Person {
  id: string;
  old: string;
  next: string;
  token: string;
  links: Record<'prove' | 'undo' | 'reset', string>;
}

interface Row {
  email: string;
  pending_email: string | null;
  banned: boolean;
  deleted: boolean;
  live: number;
  links: number;
}

type Act = (person: Person, client: Client, app: TestApp) => Promise<string>;

const outcome = ({ status, body }: Answer): string => `${status} ${body?.code ?? ''}`.trim();

const ACTS = {
  prove: async ({ links }, client) =>
    outcome(await client.post('/api/auth/email/verify', { token: links.prove })),
  undo: async ({ links }, client) =>
    outcome(await client.post('/api/auth/email/undo', { token: links.undo })),
  reset: async ({ links }, client) =>
    outcome(await client.post('/api/auth/password/reset', { token: links.reset, password: NEW_PASSWORD })),
  cancel: async ({ token }, client) => outcome(await client.delete('/api/user/email', undefined, { token })),
  again: async ({ token }, client) => {
    const body = { email: someEmail('again'), password: PASSWORD };
    return outcome(await client.post('/api/user/email', body, { token }));
  },
  password: async ({ token }, client) => {
    const body = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
    return outcome(await client.post('/api/user/password', body, { token }));
  },
  delete: async ({ token }, client) =>
    outcome(await client.delete('/api/user', { password: PASSWORD }, { token })),
  ban: async ({ id }, _client, app) => ((await app.app.get(UsersService).ban(id)) ? '204' : 'not banned'),
} satisfies Record<string, Act>;
type Name = keyof typeof ACTS;
const NAMES = Object.keys(ACTS) as Name[];
const PAIRS = NAMES.flatMap((one, index) => NAMES.slice(index).map((two) => [one, two] as const));

describe('any two changes of one account at once, on two replicas (RST-04, RST-08, HJK-07)', () => {
  let target: TestApp;
  let replica: TestApp;

  beforeAll(async () => {
    target = await startApp();
    replica = await startApp({}, target);
  });
  afterAll(async () => {
    await replica.close();
    await target.close();
  });

  async function somebody(): Promise<Person> {
    const { user, token } = await new Client(target).register();
    const waiting = "SELECT 1 FROM mail_outbox WHERE data->>'userId' = $1 AND state = 'waiting'";
    await expect.poll(() => target.database.query(waiting, [user.id]), { interval: 10 }).toEqual([]);
    const next = someEmail('next');
    await target.database.query(
      'UPDATE users SET email_verified_at = now(), pending_email = $2 WHERE id = $1',
      [user.id, next],
    );
    await target.database.query('DELETE FROM one_time_links WHERE subject_id = $1', [user.id]);
    const issue = async (purpose: string, address: string): Promise<string> => {
      const subject = { id: user.id, address };
      const { link } = await target.app.get(OneTimeLinks).issue(purpose, subject, target.database.manager);
      return String(link.searchParams.get('token'));
    };
    const links = {
      prove: await issue('change-email', next),
      undo: await issue('undo-email', user.email),
      reset: await issue('reset-password', user.email),
    };
    return { id: user.id, old: user.email, next, token, links };
  }

  async function rowOf({ id }: Person): Promise<Row> {
    const [row] = await target.database.query<Row[]>(
      `SELECT email, pending_email, banned_at IS NOT NULL AS banned, deleted_at IS NOT NULL AS deleted,
         (SELECT count(*)::int FROM sessions WHERE user_id = u.id AND ended_at IS NULL) AS live,
         (SELECT count(*)::int FROM one_time_links WHERE subject_id = u.id AND purpose NOT LIKE 'undo-%') AS links
       FROM users u WHERE id = $1`,
      [id],
    );
    return row as Row;
  }

  it.each(PAIRS)('%s and %s: one after the other, in whatever order, and nothing half', async (one, two) => {
    for (let round = 0; round < 3; round += 1) {
      const person = await somebody();
      const [first, second] = await Promise.all([
        ACTS[one](person, new Client(target), target),
        ACTS[two](person, new Client(replica), replica),
      ]);
      const told = `${one} ${first}, ${two} ${second}`;
      for (const answer of [first, second]) {
        const expected =
          /^(?:20[24]|not banned|422 (?:link_invalid|password_incorrect)|401 session_revoked)$/;
        expect(answer, told).toMatch(expected);
      }
      const times = (name: Name): number =>
        [one === name && first, two === name && second].filter((answer) => /^20/.test(String(answer))).length;
      const did = (name: Name): boolean => times(name) > 0;
      const row = await rowOf(person);

      // What can be done once was done once.
      for (const name of ['prove', 'undo', 'reset', 'ban'] as const) {
        expect(times(name), told).toBeLessThanOrEqual(1);
      }
      expect(did('prove') && did('reset'), told).toBe(false);
      // The old address wins over the new one, whoever came first.
      expect(row.email, told).toBe(did('prove') && !did('undo') ? person.next : person.old);
      expect([row.banned, row.deleted], told).toEqual([did('ban'), did('delete')]);
      if ((['undo', 'reset', 'delete', 'ban'] as const).some(did)) expect(row.live, told).toBe(0);
      if (did('again')) continue;
      const settled = (['prove', 'undo', 'reset', 'password', 'delete', 'ban'] as const).some(did);
      if (settled || did('cancel')) expect(row.pending_email, told).toBeNull();
      if (settled) expect(row.links, told).toBe(0);
    }
  });

  it('RST-04: an undo link works once, of fifty at once on two replicas', async () => {
    for (let round = 0; round < 3; round += 1) {
      const person = await somebody();
      const events = "SELECT 1 FROM domain_events WHERE user_id = $1 AND type = 'email.reverted'";
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) => ACTS.undo(person, new Client(n % 2 ? replica : target))),
      );
      expect(answers.filter((answer) => answer === '204')).toHaveLength(1);
      expect(answers.filter((answer) => answer === '422 link_invalid')).toHaveLength(49);
      expect(await target.database.query(events, [person.id])).toHaveLength(1);
    }
  });

  it('a change and a registration that prove one address at once: one of them gets it', async () => {
    const verified = await startApp({ REGISTRATION: 'verified' }, target);
    const client = new Client(verified);
    try {
      for (let round = 0; round < 4; round += 1) {
        const person = await somebody();
        await client.post('/api/auth/register', { email: person.next, password: NEW_PASSWORD });
        const mail = async (): Promise<string | undefined> =>
          (await target.mailbox.all(person.next)).find(({ subject }) => /Finish/.test(subject))?.token;
        await expect.poll(mail).toBeDefined();
        const answers = await Promise.all([
          ACTS.prove(person, new Client(target)),
          client.post('/api/auth/email/verify', { token: await mail() }).then(outcome),
        ]);
        expect(answers.toSorted()).toEqual(['204', '422 link_invalid']);
        const sql = 'SELECT id = $2 AS changed FROM users WHERE email = $1';
        const owners = await target.database.query(sql, [person.next, person.id]);
        expect(owners).toEqual([{ changed: answers[0] === '204' }]);
      }
    } finally {
      await verified.close();
    }
  });
});
