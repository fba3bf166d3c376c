import type { Bench } from './bench.js';
import { Server } from './child.js';
import { startIssuing } from './tokens.js';

/** A route that is put under load. */
export interface Contender {
  readonly label: string;
  /** What it is and how it is set up, for the page. */
  readonly about: string;
  readonly server: Server;
  readonly path: string;
  /** One for each credential; asked for anew in every round. */
  readonly headers?: () => Promise<Record<string, string>[]>;
}

/** Different people, so that nobody profits from knowing a single one. */
const PEOPLE = 100;
/** Signing somebody up costs a password hash. */
const BETTER_AUTH_PEOPLE = 10;

/** Our own application with its open and its guarded route. */
export async function startOurs(bench: Bench): Promise<{ unguarded: Contender; guarded: Contender }> {
  const environment = await bench.environment(await bench.database());
  const { server, bundles } = await startIssuing(bench, 'host-app', environment, PEOPLE);
  const unguarded = {
    label: 'Tokenhouse, open route',
    about:
      'An application around the service, with all that it does for every request, and a route with `@Public()`.',
    server,
    path: '/api/bench/open',
  };
  const guarded = {
    ...unguarded,
    label: 'Tokenhouse, guarded route',
    about: `The same application and the same route, guarded; ${PEOPLE} people with an ES256 token each.`,
    path: '/api/bench/guarded',
    headers: async () => bundles.map(({ token }) => bearer(token)),
  };
  return { unguarded, guarded };
}

export async function startBare(bench: Bench): Promise<{ nodeHttp: Contender; bareNest: Contender }> {
  const nodeHttp = {
    label: 'node:http',
    about: 'A bare server of Node.js, which answers every request the same.',
    server: await Server.start(bench, 'node-http'),
    path: '/',
  };
  const bareNest = {
    label: 'Nest + Fastify, open route',
    about: 'An application of Nest with nothing but one controller, without any log.',
    server: await Server.start(bench, 'bare-nest'),
    path: '/open',
  };
  return { nodeHttp, bareNest };
}

export async function startPassport(
  bench: Bench,
): Promise<{ stockLookup: Contender; stockStateless: Contender }> {
  const environment = { DATABASE_URL: await bench.database() };
  const stockLookup = {
    label: 'passport-jwt, lookup',
    about:
      `The usual recipe for Nest (here on Fastify, too): \`AuthGuard('jwt')\`, HS256, the secret a string, and \`validate\` ` +
      `finds the user with TypeORM; 20 connections; ${PEOPLE} people.`,
    ...(await startIssuer(bench, 'passport-lookup', environment)),
  };
  const stockStateless = {
    label: 'passport-jwt, no lookup',
    about: `The same with the secret as a \`KeyObject\`, and \`validate\` returns what the token says: it cannot be taken back.`,
    ...(await startIssuer(bench, 'passport-stateless', environment)),
  };
  return { stockLookup, stockStateless };
}

export async function startBetterAuth(
  bench: Bench,
): Promise<{ betterAuth: Contender; betterAuthCached: Contender }> {
  const environment = { DATABASE_URL: await bench.database() };
  // One after the other: both bring the tables up to date.
  const plain = await Server.start(bench, 'better-auth', environment);
  const cached = await Server.start(bench, 'better-auth', { ...environment, COOKIE_CACHE: 'on' });
  const betterAuth = {
    label: 'better-auth',
    about:
      'better-auth on Fastify with `pg` (20 connections), as its documentation sets it up: the route asks `auth.api.getSession`. ' +
      `Rate limit, log and telemetry are off; ${BETTER_AUTH_PEOPLE} people.`,
    ...(await signedUp(plain, 'plain')),
  };
  const betterAuthCached = {
    label: 'better-auth, cookie cache',
    about: 'The same with `cookieCache` for five minutes, during which a session that was ended goes on.',
    ...(await signedUp(cached, 'cached')),
  };
  return { betterAuth, betterAuthCached };
}

type Guarded = Pick<Contender, 'server' | 'path' | 'headers'>;

async function startIssuer(
  bench: Bench,
  name: string,
  environment: Record<string, string>,
): Promise<Guarded> {
  const server = await Server.start(bench, name, environment);
  const tokens = await server.call<string[]>('issue', PEOPLE);
  return { server, path: '/guarded', headers: async () => tokens.map(bearer) };
}

async function signedUp(server: Server, domain: string): Promise<Guarded> {
  const cookies = await server.call<string[]>('signUp', BETTER_AUTH_PEOPLE, `${domain}.example.com`);
  const headers = async (): Promise<Record<string, string>[]> => {
    const renewed = await server.call<string[]>('renew', cookies);
    return renewed.map((cookie) => ({ cookie }));
  };
  return { server, path: '/guarded', headers };
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
