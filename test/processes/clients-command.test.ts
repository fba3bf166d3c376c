import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client } from '../support/client.js';
import { BuiltCommand, type CommandResult } from '../support/command-process.js';
import { basic } from '../support/service-caller.js';

const UNKNOWN = '019b7700-0000-7000-8000-000000000001';

describe('npm run clients', () => {
  let target: TestApp;
  let command: BuiltCommand;

  beforeAll(async () => {
    target = await startApp();
    command = await BuiltCommand.build('clients');
  });
  afterAll(async () => {
    await command.remove();
    await target.close();
  });

  const run = (...args: string[]): Promise<CommandResult> => command.run(args, target.environment);

  async function runJson(...args: string[]): Promise<Answer['body']> {
    const { code, stdout, stderr } = await run(...args, '--json');
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout);
  }

  const ask = async (id: string, secret: string): Promise<number> =>
    (
      await new Client(target).request('POST', '/oauth/introspect', {
        form: { token: 'x' },
        headers: { authorization: basic(id, secret) },
      })
    ).status;

  it('makes a client, tells its secret once, rotates and deletes it', async () => {
    const made = await run('create', 'orders', '--scope', 'tokens:introspect', '--scope', 'revocations:read');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toContain('orders may use tokens:introspect, revocations:read');
    expect(made.stdout).toContain('The secret will not be shown again');
    const id = String(/client_id +(\S+)/.exec(made.stdout)?.[1]);
    const secret = String(/client_secret +(\S+)/.exec(made.stdout)?.[1]);
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(await ask(id, secret)).toBe(200);

    const listed = await run('list');
    expect(listed.stdout).toMatch(new RegExp(`^${id} .* orders +tokens:introspect revocations:read$`, 'm'));
    expect(listed.stdout).not.toContain(secret);

    const rotated = await run('rotate', id);
    const next = String(/client_secret +(\S+)/.exec(rotated.stdout)?.[1]);
    expect([await ask(id, secret), await ask(id, next)]).toEqual([401, 200]);

    expect((await run('delete', id)).code).toBe(0);
    expect(await ask(id, next)).toBe(401);
    expect((await run('list')).stdout).not.toContain(id);
  });

  it('prints JSON for scripts, and never a hash', async () => {
    const made = await runJson('create', 'billing', '--scope', 'tokens:revoke');
    expect(made).toEqual({
      id: expect.any(String),
      name: 'billing',
      scopes: ['tokens:revoke'],
      createdAt: expect.any(String),
      secret: expect.any(String),
    });
    const { secret, ...rest } = made;
    expect(await runJson('list')).toContainEqual(rest);
    const rotated = await runJson('rotate', made.id);
    expect(rotated).toEqual({ id: made.id, secret: expect.not.stringMatching(secret) });
    expect(await runJson('delete', made.id)).toEqual({ id: made.id });
  });

  it('keeps of a secret its hash alone', async () => {
    const { id, secret } = await runJson('create', 'hashed', '--scope', 'tokens:revoke');
    const [row] = await target.database.query('SELECT * FROM service_clients WHERE id = $1', [id]);
    expect(row.secret_hash).toHaveLength(32);
    expect(JSON.stringify(row)).not.toContain(secret);
  });

  it('says in plain words what it cannot do', async () => {
    const { id } = await runJson('create', 'taken', '--scope', 'tokens:revoke');
    const cases: [string[], RegExp][] = [
      [['create', 'taken', '--scope', 'tokens:revoke'], /a service client of this name already/],
      [['create', 'orders two', '--scope', 'tokens:revoke'], /letters, digits/],
      [['create', 'other'], /--scope/],
      [['create', 'other', '--scope', 'everything'], /no scope everything/],
      [['rotate', UNKNOWN], /no service client/],
      [['delete', 'taken'], /no service client taken/],
      [['list', id], /^Usage:/],
      [['constructor', 'x'], /^Usage:/],
      [['list', '--scopes'], /--scopes[^]*Usage:/],
    ];
    await Promise.all(
      cases.map(async ([args, message]) => {
        const { code, stdout, stderr } = await run(...args);
        expect([args, code, stdout]).toEqual([args, 1, '']);
        expect(stderr).toMatch(message);
        expect(stderr).not.toMatch(/^\s+at /m);
      }),
    );
    expect(await run('--help')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage:/) });
  });

  it('works beside a service that runs its own database, and alone', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'tokenhouse-test-'));
    const environment = { DATA_DIR: dataDir };
    try {
      const postgres = await startEmbeddedPostgres({ dataDir, log: () => {}, durable: false });
      const made = await command.run(['create', 'beside', '--scope', 'tokens:revoke'], environment);
      expect(made).toMatchObject({ code: 0, stderr: '' });
      expect((await command.run(['list'], environment)).stdout).toContain('beside');
      await postgres.stop();
      expect((await command.run(['list'], environment)).stdout).toContain('beside');
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});
