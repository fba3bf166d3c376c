import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { OpenAPIObject } from '@nestjs/swagger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { Client } from '../support/client.js';
import { Contract, type Exchange } from '../support/openapi-contract.js';

const run = promisify(execFile);

interface Operation {
  path: string;
  operationId: string;
  security?: Record<string, string[]>[];
  responses: Record<string, { content?: Record<string, unknown> }>;
}

function operationsOf(document: OpenAPIObject): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    (Object.values(item) as Operation[]).map((operation) => ({ ...operation, path })),
  );
}

describe('the OpenAPI document', () => {
  let target: TestApp;
  let client: Client;
  let document: OpenAPIObject;

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
    document = JSON.parse(await readFile('openapi.json', 'utf8')) as OpenAPIObject;
  });
  afterAll(() => target.close());

  it('is served as it is committed', async () => {
    const { status, headers, body } = await client.get('/openapi.json');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(body, 'openapi.json is out of date: run npm run openapi').toEqual(document);
  });

  it('has a page to read it on', async () => {
    const { status, headers, body } = await client.get('/docs');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/html/);
    expect(body).toContain('Tokenhouse API');
  });

  it('LOG-09: the page is served, and of its package no more than it loads', async () => {
    const page = String((await client.get('/docs')).body);
    const loaded = [...page.matchAll(/(?:src|href)="\.(\/docs\/[^"]+)"/g)].map(([, path]) => String(path));
    expect(loaded.length).toBeGreaterThan(3);
    for (const path of loaded) expect([path, (await client.get(path)).status]).toEqual([path, 200]);
    for (const file of ['package.json', 'swagger-ui-bundle.js.map', 'LICENSE', 'index.html']) {
      const { status, body } = await client.get(`/docs/${file}`);
      expect([file, status, body.code]).toEqual([file, 404, 'not_found']);
    }
  });

  it('LOG-09: is hidden, and its page, with DOCS=off', async () => {
    const hidden = await startApp({ DOCS: 'off' }, target);
    try {
      const other = new Client(hidden);
      for (const path of ['/openapi.json', '/docs', '/docs/', '/docs-json', '/docs/swagger-ui-init.js']) {
        const { status, body } = await other.get(path);
        expect([path, status, body.code]).toEqual([path, 404, 'not_found']);
      }
      expect((await other.get('/health/live')).status).toBe(200);
    } finally {
      await hidden.close();
    }
  });

  it('gives no linter a reason to complain', async () => {
    const environment = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_NOTIFICATIONS: 'true' };
    const redocly = ['node_modules/@redocly/cli/bin/cli.js', 'lint', 'openapi.json', '--format=json'];
    const { stdout } = await run(process.execPath, redocly, { env: { ...process.env, ...environment } });
    const { problems } = JSON.parse(stdout) as { problems: unknown[] };
    expect(problems).toEqual([]);
  });

  it('names every operation shortly and once', () => {
    const ids = operationsOf(document).map(({ operationId }) => operationId);
    expect(ids.length).toBeGreaterThan(20);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z]{2,24}$/);
    expect(ids).toEqual(expect.arrayContaining(['login', 'refresh', 'listSessions']));
  });

  it('says of every operation who may call it, and that it can be refused', () => {
    for (const { path, operationId, security, responses } of operationsOf(document)) {
      expect(security, operationId).toBeDefined();
      const needsToken = security?.length === 2;
      expect([operationId, '401' in responses || !needsToken]).toEqual([operationId, true]);
      expect(Object.keys(responses), operationId).toEqual(expect.arrayContaining(['400', '500', '503']));
      for (const [status, { content }] of Object.entries(responses).filter(([code]) => code >= '400')) {
        expect([operationId, status, Object.keys(content ?? {})]).toEqual([
          operationId,
          status,
          [path.startsWith('/oauth/') ? 'application/json' : 'application/problem+json'],
        ]);
      }
    }
  });
});

describe('the watch over all answers of these tests', () => {
  let contract: Contract;
  const health: Exchange = {
    method: 'GET',
    path: '/health/live',
    status: 200,
    contentType: 'application/json; charset=utf-8',
    headers: [],
    body: '{"status":"ok"}',
  };

  beforeAll(async () => {
    contract = new Contract(JSON.parse(await readFile('openapi.json', 'utf8')) as OpenAPIObject);
  });

  it('passes what is documented', () => {
    expect(contract.violationOf(health)).toBeNull();
    const empty = { ...health, method: 'POST', path: '/api/auth/logout', status: 204, body: '' };
    expect(contract.violationOf(empty)).toBeNull();
    const token = { ...health, path: '/api/token' };
    for (const body of ['null', '{"sub":"1"}', '"e30.e30."']) {
      expect(contract.violationOf({ ...token, body })).toBeNull();
    }
  });

  const problem = (code: string): string =>
    JSON.stringify({
      type: 't',
      title: 't',
      status: 503,
      detail: 'd',
      instance: '/',
      code,
      requestId: 'r',
      statusCode: 503,
      message: 'd',
    });
  const down = { status: 503, contentType: 'application/problem+json' };

  it.each<[string, Partial<Exchange>, RegExp | null]>([
    ['an undocumented route', { path: '/api/secret' }, /route is not documented/],
    ['an undocumented method', { method: 'POST' }, /route is not documented/],
    ['an undocumented status', { status: 418 }, /^GET \/health\/live → 418: the status is not documented/],
    ['an undocumented header', { headers: ['set-cookie'] }, /set-cookie is not documented/],
    ['a body that leaks a field', { body: '{"status":"ok","passwordHash":"x"}' }, /passwordHash/],
    ['a body without a field', { body: '{}' }, /required.*status/],
    ['a value of another type', { body: '{"status":null}' }, /\/status/],
    ['no body', { body: '' }, /must be object/],
    ['another media type', { contentType: 'text/html' }, /it is text\/html/],
    ['a body where none belongs', { method: 'POST', path: '/api/auth/logout', status: 204 }, /has a body/],
    ['a documented refusal', { ...down, body: problem('unavailable') }, null],
    ['a code of another route', { ...down, body: problem('email_taken') }, /\/code/],
  ])('judges %s', (_name, change, expected) => {
    const violation = contract.violationOf({ ...health, ...change });
    if (expected) expect(violation).toMatch(expected);
    else expect(violation).toBeNull();
  });
});
