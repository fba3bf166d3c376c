import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Clock } from '../../../src/common/clock.js';
import type { AppConfig } from '../../../src/config/app-config.js';
import { FolderMailer } from '../../../src/mail/folder-mailer.js';
import { UnsendableMail } from '../../../src/mail/mail.errors.js';

class SettableClock extends Clock {
  ms = Date.UTC(2025, 0, 2, 3, 4, 5, 6);

  override nowMs(): number {
    return this.ms;
  }
}

const MESSAGE = {
  letter: 'reset-password',
  to: 'ada@example.com',
  subject: 'Hi Zoë',
  text: 't',
  html: '<p>h</p>',
};

describe('FolderMailer', () => {
  const clock = new SettableClock();
  let dataDir: string;
  let mailer: FolderMailer;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'mail-'));
    const config = { database: { dataDir }, mail: { from: 'House <a@example.com>' } } as unknown as AppConfig;
    mailer = new FolderMailer(config, clock);
  });
  afterEach(() => rm(dataDir, { recursive: true }));

  it('writes a whole, private message', async () => {
    await mailer.send(MESSAGE);
    const folder = join(dataDir, 'outbox');
    const files = await readdir(folder);
    expect(files).toEqual([
      expect.stringMatching(/^2025-01-02T03-04-05\.006Z-000001-\w{6}-reset-password\.eml$/),
    ]);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    const file = join(folder, files[0] as string);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const mail = await simpleParser(await readFile(file));
    expect(mail).toMatchObject({ subject: 'Hi Zoë', text: 't', html: '<p>h</p>' });
    expect(mail.from?.text).toBe('"House" <a@example.com>');
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
  });

  it('leaves links whole, so that they can be copied from the file', async () => {
    const link = `https://app.example.com/reset-password?token=${'x'.repeat(43)}`;
    const text = `Hello Zoë,\n\n${link}\n`;
    await mailer.send({ ...MESSAGE, text, html: `<a href="${link}">Zoë</a>` });
    const folder = join(dataDir, 'outbox');
    const [file] = await readdir(folder);
    const bytes = await readFile(join(folder, file as string));
    expect(bytes.toString()).toContain(`\r\n${link}\r\n`);
    const mail = await simpleParser(bytes);
    expect([mail.text?.trim(), mail.html]).toEqual([text.trim(), `<a href="${link}">Zoë</a>`]);
  });

  it('sorts the newest last, also within a millisecond and when the clock is set back', async () => {
    for (let n = 0; n < 12; n += 1) {
      if (n === 6) clock.ms -= 60_000;
      await mailer.send({ ...MESSAGE, letter: `letter-${String.fromCharCode(122 - n)}` });
    }
    const files = (await readdir(join(dataDir, 'outbox'))).sort();
    expect(files.map((file) => file.at(-5))).toEqual([...'zyxwvutsrqpo']);
  });

  it('never leaves its folder', async () => {
    await mailer.send({ ...MESSAGE, letter: '../../x' });
    expect(await readdir(join(dataDir, 'outbox'))).toEqual([expect.stringMatching(/-______x\.eml$/)]);
  });

  it.each([
    { subject: 'Hi\r\nBcc: b@evil.test' },
    { subject: 'Hi\nBcc: b@evil.test' },
    { subject: 'Hi\u0000' },
    { to: 'ada@example.com\r\nBcc: b@evil.test' },
    { to: 'ada@example.com, b@evil.test' },
    { to: 'ada@example.com;b@evil.test' },
    { to: 'Ada <ada@example.com>' },
    { to: 'group: ada@example.com;' },
    { to: '"a b"@example.com' },
    { to: '' },
  ])('INJ-16: refuses %j', async (change) => {
    await expect(mailer.send({ ...MESSAGE, ...change })).rejects.toThrow(UnsendableMail);
    expect(await readdir(dataDir)).toEqual([]);
  });
});
