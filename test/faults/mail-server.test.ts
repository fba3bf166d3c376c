import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type SmtpMood, SmtpTestServer } from '../support/smtp.js';
import { note } from './finding.js';
import { endure } from './support/endure.js';
import { expectLettersOut } from './support/letters.js';
import { Lab } from './support/lab.js';
import { Postgres } from './support/postgres.js';
import { Service } from './support/service.js';
import { inSeconds } from './support/traffic.js';

const LASTS_MS = inject('short') ? 2_000 : 15_000;

describe('the mail server hangs', () => {
  const lab = new Lab();
  const smtp = new SmtpTestServer();
  let postgres: Postgres;
  let service: Service;

  beforeAll(async () => {
    postgres = await Postgres.start(lab);
    await smtp.start();
    lab.add(() => smtp.stop());
    service = await Service.start(lab, await lab.environment(postgres.url, { SMTP_URL: smtp.url }));
  });
  afterAll(() => lab.close());

  /** Connections that are open would go on in the mood in which they began. */
  async function restart(mood: SmtpMood): Promise<void> {
    smtp.mood = mood;
    await smtp.stop();
    await smtp.start();
  }

  it('it takes connections and says nothing: requests are answered, letters go out afterwards', async (context) => {
    let held = 0;
    const traffic = await endure(context, service, postgres, {
      what: 'SMTP connections taken and never greeted',
      lastsMs: LASTS_MS,
      boundMs: 3_000,
      begin: () => restart('hang'),
      during: async () => {
        await expect.poll(() => smtp.hanging, { timeout: 5_000 }).toBeGreaterThan(0);
        held = await inTransaction(postgres);
      },
      end: () => restart('well'),
    });
    expect(traffic.count(503, 'unavailable'), 'nobody notices').toBe(0);
    expect(held, 'connections to the database that wait for the mail server').toBe(0);
    const waited = await expectLettersOut(postgres, () =>
      smtp.received.flatMap(({ recipients }) => recipients),
    );
    note(context, { recovery: `the last letter after ${inSeconds(waited)}` });
  });
});

/** How many connections idle inside a transaction. */
async function inTransaction(postgres: Postgres): Promise<number> {
  const sql = `SELECT count(*)::int AS count FROM pg_stat_activity
    WHERE state = 'idle in transaction' AND now() - state_change > interval '500 ms'`;
  return (await postgres.query<{ count: number }>(sql))[0]?.count ?? 0;
}
