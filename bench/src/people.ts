import { hash } from '@node-rs/argon2';
import type { Answer, HttpClient } from './http-client.js';
import { query } from './postgres.js';
import type { Environment } from './tokenhouse.js';

export const PASSWORD = 'correct horse battery';

/** As the service hashes: argon2id, 19 MiB, two passes, one lane. */
export const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Ids of people and sessions are UUIDv7, as the service makes them: one a millisecond, since this moment. */
const FIRST_MS = 1_764_000_000_000;

/** With it, people come from networks of their own: what a network may do is limited. */
export const BEHIND_A_PROXY: Environment = { TRUSTED_PROXIES: '127.0.0.1' };

export interface Population {
  readonly users: number;
  readonly sessionsEach: number;
}

const emailOf = (n: number): string => `person${n}@example.com`;

/** The nth person has the sessions n, n + users, n + 2 users and so on; all counted from 0. */
export const userId = (n: number): string => uuid('7000', n);
export const sessionId = (n: number): string => uuid('7001', n);

function uuid(kind: string, n: number): string {
  const hex = `${hexOf(FIRST_MS + n)}${kind}8000${hexOf(n)}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

const hexOf = (value: number): string => value.toString(16).padStart(12, '0');

/** The same in SQL. */
const uuidOf = (kind: string, n: string): string =>
  `(lpad(to_hex(${FIRST_MS} + ${n}), 12, '0') || '${kind}8000' || lpad(to_hex(${n}), 12, '0'))::uuid`;

/**
 * Fills the service's empty tables with people who all have the same password, and with their live sessions.
 * References and the indexes beside the primary keys are taken away meanwhile: so millions take a minute.
 */
export async function populate(url: string, { users, sessionsEach }: Population): Promise<void> {
  const passwordHash = await hash(PASSWORD, ARGON2ID);
  await query(
    url,
    'ALTER TABLE passwords DROP CONSTRAINT passwords_user_id_fkey',
    'ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey',
    'DROP INDEX sessions_user, sessions_expiry',
    `INSERT INTO users (id, email, email_verified_at)
       SELECT ${uuidOf('7000', 'n')}, 'person' || n || '@example.com', now()
       FROM generate_series(0::bigint, ${users - 1}) n`,
    `INSERT INTO passwords (user_id, hash) SELECT id, '${passwordHash}' FROM users`,
    `INSERT INTO sessions (id, user_id, methods, user_agent, ip, expires_at, idle_expires_at)
       SELECT ${uuidOf('7001', 'n')}, ${uuidOf('7000', `(n % ${users})`)}, '{pwd}', 'Mozilla/5.0 (X11; Linux x86_64)',
         '192.0.2.1', now() + interval '1 day', now() + interval '1 day'
       FROM generate_series(0::bigint, ${users * sessionsEach - 1}) n`,
    'CREATE INDEX sessions_user ON sessions (user_id)',
    'CREATE INDEX sessions_expiry ON sessions (expires_at)',
    'ALTER TABLE passwords ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE',
    'ALTER TABLE sessions ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE',
    'VACUUM ANALYZE users, passwords, sessions',
  );
  // Else the server writes it all out while it is measured. Not every role may.
  await query(url, 'CHECKPOINT').catch(() => {});
}

/** The nth person signs in, from where they always do; the service must be `BEHIND_A_PROXY`. */
export function signInAs(n: number, client: HttpClient): Promise<Answer> {
  const from = `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
  return client.post('/api/auth/login', { login: emailOf(n), password: PASSWORD }, { from });
}
