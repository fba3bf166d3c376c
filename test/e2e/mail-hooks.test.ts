import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Rendering } from '../../src/mail/letter-hooks.js';
import { SAMPLE_LINK } from '../../src/mail/letters.js';
import { Outbox } from '../../src/mail/outbox.js';
import { MailRecipients } from '../../src/users/mail-recipients.service.js';
import { UsersService } from '../../src/users/users.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { Client, PASSWORD } from '../support/client.js';

const TEMPLATES = join(import.meta.dirname, '../support/letters');

describe('letters of a host application', () => {
  let target: TestApp;
  let client: Client;
  let outbox: Outbox;
  const seen: Rendering[] = [];
  let said: Record<string, string | URL> = {};
  let fails = false;

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
    outbox = target.app.get(Outbox, { strict: false });
    outbox.onRendering((rendering) => {
      if (fails) throw new Error('not now');
      seen.push(rendering);
      rendering.variables = { ...rendering.variables, ...said };
    });
    outbox.define(TEMPLATES, { errand: { kind: 'other', sample: SAMPLE_LINK } });
    const users = target.app.get(UsersService);
    outbox.compose('errand', async ({ userId }: { userId: string }, manager) => {
      const person = await users.findById(userId, manager);
      const link = new URL('https://app.example/page?token=sample');
      return person && { letter: 'errand', to: person.email, person, variables: { link, minutes: 60 } };
    });
  });
  afterAll(() => target.close());

  async function send(userId: string): Promise<void> {
    await target.database.transaction((manager) => outbox.queue('errand', { userId }, manager));
  }

  /** What became of the newest letter of this name. */
  async function settled(letter: string): Promise<void> {
    const sql = "SELECT 1 FROM mail_outbox WHERE letter = $1 AND state <> 'done'";
    await expect.poll(() => target.database.query(sql, [letter])).toEqual([]);
  }

  describe('ML-04: mail.rendering', () => {
    it('sees who gets which letter in what language, and all that it says', async () => {
      said = {};
      seen.length = 0;
      const { user } = await client.register({ firstName: 'Ada', lastName: 'Lovelace' });
      const mail = await target.mailbox.newest(user.email, /Confirm/);
      expect(seen).toHaveLength(1);
      expect(seen[0]).toMatchObject({ letter: 'verify-email', to: user.email, locale: 'en' });
      expect(seen[0]?.person).toMatchObject({ id: user.id, email: user.email });
      expect(seen[0]?.variables).toMatchObject({
        fullName: 'Ada Lovelace',
        firstName: 'Ada',
        lastName: 'Lovelace',
        email: user.email,
        username: '',
        login: user.email,
        appName: 'Tokenhouse',
        minutes: 60,
      });
      expect(seen[0]?.variables.link?.href).toBe(mail.link);
    });

    it('INJ-16, INJ-17: its values win, and are text like all others', async () => {
      const { user } = await client.register();
      said = {
        firstName: '<b>{{7*7}}</b> http://evil.test',
        appName: 'a.b',
        appUrl: new URL('https://x.test'),
      };
      await send(user.id);
      const { text, html, to } = await target.mailbox.newest(user.email, /errand/);
      expect(text).toContain('Hello <b>{{7*7}}</b> http: //evil. test,');
      expect(html).toContain('Hello &lt;b&gt;{{7*7}}&lt;/b&gt; http: //evil. test,');
      expect(text).toMatch(/\na\. b\nhttps:\/\/x\.test\/\n/);
      expect(to).toBe(user.email);
      said = {};
    });

    it('delays the letter when it fails, and sends nothing else instead', async () => {
      const { user } = await client.register();
      await target.mailbox.newest(user.email, /Confirm/);
      fails = true;
      await send(user.id);
      const tried = "SELECT last_error FROM mail_outbox WHERE letter = 'errand' AND attempts = 1";
      await expect
        .poll(() => target.database.query(`${tried} AND state = 'waiting' AND leased_until IS NULL`))
        .toEqual([{ last_error: 'not now' }]);
      expect(await target.mailbox.all(user.email)).toHaveLength(1);
      fails = false;
      await target.database.query("UPDATE mail_outbox SET next_attempt_at = now() WHERE letter = 'errand'");
      await target.mailbox.newest(user.email, /errand/);
    });
  });

  describe('ML-05: mailBlocked', () => {
    it('drops every letter but those that are required, and notices', async () => {
      const { user, token } = await client.register();
      await target.mailbox.newest(user.email, /Confirm/);
      const recipients = target.app.get(MailRecipients);
      expect(await recipients.setBlocked(user.id, true)).toBe(true);
      expect(await recipients.setBlocked(user.id, true)).toBe(false);
      expect((await target.app.get(UsersService).findById(user.id))?.mailBlocked).toBe(true);
      await send(user.id);
      await settled('errand');

      await client.post('/api/auth/password/forgot', { email: user.email });
      await target.mailbox.newest(user.email, /Choose a new password/);
      const body = { currentPassword: PASSWORD, newPassword: 'an entirely new password' };
      await client.post('/api/user/password', body, { token });
      await target.mailbox.newest(user.email, /password was changed/);
      expect((await target.mailbox.all(user.email)).map(({ subject }) => subject)).not.toContain('An errand');

      await recipients.setBlocked(user.id, false);
      await send(user.id);
      await target.mailbox.newest(user.email, /errand/);
    });

    it('is no business of its owner', async () => {
      const { user, token } = await client.register();
      await target.app.get(MailRecipients).setBlocked(user.id, true);
      expect((await client.get('/api/user', { token })).body).not.toHaveProperty('mailBlocked');
      expect((await client.patch('/api/user', { mailBlocked: false }, { token })).status).toBe(400);
    });
  });
});
