import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { Client, PASSWORD } from '../support/client.js';
import { decodeToken } from '../support/forge.js';
import { registerVerified } from '../support/people.js';
import { startChromium } from './support/chromium.js';
import { DocumentedPage, documentedScript } from './support/documented-page.js';
import { VirtualAuthenticator } from './support/virtual-authenticator.js';

/** Lets a page change what the service asked for, as a thief's page may. */
const ASK_FOR_A_TOUCH_ONLY = `
  const { get } = navigator.credentials;
  navigator.credentials.get = (asked) =>
    get.call(navigator.credentials, { publicKey: { ...asked.publicKey, userVerification: 'discouraged' } });`;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a body is anything until a test has looked at it
type Outcome = { value?: any; refused?: string };

describe('passkeys in a browser, by the script of docs/passkeys.md', () => {
  const pages: DocumentedPage[] = [];
  let app: TestApp;
  let client: Client;
  let browser: Browser;
  let page: Page;
  let device: VirtualAuthenticator;

  beforeAll(async () => {
    browser = await startChromium();
    pages.push(await DocumentedPage.start(), await DocumentedPage.start(), await DocumentedPage.start());
    const [first, second, foreign] = pages.map(({ origin }) => origin);
    app = await startApp({
      APP_URL: first,
      PASSKEY_ORIGINS: `${first},${second}`,
      // The third page may call the service, and not use passkeys.
      CORS_ORIGINS: `${first},${second},${foreign}`,
    });
    client = new Client(app);
    const script = await documentedScript('passkeys.md', 'passkeys.js');
    for (const page of pages) page.script = script.replace("'http://localhost:3000'", `'${app.url}'`);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
    for (const page of pages) await page.close();
  });

  beforeEach(async () => {
    page = await browser.newPage();
    await open(0);
    device = await VirtualAuthenticator.plugIn(page);
  });
  afterEach(async () => {
    app.clock.reset();
    await page.close();
  });

  async function open(number: number): Promise<void> {
    await page.goto(pages[number]?.origin ?? '');
    await page.waitForFunction('globalThis.run');
  }

  /** Calls a function of the script in the page. */
  const run = (name: string, ...parameters: unknown[]): Promise<Outcome> =>
    page.evaluate(`run('${name}', ${JSON.stringify(parameters)})`);

  interface Owner {
    id: string;
    email: string;
    token: string;
    passkeyId: string;
    recoveryCodes: string[];
  }

  async function owner(): Promise<Owner> {
    const person = await registerVerified(app);
    const { value } = await run('addPasskey', person.token, 'My laptop');
    expect(value).toMatchObject({ name: 'My laptop' });
    return { ...person, passkeyId: value.id, recoveryCodes: value.recoveryCodes };
  }

  const counterOf = async (passkeyId: string): Promise<number> => {
    const rows: { counter: string }[] = await app.database.query(
      'SELECT counter FROM passkeys WHERE id = $1',
      [passkeyId],
    );
    return Number(rows[0]?.counter);
  };

  it('adds one, lists and renames it, and is a second factor from then on', async () => {
    const { id, token, passkeyId, recoveryCodes } = await owner();
    expect(recoveryCodes).toHaveLength(8);
    const [credential] = await device.credentials();
    expect(credential).toMatchObject({ isResidentCredential: true, rpId: 'localhost' });
    expect(Buffer.from(credential?.userHandle ?? '', 'base64').toString('hex')).toBe(id.replaceAll('-', ''));
    const listed = await run('listPasskeys', token);
    expect(listed.value).toMatchObject([{ id: passkeyId, transports: ['internal'], synced: false }]);
    expect((await run('renamePasskey', token, passkeyId, 'Old laptop')).value.name).toBe('Old laptop');
    const status = await client.get('/api/user/two-factor', { token });
    expect(status.body.methods).toEqual(['passkey']);
  });

  it('is not made twice on one device', async () => {
    const { token } = await owner();
    expect(await run('addPasskey', token, 'Again')).toEqual({ refused: 'InvalidStateError' });
  });

  it('signs in without a password', async () => {
    const { id } = await owner();
    const { value } = await run('signIn', { remember: true });
    expect(value.user.id).toBe(id);
    expect(decodeToken(value.token).payload.amr).toEqual(['hwk', 'user', 'mfa']);
  });

  it('is the second factor after a password', async () => {
    const { email } = await owner();
    const { value } = await run('signInWithPassword', email, PASSWORD);
    expect(decodeToken(value.token).payload.amr).toEqual(['pwd', 'hwk', 'user', 'mfa']);
  });

  it('makes a session fresh again', async () => {
    const { token } = await owner();
    app.clock.advanceSeconds(16 * 60);
    expect(await run('addPasskey', token, 'Late')).toEqual({ refused: 'step_up_required' });
    expect((await run('confirm', token)).value.user).toBeDefined();
    app.clock.reset();
    expect((await client.post('/api/user/passkeys/options', undefined, { token })).status).toBe(200);
  });

  it('is offered beside the field for the login, before anything is typed', async () => {
    const { id } = await owner();
    const { value } = await run('signIn', {}, { mediation: 'conditional' });
    expect(value.user.id).toBe(id);
  });

  it('is removed by itself: then it is of no use, and the device forgets it', async () => {
    const { email, token, passkeyId } = await owner();
    const [kept] = await device.credentials();
    expect(await run('removePasskey', token, passkeyId)).toEqual({});
    expect((await run('listPasskeys', token)).value).toEqual([]);
    await expect.poll(() => device.credentials()).toEqual([]);
    if (kept) await device.insert(kept);
    expect(await run('signIn')).toEqual({ refused: 'invalid_credentials' });
    expect((await client.login(email)).body.token).toBeTypeOf('string');
  });

  it('works on a second origin of the same account, and on no other', async () => {
    const { id, token } = await owner();
    await open(1);
    expect((await run('signIn')).value.user.id).toBe(id);
    await open(2);
    expect(await run('signIn')).toEqual({ refused: 'invalid_credentials' });
    expect(await run('confirm', token)).toEqual({ refused: 'code_invalid' });
  });

  it('is not used by whom the device does not know', async () => {
    const { token } = await owner();
    await device.setUserVerified(false);
    expect(await run('signIn')).toEqual({ refused: 'NotAllowedError' });
    expect(await run('addPasskey', token, 'Hers')).toMatchObject({
      refused: expect.stringMatching(/Error$/),
    });
  });

  it('the service notices when a page asks for a touch only', async () => {
    const { email, token } = await owner();
    await device.setUserVerified(false);
    await page.evaluate(ASK_FOR_A_TOUCH_ONLY);
    expect(await run('signIn')).toEqual({ refused: 'invalid_credentials' });
    expect(await run('confirm', token)).toEqual({ refused: 'code_invalid' });
    // After the password a touch is enough.
    expect((await run('signInWithPassword', email, PASSWORD)).value.user.email).toBe(email);
  });

  it('is not made on a key that cannot check who uses it', async () => {
    await device.unplug();
    await VirtualAuthenticator.plugIn(page, { transport: 'usb', hasUserVerification: false });
    const { token } = await registerVerified(app);
    expect(await run('addPasskey', token, 'A plain key')).toEqual({ refused: 'NotAllowedError' });
  });

  it('counts, and a copy with an older count is refused', async () => {
    const { passkeyId } = await owner();
    const [copy] = await device.credentials();
    await run('signIn');
    await run('signIn');
    const [credential] = await device.credentials();
    expect(await counterOf(passkeyId)).toBe(credential?.signCount);
    if (!copy || !credential) throw new Error('The device has no passkey.');
    await device.insert({ ...copy, signCount: copy.signCount });
    expect(await run('signIn')).toEqual({ refused: 'invalid_credentials' });
    await device.insert(credential);
    expect((await run('signIn')).value.token).toBeTypeOf('string');
  });
});
