import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { Client } from '../support/client.js';
import { BuiltCommand, type CommandResult } from '../support/command-process.js';
import { decodeToken } from '../support/forge.js';
import { createTestDatabase } from '../support/test-database.js';

const SOON = { timeout: 10_000 };

describe('npm run keys', { timeout: 60_000 }, () => {
  let command: BuiltCommand;
  let target: TestApp;
  let client: Client;

  beforeAll(async () => {
    command = await BuiltCommand.build('keys');
  });
  afterAll(() => command.remove());
  beforeEach(async () => {
    target = await startApp();
    client = new Client(target);
  });
  afterEach(() => target.close());

  const run = (...args: string[]): Promise<CommandResult> => command.run(args, target.environment);
  const list = async (): Promise<{ kid: string; state: string; [name: string]: unknown }[]> =>
    JSON.parse((await run('list', '--json')).stdout);
  const stored = (): Promise<{ kid: string }[]> =>
    target.database.query('SELECT * FROM signing_keys ORDER BY created_at');
  const whose = async (token: string): Promise<number> => (await client.get('/api/user', { token })).status;

  it('shows the keys, and makes the next one, once', async () => {
    const { token } = await client.register();
    const { kid } = decodeToken(token).header;
    const [first] = await list();
    expect(first).toEqual({
      kid,
      algorithm: 'ES256',
      state: 'current',
      signsFrom: expect.stringMatching(/^\d{4}-.*Z$/),
      verifiesUntil: null,
    });

    const rotated = await run('rotate');
    expect(rotated).toMatchObject({ code: 0, stderr: '' });
    const [, next, time] = /^(\S+) is the next key\. It is published now, and signs from (\S+)\.$/m.exec(
      rotated.stdout,
    )!;
    expect((await run('rotate')).stdout).toBe(`${next} is waiting already, and signs from ${time}.\n`);
    const { stdout } = await run('list');
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^KID +ALGORITHM +STATE +SIGNS FROM +VERIFIES UNTIL$/),
      expect.stringMatching(new RegExp(`^${String(kid)}  ES256 +current  20\\S+Z  20\\S+Z$`)),
      expect.stringMatching(new RegExp(`^${next} +ES256 +next +${time} +-$`)),
      '',
    ]);
    await vi.waitFor(async () => {
      expect((await client.get('/.well-known/jwks.json')).body.keys).toHaveLength(2);
    }, SOON);
  });

  it('lets the next key sign at once, and kills one, in the service that runs', async () => {
    const { token, refreshToken } = await client.register();
    const old = String(decodeToken(token).header.kid);
    const [, hasty] = /^(\S+) signs now/m.exec((await run('rotate', '--now')).stdout)!;
    await vi.waitFor(async () => {
      expect(decodeToken((await client.register()).token).header.kid).toBe(hasty);
    }, SOON);
    expect(await whose(token)).toBe(200);
    expect((await list()).map(({ state }) => state)).toEqual(['previous', 'current']);

    const killed = await run('kill', old);
    expect(killed).toEqual({
      code: 0,
      stderr: '',
      stdout: `${old} is killed: what it signed counts no more.\n`,
    });
    await vi.waitFor(async () => expect(await whose(token)).toBe(401), SOON);
    expect((await run('kill', old)).stdout).toBe(`${old} was killed before.\n`);
    const refreshed = await client.post('/api/auth/refresh', { refreshToken });
    expect(await whose(refreshed.body.token)).toBe(200);

    const last = await run('kill', String(hasty));
    expect(last.stdout).toMatch(
      /is killed[^]*\S+ signs now\. Sessions stay: clients get a new token when they refresh/,
    );
    await vi.waitFor(async () => expect(await whose(refreshed.body.token)).toBe(401), SOON);
    expect((await list()).map(({ state }) => state)).toEqual(['killed', 'killed', 'current']);
  });

  it('says in plain words what it cannot do, and changes nothing', async () => {
    const cases: [string[], RegExp][] = [
      [['kill', 'nonsense'], /^There is no signing key nonsense\. See npm run keys -- list\.$/m],
      [['kill', '-starts-with-a-dash'], /^There is no signing key -starts-with-a-dash\./],
      [['kill'], /^Usage:/],
      [['kill', 'one', 'two'], /^Usage:/],
      [['list', 'all'], /Usage:/],
      [['rotate', '--later'], /--later[^]*Usage:/],
      [['constructor'], /^Usage:/],
      [[], /^Usage:/],
    ];
    for (const [args, message] of cases) {
      const { code, stdout, stderr } = await run(...args);
      expect([args, code, stdout]).toEqual([args, 1, '']);
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/^\s+at /m);
    }
    expect(await run('--help')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage:/) });
    expect(await stored()).toHaveLength(1);
  });

  it('needs the APP_KEY of the service', async () => {
    const environment = { ...target.environment, APP_KEY: randomBytes(32).toString('base64') };
    const before = await stored();
    for (const args of [['rotate'], ['rotate', '--now'], ['kill', before[0]!.kid]]) {
      const { code, stderr } = await command.run(args, environment);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^APP_KEY does not open the signing keys/)]);
    }
    expect(await stored()).toEqual(before);
  });

  it('says how to rotate where BEARER_TOKEN_KEY has the keys', async () => {
    const environment = { ...target.environment, BEARER_TOKEN_KEY: randomBytes(32).toString('base64') };
    const before = await stored();
    for (const args of [['list'], ['rotate'], ['kill', before[0]!.kid]]) {
      const { code, stderr } = await command.run(args, environment);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^BEARER_TOKEN_KEY is set[^]*To rotate/)]);
    }
    expect(await stored()).toEqual(before);
  });

  it('finds none before the service has started, and makes none by looking', async () => {
    const { url, drop } = await createTestDatabase();
    const environment = { ...target.environment, DATABASE_URL: url };
    for (let time = 0; time < 2; time++) {
      expect((await command.run(['list'], environment)).stdout).toMatch(/^There is no signing key yet/);
    }
    await drop();
  });
});
