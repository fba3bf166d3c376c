import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Housekeeping } from '../../src/database/housekeeping.js';
import { DomainEvents } from '../../src/events/domain-events.js';
import { UsersService } from '../../src/users/users.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { PASSWORD, someEmail } from '../support/client.js';
import { CHROME, ClientFrom, FIREFOX, LOCAL_PROXY, someAddress } from '../support/client-from.js';

const SUBJECT = /new device/i;

describe('known devices', () => {
  let target: TestApp;
  let email: string;
  let home: ClientFrom;
  const opened: { device: string | null; newDevice: boolean; remember: boolean }[] = [];

  beforeAll(async () => {
    target = await startApp({ TRUSTED_PROXIES: LOCAL_PROXY });
    target.app
      .get(DomainEvents)
      .on(
        'session.opened',
        ({ device, newDevice, remember }) => void opened.push({ device, newDevice, remember }),
      );
  });
  afterAll(() => target.close());

  beforeEach(async () => {
    email = someEmail();
    home = new ClientFrom(target);
    await home.register({ email });
  });

  const devices = async (): Promise<number> =>
    (
      await target.database.query(
        'SELECT count(*)::int AS n FROM known_devices d JOIN users u ON u.id = d.user_id WHERE u.email = $1',
        [email],
      )
    )[0].n;

  /** How the newest session was told of. */
  const last = (): unknown => opened.at(-1);

  /** How many mails about a new device there are, once all are sent. */
  async function notices(): Promise<number> {
    await expect
      .poll(() => target.database.query("SELECT id FROM mail_outbox WHERE state = 'waiting'"), {
        timeout: 15_000,
      })
      .toEqual([]);
    return (await target.mailbox.all(email)).filter(({ subject }) => SUBJECT.test(subject)).length;
  }

  it('the first is known by registering, and nobody is told', async () => {
    expect(last()).toEqual({ device: 'Firefox 145, Linux', newDevice: false, remember: false });
    await home.login(email, PASSWORD, { remember: true });
    expect(last()).toEqual({ device: 'Firefox 145, Linux', newDevice: false, remember: true });
    expect([await devices(), await notices()]).toEqual([1, 0]);
  });

  it.each([
    ['another browser', () => new ClientFrom(target, home.address, CHROME), 'Chrome 142, Windows'],
    ['another network', () => new ClientFrom(target), 'Firefox 145, Linux'],
    ['a program', () => new ClientFrom(target, home.address, 'curl/8.5.0'), null],
  ])('%s is new, once, and its owner is mailed', async (_what, from, device) => {
    const client = from();
    await client.login(email);
    expect(last()).toMatchObject({ device, newDevice: true });
    const mail = await target.mailbox.newest(email, SUBJECT);
    expect(mail.text).toContain(`Address: ${client.address}\n`);
    expect(mail.text).toMatch(/When: .+\n/);
    await client.login(email);
    await home.login(email);
    expect([await devices(), await notices()]).toEqual([2, 1]);
  });

  it('a newer version of the browser, and another address of one /64, are not new', async () => {
    const block = `2001:db8:${Math.floor(Math.random() * 65_536).toString(16)}:1`;
    await new ClientFrom(target, `${block}::1`).login(email);
    await new ClientFrom(target, `${block}:2:3:4:5`, FIREFOX.replaceAll('145', '146')).login(email);
    expect([await devices(), await notices()]).toEqual([2, 1]);
  });

  it('tells of a new one what the mail may show, and no link of it', async () => {
    await new ClientFrom(target, someAddress(), CHROME).login(email);
    const { text, html, link } = await target.mailbox.newest(email, SUBJECT);
    expect(text).toContain('Browser: Chrome 142\nSystem: Windows\n');
    expect(html).toContain('Browser: Chrome 142');
    expect(link).toBe('');
  });

  it('RFR-19 nothing that a client sends makes it known, and nothing is left there', async () => {
    const other = new ClientFrom(target);
    const claims = { deviceId: 'home', sid: 'x', sessionId: 'x', generation: 5 };
    const headers = { 'x-device-id': 'home', 'x-known-device': 'true' };
    const answer = await other.post(
      '/api/auth/login',
      { login: email, password: PASSWORD, ...claims },
      { headers, cookies: { device: 'home' } },
    );
    expect(answer.status).toBe(200);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(last()).toMatchObject({ newDevice: true });
    expect(Object.keys(answer.body)).not.toContain('device');
  });

  it('are stored in a form that tells nothing, and no two people share', async () => {
    const other = someEmail();
    await home.register({ email: other });
    const rows = await target.database.query(
      'SELECT d.device FROM known_devices d JOIN users u ON u.id = d.user_id WHERE u.email = ANY($1)',
      [[email, other]],
    );
    const [one, two] = rows.map(({ device }: { device: Buffer }) => device.toString('hex'));
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(two).not.toBe(one);
  });

  it('many sign-ins at once are one device', async () => {
    const other = new ClientFrom(target);
    await Promise.all(Array.from({ length: 10 }, () => other.login(email)));
    expect([await devices(), await notices()]).toEqual([2, 1]);
  });

  it('are forgotten with a reset, save where it was made, with the account, and after a year without use', async () => {
    await new ClientFrom(target).login(email);
    await home.post('/api/auth/password/forgot', { email });
    const { token } = await target.mailbox.newest(email, /Choose/);
    expect(
      (await home.post('/api/auth/password/reset', { token, password: 'another horse battery' })).status,
    ).toBe(204);
    expect(await devices()).toBe(1);
    await home.login(email, 'another horse battery');
    expect(await devices()).toBe(1);
    await target.database.query("UPDATE known_devices SET last_used_at = now() - interval '364 days'");
    await target.app.get(Housekeeping).run();
    expect(await devices()).toBe(1);
    await target.database.query("UPDATE known_devices SET last_used_at = now() - interval '367 days'");
    await target.app.get(Housekeeping).run();
    expect(await devices()).toBe(0);
    const { user } = (await home.login(email, 'another horse battery')).body;
    expect(await devices()).toBe(1);
    await target.app.get(UsersService).delete(user.id);
    expect(await devices()).toBe(0);
  });
});
