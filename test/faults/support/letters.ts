import { expect } from 'vitest';
import type { Postgres } from './postgres.js';

/** A letter that failed twice waits 10 s for its third attempt, and so on. */
const PATIENCE_MS = 60_000;

/**
 * Waits until no letter waits any more: none was given up, and everybody with an account has got one.
 * @param addresses of the mails that came
 * @returns after how many milliseconds
 */
export async function expectLettersOut(
  postgres: Postgres,
  addresses: () => Iterable<string> | Promise<Iterable<string>>,
): Promise<number> {
  const begin = performance.now();
  const states = async (): Promise<string[]> => {
    const rows = await postgres.query<{ state: string }>('SELECT DISTINCT state FROM mail_outbox');
    return rows.map(({ state }) => state);
  };
  await expect.poll(states, { timeout: PATIENCE_MS, interval: 200, message: 'letters' }).toEqual(['done']);
  const waited = performance.now() - begin;
  const users = await postgres.query<{ email: string }>('SELECT email FROM users');
  const written = new Set(await addresses());
  expect(
    users.filter(({ email }) => !written.has(email)),
    'people without a letter',
  ).toEqual([]);
  return waited;
}
