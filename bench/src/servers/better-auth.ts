import { randomBytes } from 'node:crypto';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { fromNodeHeaders } from 'better-auth/node';
import Fastify from 'fastify';
import pg from 'pg';
import { serve } from './calls.js';
import { GREETING } from './greeting.js';

const PASSWORD = 'correct horse battery';

/** Its documented set-up for Fastify and PostgreSQL; without its rate limit, which would refuse the load. */
const auth = betterAuth({
  baseURL: 'http://localhost:3000',
  secret: randomBytes(32).toString('base64'),
  database: new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 }),
  emailAndPassword: { enabled: true },
  session: { cookieCache: { enabled: process.env.COOKIE_CACHE === 'on', maxAge: 5 * 60 } },
  rateLimit: { enabled: false },
  logger: { disabled: true },
  telemetry: { enabled: false },
});
await (await getMigrations(auth.options)).runMigrations();

const app = Fastify();
app.get('/open', () => GREETING);
app.get('/guarded', async (request, reply) => {
  const session = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
  if (!session) return reply.code(401).send({ message: 'Unauthorized' });
  return GREETING;
});
const url = await app.listen({ port: 0, host: '127.0.0.1' });

/** The cookies of new people, who are signed in. */
function signUp(count: number, domain: string): Promise<string[]> {
  const emails = Array.from({ length: count }, (_, n) => `person${n}@${domain}`);
  return Promise.all(
    emails.map(async (email) => {
      const body = { name: email, email, password: PASSWORD };
      return cookiesOf((await auth.api.signUpEmail({ body, returnHeaders: true })).headers);
    }),
  );
}

/** The same, with what the cookie cache keeps read anew: it counts for five minutes. */
function renew(cookies: string[]): Promise<string[]> {
  return Promise.all(
    cookies.map(async (cookie) => {
      const headers = new Headers({ cookie });
      const answer = await auth.api.getSession({
        headers,
        query: { disableCookieCache: true },
        returnHeaders: true,
      });
      return cookiesOf(answer.headers, cookie);
    }),
  );
}

/** A `Cookie` header of what is set, and of what was there before. */
function cookiesOf(headers: Headers, before = ''): string {
  const set = headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0] ?? '');
  const pairs = [...before.split('; '), ...set]
    .filter(Boolean)
    .map((pair) => [pair.split('=', 1)[0], pair] as const);
  return [...new Map(pairs).values()].join('; ');
}

serve(url, { signUp, renew });
