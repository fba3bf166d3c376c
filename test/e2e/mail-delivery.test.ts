import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test, type TestingModule } from '@nestjs/testing';
import { simpleParser } from 'mailparser';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigModule } from '../../src/config/config.module.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { Database } from '../../src/database/database.js';
import { Housekeeping } from '../../src/database/housekeeping.js';
import { SAMPLE_LINK } from '../../src/mail/letters.js';
import { MailModule } from '../../src/mail/mail.module.js';
import type { OutboxMail } from '../../src/mail/outbox-mail.entity.js';
import { OutboxMails } from '../../src/mail/outbox-mails.js';
import { OutboxWorker } from '../../src/mail/outbox-worker.js';
import { type Envelope, Outbox } from '../../src/mail/outbox.js';
import { eventually } from '../support/eventually.js';
import { SmtpTestServer, tokenIn } from '../support/smtp.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const LETTER = 'errand';
const TEMPLATES = join(import.meta.dirname, '../support/letters');
const PACE = { key: 'reset ada@example.com', seconds: 60 };

interface Data {
  to: string;
  name?: string;
  nobody?: boolean;
}

let testDatabase: TestDatabase;
let dataDir: string;
let smtp: SmtpTestServer;
const apps: TestingModule[] = [];
let composed = 0;

/** A replica: it writes letters whose token tells how often they were composed. */
async function startReplica(environment: Record<string, string> = {}): Promise<TestingModule> {
  const app = await Test.createTestingModule({
    imports: [
      ConfigModule.forRoot({
        DATABASE_URL: testDatabase.url,
        DATA_DIR: dataDir,
        SMTP_URL: smtp.url,
        MAIL_FROM: 'The House <no-reply@house.example>',
        ...environment,
      }),
      DatabaseModule,
      MailModule,
    ],
  }).compile();
  app.useLogger(false);
  apps.push(app);
  app.get(Outbox).define(TEMPLATES, { [LETTER]: { kind: 'required', sample: SAMPLE_LINK } });
  app.get(Outbox).compose<Data>(LETTER, (data) => Promise.resolve(compose(data)));
  return app.init();
}

function compose({ to, name = 'Ada', nobody }: Data): Envelope | null {
  composed += 1;
  if (nobody) return null;
  const person = { email: to, username: null, firstName: name, lastName: null };
  const link = new URL(`https://app.example/reset-password?token=attempt-${composed}`);
  return { letter: LETTER, to, person, variables: { link, minutes: 60 } };
}

function queue(app: TestingModule, data: Data, pace?: typeof PACE): Promise<boolean> {
  return app.get(Database).transaction((manager) => app.get(Outbox).queue(LETTER, data, manager, pace));
}

async function rows(): Promise<Record<string, unknown>[]> {
  const app = apps[0] as TestingModule;
  return app.get(Database).query('SELECT * FROM mail_outbox ORDER BY created_at');
}

/** Lets time pass for what waits in the outbox. */
async function skipTime(interval: string): Promise<void> {
  const database = (apps[0] as TestingModule).get(Database);
  await database.query(
    `UPDATE mail_outbox SET next_attempt_at = next_attempt_at - $1::interval,
       leased_until = leased_until - $1::interval, created_at = created_at - $1::interval,
       finished_at = finished_at - $1::interval`,
    [interval],
  );
}

const settled = (state: string): Promise<void> =>
  eventually(async () => expect((await rows()).map((row) => row.state)).toEqual([state]));

const tried = (attempts: number): Promise<void> =>
  eventually(async () =>
    expect(await rows()).toMatchObject([{ attempts, state: 'waiting', leased_until: null }]),
  );

/** Leaves the table to the test. */
async function stopWorkers(): Promise<void> {
  for (const app of apps) await app.get(OutboxWorker).beforeApplicationShutdown();
}

beforeAll(async () => {
  testDatabase = await createTestDatabase();
});
afterAll(() => testDatabase.drop());

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'mail-delivery-'));
  smtp = await new SmtpTestServer().start();
  composed = 0;
});
afterEach(async () => {
  await apps[0]?.get(Database).query('DELETE FROM mail_outbox');
  for (const app of apps.splice(0)) await app.close();
  await smtp.stop();
  await rm(dataDir, { recursive: true });
});

describe('a queued letter', () => {
  it('is sent after the commit, once, to one recipient, in text and HTML', async () => {
    const app = await startReplica();
    await queue(app, { to: 'ada@example.com' });
    const mail = await smtp.mailTo('ada@example.com');
    await settled('done');
    expect(mail.subject).toBe('An errand');
    expect(mail.from?.text).toBe('"The House" <no-reply@house.example>');
    expect(mail.text).toContain('Hello Ada,');
    expect(mail.html).toContain('href="https://app.example/reset-password?token=attempt-1"');
    expect(smtp.received.map(({ recipients }) => recipients)).toEqual([['ada@example.com']]);
  });

  it('is not seen by anybody before the commit', async () => {
    const app = await startReplica();
    const runner = app.get(Database).createQueryRunner();
    await runner.startTransaction();
    await app.get(Outbox).queue(LETTER, { to: 'ada@example.com' }, runner.manager);
    await queue(app, { to: 'bob@example.com' });
    await smtp.mailTo('bob@example.com');
    expect(smtp.received).toHaveLength(1);
    await runner.commitTransaction();
    await runner.release();
    await smtp.mailTo('ada@example.com');
  });

  it('is gone with a rollback', async () => {
    const app = await startReplica();
    const failing = app.get(Database).transaction(async (manager) => {
      await app.get(Outbox).queue(LETTER, { to: 'ada@example.com' }, manager);
      throw new Error('the change failed');
    });
    await expect(failing).rejects.toThrow('the change failed');
    await queue(app, { to: 'bob@example.com' });
    await smtp.mailTo('bob@example.com');
    expect(await rows()).toHaveLength(1);
    expect(composed).toBe(1);
  });

  it('wakes the worker when its transaction has committed, not when a part of it has', async () => {
    const app = await startReplica();
    const outbox = app.get(Outbox);
    const wake = vi.fn();
    outbox.onCommit(wake);
    await app.get(Database).transaction(async (manager) => {
      await manager.transaction(
        async (inner) => void (await outbox.queue(LETTER, { to: 'a@example.com' }, inner)),
      );
      expect(wake).not.toHaveBeenCalled();
    });
    expect(wake).toHaveBeenCalledOnce();
    await app.get(Database).transaction((manager) => manager.query('SELECT 1'));
    expect(wake).toHaveBeenCalledOnce();
    await outbox.queue(LETTER, { to: 'b@example.com' }, app.get(Database).manager);
    expect(wake).toHaveBeenCalledTimes(2);
  });

  it('leaves no secret in the database', async () => {
    const app = await startReplica();
    await queue(app, { to: 'ada@example.com' });
    const token = tokenIn(await smtp.mailTo('ada@example.com'));
    expect(JSON.stringify(await rows())).not.toContain(token);
  });

  it('may turn out to have no recipient', async () => {
    const app = await startReplica();
    await queue(app, { to: 'ada@example.com', nobody: true });
    await settled('done');
    expect(smtp.attempts).toBe(0);
  });

  it('needs somebody who writes it', async () => {
    const app = await startReplica();
    const { manager } = app.get(Database);
    await expect(app.get(Outbox).queue('unknown', {}, manager)).rejects.toThrow('Nobody composes');
    expect(await rows()).toEqual([]);
  });

  it('may be written by the first of several composers that has something to say', async () => {
    const app = await startReplica();
    const outbox = app.get(Outbox);
    outbox.compose<Data>('either', () => Promise.resolve(null));
    outbox.compose<Data>('either', (data) => Promise.resolve(compose(data)));
    await outbox.queue('either', { to: 'ada@example.com' }, app.get(Database).manager);
    expect((await smtp.mailTo('ada@example.com')).subject).toBe('An errand');
  });

  it('is written again later when it could not be written', async () => {
    const app = await startReplica();
    let broken = true;
    app
      .get(Outbox)
      .compose<Data>('fragile', (data) =>
        broken ? Promise.reject(new Error('boom')) : Promise.resolve(compose(data)),
      );
    await app.get(Outbox).queue('fragile', { to: 'ada@example.com' }, app.get(Database).manager);
    await tried(1);
    broken = false;
    await skipTime('6 seconds');
    await smtp.mailTo('ada@example.com');
  });

  it('INJ-16, INJ-17: says what people typed as text, in a mail with one recipient', async () => {
    const app = await startReplica();
    const name = 'x\r\nBcc: eve@evil.test\r\n\r\n<b>{{7*7}}</b> http://evil.test';
    await queue(app, { to: 'ada@example.com', name });
    const mail = await smtp.mailTo('ada@example.com');
    expect(smtp.received[0]?.recipients).toEqual(['ada@example.com']);
    expect([...mail.headers.keys()]).not.toContain('bcc');
    expect(mail.text).toContain('Hello x Bcc: eve@ evil. test <b>{{7*7}}</b> http: //evil. test,');
    expect(mail.html).toContain('&lt;b&gt;{{7*7}}&lt;/b&gt; http: //evil. test,</p>');
  });

  it('INJ-16: is given up at once when its address is none', async () => {
    const app = await startReplica();
    await queue(app, { to: 'ada@example.com\r\nRCPT TO:<eve@evil.test>' });
    await settled('given-up');
    expect(smtp.attempts).toBe(0);
  });
});

describe('a mail server in trouble', () => {
  it('that is down, then busy, delays mails but no request', async () => {
    const app = await startReplica();
    await smtp.stop();
    const start = performance.now();
    await queue(app, { to: 'ada@example.com' });
    expect(performance.now() - start).toBeLessThan(1_000);
    await tried(1);
    expect((await rows())[0]?.last_error).toMatch(/ECONN|ESOCKET/);

    await smtp.start();
    smtp.mood = 'busy';
    await skipTime('6 seconds');
    await tried(2);

    smtp.mood = 'well';
    await skipTime('9 seconds');
    expect((await rows())[0]).toMatchObject({ attempts: 2, state: 'waiting' });
    await skipTime('2 seconds');
    const mail = await smtp.mailTo('ada@example.com');
    // Written anew: the link of a mail that was not delivered is not reused.
    expect(tokenIn(mail)).toBe('attempt-3');
    await settled('done');
    expect(smtp.received).toHaveLength(1);
  });

  it('that takes connections and says nothing is left after ten seconds', async () => {
    const app = await startReplica();
    smtp.mood = 'hang';
    const start = performance.now();
    await Promise.all(Array.from({ length: 20 }, (_, n) => queue(app, { to: `user${n}@example.com` })));
    expect(performance.now() - start).toBeLessThan(2_000);
    const hasFailed = async (): Promise<void> =>
      expect((await rows()).filter((row) => row.last_error !== null).length).toBeGreaterThan(0);
    await eventually(hasFailed);
    const errors = (await rows()).map((row) => row.last_error).filter((error) => error !== null);
    expect(errors[0]).toMatch(/ETIMEDOUT/);
    smtp.mood = 'well';
    await skipTime('6 seconds');
    await smtp.mailTo('user0@example.com');
  });

  it('that is slow delivers once', async () => {
    const app = await startReplica();
    smtp.mood = 1_500;
    await queue(app, { to: 'ada@example.com' });
    await settled('done');
    expect(smtp.received).toHaveLength(1);
  });

  it('that refuses the recipient for good is asked a few times, without its address in our records', async () => {
    const app = await startReplica();
    smtp.mood = 'refuse';
    await queue(app, { to: 'ada@example.com' });
    for (let attempt = 1; attempt < 6; attempt += 1) {
      await tried(attempt);
      await skipTime('10 minutes');
    }
    await settled('given-up');
    const [row] = await rows();
    expect(row).toMatchObject({ attempts: 6 });
    expect(row?.last_error).toMatch(/^EENVELOPE at RCPT TO .*550/);
    expect(row?.last_error).not.toContain('ada@');
  });

  it('is given up after two days', async () => {
    const app = await startReplica();
    await smtp.stop();
    await queue(app, { to: 'ada@example.com' });
    await tried(1);
    await skipTime('47 hours');
    await tried(2);
    await skipTime('2 hours');
    await settled('given-up');
    await smtp.start();
  });
});

describe('the pace', () => {
  it('allows one letter a minute; the next takes its place', async () => {
    const app = await startReplica();
    expect(await queue(app, { to: 'ada@example.com' }, PACE)).toBe(true);
    await settled('done');
    expect(await queue(app, { to: 'ada@example.com' }, PACE)).toBe(false);
    await skipTime('59 seconds');
    expect(await queue(app, { to: 'ada@example.com' }, PACE)).toBe(false);
    await skipTime('2 seconds');
    expect(await queue(app, { to: 'ada@example.com' }, PACE)).toBe(true);
    await eventually(() => expect(smtp.received).toHaveLength(2));
    expect(await rows()).toHaveLength(1);
  });

  it('RST-17: holds against many requests at once, on several replicas', async () => {
    const replicas = [await startReplica(), await startReplica()];
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        queue(replicas[n % 2] as TestingModule, { to: 'ada@example.com' }, PACE),
      ),
    );
    expect(answers.filter(Boolean)).toHaveLength(1);
    await settled('done');
    expect(smtp.received).toHaveLength(1);
  });

  it('ignores a letter that was rolled back', async () => {
    const app = await startReplica();
    const failing = app.get(Database).transaction(async (manager) => {
      await app.get(Outbox).queue(LETTER, { to: 'ada@example.com' }, manager, PACE);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await queue(app, { to: 'ada@example.com' }, PACE)).toBe(true);
  });

  it('is lifted by RATE_LIMIT=off', async () => {
    const app = await startReplica({ RATE_LIMIT: 'off' });
    for (let n = 0; n < 3; n += 1) expect(await queue(app, { to: 'ada@example.com' }, PACE)).toBe(true);
    await eventually(() => expect(smtp.received).toHaveLength(3));
  });
});

describe('several replicas', () => {
  it('send each letter once', async () => {
    const replicas = [await startReplica(), await startReplica()];
    smtp.mood = 20;
    const addresses = Array.from({ length: 40 }, (_, n) => `user${n}@example.com`);
    await Promise.all(addresses.map((to, n) => queue(replicas[n % 2] as TestingModule, { to })));
    await eventually(async () => expect((await rows()).every((row) => row.state === 'done')).toBe(true));
    expect(smtp.received.map(({ recipients }) => recipients[0]).sort()).toEqual(addresses.sort());
  });

  it('never hold one letter twice, until its lease ends', async () => {
    const [a, b] = [await startReplica(), await startReplica()].map((app) => app.get(OutboxMails));
    await stopWorkers();
    for (let n = 0; n < 30; n += 1) await queue(apps[0] as TestingModule, { to: `user${n}@example.com` });
    const claims = await Promise.all([a, b, a, b, a, b].map((mails) => (mails as OutboxMails).claim(7)));
    const ids = claims.flat().map(({ id }) => id);
    expect(ids).toHaveLength(30);
    expect(new Set(ids).size).toBe(30);
    expect(await a?.claim(7)).toEqual([]);
    await skipTime('3 minutes');
    expect(await a?.claim(7)).toHaveLength(7);
  });

  it('take no more letters than asked for, however PostgreSQL plans it', async () => {
    const database = (await startReplica()).get(Database);
    const [{ name }] = await database.query<[{ name: string }]>('SELECT current_database() AS name');
    for (const way of ['hashjoin', 'mergejoin', 'hashagg', 'sort', 'material', 'memoize']) {
      await database.query(`ALTER DATABASE ${name} SET enable_${way} = off`);
    }
    try {
      // Its connections are new.
      const app = await startReplica();
      await stopWorkers();
      for (let n = 0; n < 30; n += 1) await queue(app, { to: `user${n}@example.com` });
      expect(await app.get(OutboxMails).claim(7)).toHaveLength(7);
    } finally {
      await database.query(`ALTER DATABASE ${name} RESET ALL`);
    }
  });

  it('believe only the attempt that holds the letter', async () => {
    const app = await startReplica();
    const mails = app.get(OutboxMails);
    await stopWorkers();
    await queue(app, { to: 'ada@example.com' });
    const [first] = await mails.claim(1);
    await skipTime('3 minutes');
    const [second] = await mails.claim(1);
    const failure = { seconds: 5, error: 'late', hopeless: false };
    expect(await mails.postpone(first as OutboxMail, failure)).toBeNull();
    await mails.finish(first as OutboxMail);
    expect(await rows()).toMatchObject([{ state: 'waiting', attempts: 2, last_error: null }]);
    await mails.finish(second as OutboxMail);
    await settled('done');
  });

  it('take over when one shuts down in the middle of a letter', async () => {
    const leaving = await startReplica();
    await startReplica();
    smtp.mood = 'hang';
    await queue(leaving, { to: 'ada@example.com' });
    await eventually(() => expect(smtp.attempts).toBe(1));
    await apps.shift()?.close();
    expect(await rows()).toMatchObject([{ state: 'waiting', attempts: 1, leased_until: null }]);
    smtp.mood = 'well';
    await skipTime('6 seconds');
    await smtp.mailTo('ada@example.com');
  });

  it('finish a letter that is under way when they shut down', async () => {
    const app = await startReplica();
    await startReplica();
    smtp.mood = 800;
    await queue(app, { to: 'ada@example.com' });
    await eventually(() => expect(smtp.attempts).toBe(1));
    await apps.shift()?.close();
    expect(smtp.received).toHaveLength(1);
    expect(await rows()).toMatchObject([{ state: 'done', attempts: 1 }]);
  });
});

describe('the folder, without SMTP_URL', () => {
  it('holds whole mails, the newest sorting last', async () => {
    const app = await startReplica({ SMTP_URL: '' });
    for (const to of ['first@example.com', 'second@example.com', 'third@example.com']) {
      await queue(app, { to });
      await eventually(async () => expect((await rows()).every((row) => row.state === 'done')).toBe(true));
    }
    const folder = join(dataDir, 'outbox');
    const files = (await readdir(folder)).sort();
    const mails = await Promise.all(
      files.map(async (file) => simpleParser(await readFile(join(folder, file)))),
    );
    expect(mails.map(({ to }) => [to].flat()[0]?.text)).toEqual([
      'first@example.com',
      'second@example.com',
      'third@example.com',
    ]);
    expect(files.at(-1)).toMatch(/-errand\.eml$/);
    expect(tokenIn(mails.at(-1) as (typeof mails)[number])).toBe('attempt-3');
  });
});

describe('housekeeping', () => {
  it('forgets sent letters after a day, and never those that wait', async () => {
    const app = await startReplica();
    await queue(app, { to: 'ada@example.com' });
    await settled('done');
    await app.get(Housekeeping).run();
    expect(await rows()).toHaveLength(1);
    await skipTime('25 hours');
    await app.get(Housekeeping).run();
    expect(await rows()).toHaveLength(0);
  });
});
