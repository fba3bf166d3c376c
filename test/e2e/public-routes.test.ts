import { readFile } from 'node:fs/promises';
import { Controller, Get } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppModule } from '../../src/app.module.js';
import { Public } from '../../src/common/public.decorator.js';
import { type Answer, Client } from '../support/client.js';
import { type HostApp, type Route, startHost } from '../support/host-app.js';

/** Everything that answers without a token, where its feature is there. A route that is not listed must ask for one. */
const PUBLIC_ROUTES = [
  'GET /.well-known/jwks.json',
  'GET /.well-known/oauth-authorization-server',
  'GET /api/auth/settings',
  'GET /api/token',
  'GET /health/live',
  'GET /health/ready',
  'POST /api/auth/available',
  'POST /api/auth/challenge',
  'POST /api/auth/email/undo',
  'POST /api/auth/email/verification',
  'POST /api/auth/email/verify',
  'POST /api/auth/login',
  'POST /api/auth/logout',
  'POST /api/auth/passkeys/login',
  'POST /api/auth/passkeys/options',
  'POST /api/auth/password/forgot',
  'POST /api/auth/password/reset',
  'POST /api/auth/refresh',
  'POST /api/auth/register',
  'POST /api/auth/signin',
];

/** The documentation is a contract, and public as a whole. */
const DOCUMENTATION = /^\/(?:docs(?:\/.*)?|openapi\.json)$/;

@Controller('forgotten')
class ForgottenController {
  @Get()
  read(): string {
    return 'nobody said who may read this';
  }

  @Public()
  @Get('opened')
  opened(): string {
    return 'not in the list';
  }
}

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

const listed = (names: string[]): string[] => PUBLIC_ROUTES.filter((name) => names.includes(name));

/** HEAD goes with GET, and OPTIONS is CORS' own. */
const isOwn = ({ method, path }: Route): boolean =>
  method !== 'HEAD' && method !== 'OPTIONS' && !DOCUMENTATION.test(path);

/** For want of a person's token, or of a service client's credentials. */
const isRefused = ({ status, body }: Answer): boolean =>
  status === 401 && ['token_missing', 'invalid_client'].includes(body.code ?? body.error);

const takesForm = ({ path }: Route): boolean => path.startsWith('/oauth/');

describe('AUTHZ-01: who may call what', () => {
  let target: HostApp;
  let client: Client;

  beforeAll(async () => {
    target = await startHost((environment) => ({
      imports: [AppModule.forRoot(environment)],
      controllers: [ForgottenController],
    }));
    client = new Client(target);
  });
  afterAll(() => target.close());

  const call = ({ method, path }: Route): Promise<Answer> =>
    client.request(method, path.replace(':id', '019b7700-0000-7000-8000-000000000001'));

  async function openRoutes(routes: Route[]): Promise<string[]> {
    const open: string[] = [];
    for (const route of routes) if (!isRefused(await call(route))) open.push(nameOf(route));
    return open.sort();
  }

  it('opens the listed routes to everyone, and no other', async () => {
    const own = target.routes.filter(isOwn).filter(({ path }) => !path.includes('forgotten'));
    expect(own.length).toBeGreaterThan(25);
    expect(await openRoutes(own)).toEqual(listed(own.map(nameOf)));
  });

  it('notices a new route that opens itself, and closes one that says nothing', async () => {
    const added = target.routes.filter(isOwn).filter(({ path }) => path.includes('forgotten'));
    expect(added.map(nameOf)).toEqual(['GET /api/forgotten', 'GET /api/forgotten/opened']);
    expect(await openRoutes(added)).toEqual(['GET /api/forgotten/opened']);
  });

  it('closes HEAD where GET is closed', async () => {
    const heads = target.routes.filter(({ method, path }) => method === 'HEAD' && !DOCUMENTATION.test(path));
    for (const head of heads) {
      const { status, headers } = await call(head);
      const open = [...PUBLIC_ROUTES, 'GET /api/forgotten/opened'].includes(`GET ${head.path}`);
      expect([head.path, status]).toEqual([head.path, open ? 200 : 401]);
      if (!open) expect(headers.get('www-authenticate')).toMatch(/^(?:Bearer$|Basic )/);
    }
  });

  it('refuses anonymous callers before it reads their body', async () => {
    for (const route of target.routes.filter(isOwn)) {
      if (PUBLIC_ROUTES.includes(nameOf(route)) || route.method === 'GET') continue;
      const path = route.path.replace(':id', 'not-an-id');
      const content = { unknown: 'field' };
      const options = takesForm(route) ? { form: content } : { body: content };
      const answer = await client.request(route.method, path, options);
      expect([nameOf(route), isRefused(answer)]).toEqual([nameOf(route), true]);
    }
  });

  it('is not fooled by other spellings of a closed path', async () => {
    const spellings = [
      '/api//user',
      '//api/user',
      '/api/%75ser',
      '/API/user',
      '/api/user/',
      '/api/user;x=1',
      '/api/./user',
    ];
    for (const path of spellings) {
      const { status, body } = await client.get(path);
      expect([path, [401, 404].includes(status), body.email]).toEqual([path, true, undefined]);
    }
  });

  it('says the same in the committed OpenAPI document', async () => {
    const document = JSON.parse(await readFile('openapi.json', 'utf8')) as OpenAPIObject;
    // An empty requirement among others: a token is looked at, and not needed.
    const isOpen = ({ security = [{}] }: { security?: object[] }): boolean =>
      security.length === 0 || security.some((requirement) => Object.keys(requirement).length === 0);
    const all = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => {
        const isPublic = isOpen(operation as { security?: object[] });
        return { name: `${method.toUpperCase()} ${path}`, isPublic };
      }),
    );
    const open = all.filter(({ isPublic }) => isPublic).map(({ name }) => name);
    expect(open.sort()).toEqual(listed(all.map(({ name }) => name)));
  });

  it('lets the documentation load nothing from elsewhere', async () => {
    const routes = target.routes.filter(({ method, path }) => method === 'GET' && DOCUMENTATION.test(path));
    for (const { path } of routes.filter(({ path }) => !path.includes('*'))) {
      const { status, headers } = await client.get(path);
      expect([path, status < 500]).toEqual([path, true]);
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none';/);
      expect(headers.get('content-security-policy')).not.toMatch(/https?:/);
    }
  });
});
