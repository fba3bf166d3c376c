import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ConfigurationError } from '../../src/config/load-config.js';
import { Outbox } from '../../src/mail/outbox.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, someEmail } from '../support/client.js';

type Files = Record<string, string>;

/** A folder of templates, as an operator would have one. */
async function folderOf(files: Files): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'templates-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

const GERMAN = {
  'de/reset-password.txt.hbs':
    'Subject: Neues Passwort\n\nHallo {{firstName}}, {{duration minutes}}: {{link}}\n',
  'de/reset-password.html.hbs':
    '{{#> layout heading="Passwort"}}<p>Hallo {{firstName}}, {{duration minutes}}:</p>{{> button label="Los"}}{{/layout}}',
  'de/layout.html.hbs':
    '<html lang="{{lang}}"><title>{{subject}}</title>{{heading}} {{> @partial-block}}</html>',
  'de/button.html.hbs': '<a href="{{link}}">{{label}}</a>',
};

describe('ML-06: templates and languages', () => {
  let target: TestApp;
  let client: Client;
  let folder: string;
  let stored: string | null = null;

  beforeAll(async () => {
    folder = await folderOf({
      ...GERMAN,
      'account-exists.txt.hbs': 'Subject: Our own words\n\n{{email}}\n',
      '.hidden/x.hbs': '{{{',
    });
    // As volumes are mounted: names that lead elsewhere.
    await symlink(join(folder, 'de'), join(folder, 'de-CH'));
    target = await startApp({ MAIL_TEMPLATES: folder });
    client = new Client(target);
    target.app.get(Outbox, { strict: false }).localeOf(() => stored);
  });
  afterAll(async () => {
    await target.close();
    await rm(folder, { recursive: true });
  });

  function forgot(email: string, language?: string): Promise<Answer> {
    const options = language === undefined ? {} : { headers: { 'accept-language': language } };
    return client.post('/api/auth/password/forgot', { email }, options);
  }

  it('a letter is in the language that the request asked for, in both forms', async () => {
    const { user } = await client.register({ firstName: 'Ada' });
    await forgot(user.email, 'fr-FR,fr;q=0.9,de-AT;q=0.8,en;q=0.7');
    const mail = await target.mailbox.newest(user.email, /^Neues Passwort$/);
    expect(mail.text).toBe(`Hallo Ada, 60 Minuten: ${mail.link}\n`);
    expect(mail.html).toContain('<html lang="de"><title>Neues Passwort</title>Passwort');
    expect(mail.html).toContain(`<a href="${mail.link}">Los</a>`);
  });

  it('in English for others, and where there is none in that language', async () => {
    const { user } = await client.register();
    for (const language of [undefined, 'fr', '*', 'x'.repeat(600), '{{7*7}}']) {
      const count = (await target.mailbox.all(user.email)).filter(({ subject }) =>
        /Choose/.test(subject),
      ).length;
      await forgot(user.email, language);
      const mail = await target.mailbox.newest(user.email, /^Choose a new password$/, count + 1);
      expect(mail.html).toContain('<html lang="en">');
    }
    const email = someEmail();
    const headers = { 'accept-language': 'de' };
    await client.post('/api/auth/register', { email, password: 'correct horse battery' }, { headers });
    const mail = await target.mailbox.newest(email, /^Confirm your e-mail address$/);
    expect(mail.html).toContain('<html lang="en">');
    expect(mail.text).toContain('60 minutes');
  });

  it("the person's own language goes first", async () => {
    const { user } = await client.register();
    stored = 'de-CH-1996';
    await forgot(user.email, 'en');
    await target.mailbox.newest(user.email, /^Neues Passwort$/);
    stored = 'fr';
    await forgot(user.email, 'de');
    await target.mailbox.newest(user.email, /^Neues Passwort$/, 2);
    stored = null;
  });

  it('is noted with the letter, as far as there are letters in it', async () => {
    const email = someEmail('nobody');
    for (const [language, noted] of [
      ['de-DE', 'de'],
      ['de-CH', 'de-CH'],
      ['xx', null],
    ]) {
      await forgot(email, String(language));
      const sql =
        "SELECT locale FROM mail_outbox WHERE letter = 'reset-password' ORDER BY created_at DESC LIMIT 1";
      expect(await target.database.query(sql)).toEqual([{ locale: noted }]);
    }
  });

  it('one form alone may be replaced, for the language of MAIL_LOCALE', async () => {
    const other = await startApp({ MAIL_TEMPLATES: folder, REGISTRATION: 'verified' });
    onTestFinished(() => other.close());
    const caller = new Client(other);
    const email = someEmail();
    const body = { email, password: 'correct horse battery' };
    await caller.post('/api/auth/register', body);
    const { token } = await other.mailbox.newest(email, /registration/);
    await caller.post('/api/auth/email/verify', { token });
    await caller.post('/api/auth/register', body);
    const mail = await other.mailbox.newest(email, /^Our own words$/);
    expect(mail.text).toBe(`${email}\n`);
    expect(mail.html).toContain('<title>Our own words</title>');
    expect(mail.html).toContain('Somebody, hopefully you');
  });

  it('MAIL_LOCALE is the language of those of whom nobody knows one', async () => {
    const { 'de/layout.html.hbs': layout, 'de/button.html.hbs': button } = GERMAN;
    const german = await folderOf({
      'reset-password.txt.hbs': GERMAN['de/reset-password.txt.hbs'],
      'reset-password.html.hbs': GERMAN['de/reset-password.html.hbs'],
      'layout.html.hbs': layout,
      'button.html.hbs': button,
    });
    const other = await startApp({ MAIL_TEMPLATES: german, MAIL_LOCALE: 'de' });
    onTestFinished(async () => {
      await other.close();
      await rm(german, { recursive: true });
    });
    const caller = new Client(other);
    const { user } = await caller.register();
    await caller.post('/api/auth/password/forgot', { email: user.email });
    const mail = await other.mailbox.newest(user.email, /^Neues Passwort$/);
    expect(mail.text).toContain('60 Minuten');
    expect(mail.html).toContain('<html lang="de">');
    const headers = { 'accept-language': 'en' };
    await caller.post('/api/auth/password/forgot', { email: user.email }, { headers });
    const english = await other.mailbox.newest(user.email, /^Choose/);
    expect(english.html).toContain('<html lang="en">');
    expect(english.html).toContain('If the button does not work');
  });

  it('what is wrong with them keeps the service from starting', async () => {
    const broken = await folderOf({ 'reset-password.txt.hbs': 'Subject: x\n\n{{nickname}}' });
    onTestFinished(() => rm(broken, { recursive: true }));
    const starting = startApp({ MAIL_TEMPLATES: broken });
    await expect(starting).rejects.toThrow(ConfigurationError);
    await expect(starting).rejects.toThrow(/reset-password\.txt\.hbs and .*: "nickname" not defined/);
  });
});
