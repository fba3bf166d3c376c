import { expect } from 'vitest';
import type { Postgres } from '../postgres.js';

/** What must never be in the tables, whatever was cut off: each finds what was done by half, or twice. */
const HALVES: Record<string, string> = {
  'accounts without a password': `
    SELECT email FROM users u WHERE NOT EXISTS (SELECT FROM passwords p WHERE p.user_id = u.id)`,
  'accounts without the session that registering opens': `
    SELECT email FROM users u WHERE NOT EXISTS (SELECT FROM sessions s WHERE s.user_id = u.id)`,
  'accounts that were not told of once': `
    SELECT email FROM users u WHERE 1 <>
      (SELECT count(*) FROM domain_events e WHERE e.user_id = u.id AND e.type = 'user.registered')`,
  'accounts that were told of and are not there': `
    SELECT user_id FROM domain_events e WHERE type = 'user.registered'
      AND NOT EXISTS (SELECT FROM users u WHERE u.id = e.user_id)`,
  'more or fewer verification mails than accounts': `
    SELECT 1 WHERE (SELECT count(*) FROM users) <> (SELECT count(*) FROM mail_outbox WHERE letter = 'verify-email')`,
  'addresses that count as proven and were not told of once, or the other way round': `
    SELECT email FROM users u WHERE (email_verified_at IS NOT NULL)::integer <>
      (SELECT count(*) FROM domain_events e WHERE e.user_id = u.id AND e.type = 'user.verified')`,
  'sessions that were not told of once': `
    SELECT id FROM sessions s WHERE 1 <>
      (SELECT count(*) FROM domain_events e WHERE e.sid = s.id AND e.type = 'session.opened')`,
  'sessions that were told of and are not there': `
    SELECT sid FROM domain_events e WHERE type = 'session.opened'
      AND NOT EXISTS (SELECT FROM sessions s WHERE s.id = e.sid AND s.user_id = e.user_id)`,
  'sessions that ended and were not told of': `
    SELECT id FROM sessions s WHERE ended_at IS NOT NULL AND NOT EXISTS (
      SELECT FROM domain_events e WHERE e.user_id = s.user_id AND e.data->>'reason' = s.end_reason
        AND e.occurred_at BETWEEN s.ended_at AND s.ended_at + interval '10 s'
        AND (e.type = 'sessions.closed' OR e.type = 'session.closed' AND e.sid = s.id))`,
  'sessions that were told to be over and live': `
    SELECT id FROM sessions s WHERE ended_at IS NULL AND EXISTS (
      SELECT FROM domain_events e WHERE e.sid = s.id AND e.type = 'session.closed')`,
  'passwords that changed and were not told of': `
    SELECT user_id FROM passwords p WHERE NOT EXISTS (
      SELECT FROM domain_events e WHERE e.user_id = p.user_id
        AND e.type IN ('user.registered', 'password.changed', 'password.reset')
        AND e.occurred_at BETWEEN p.changed_at AND p.changed_at + interval '10 s')`,
  'passwords that are older than what was told of them': `
    SELECT user_id FROM passwords p WHERE EXISTS (
      SELECT FROM domain_events e WHERE e.user_id = p.user_id
        AND e.type IN ('password.changed', 'password.reset') AND e.occurred_at > p.changed_at + interval '10 s')`,
  'sessions that outlived a change of the password or of a factor': `
    SELECT s.id FROM sessions s JOIN domain_events e ON e.user_id = s.user_id AND e.occurred_at > s.created_at
      AND e.type IN ('password.changed', 'password.reset', 'twofactor.enabled', 'twofactor.disabled')
    WHERE s.ended_at IS NULL AND s.id::text IS DISTINCT FROM e.data->>'exceptSid'`,
  'links that outlived a change of the password': `
    SELECT l.id FROM one_time_links l JOIN passwords p ON p.user_id = l.subject_id AND l.created_at < p.changed_at`,
  'links to nobody': `
    SELECT id FROM one_time_links l WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = l.subject_id)`,
  'apps that are on by their secret or by their account only': `
    SELECT u.email FROM users u LEFT JOIN totp_secrets t ON t.user_id = u.id AND t.secret IS NOT NULL
    WHERE u.second_factors ? 'totp' <> (t.user_id IS NOT NULL)`,
  'factors that are on or off otherwise than was told': `
    SELECT u.email FROM users u WHERE (u.second_factors ? 'totp')::integer <>
      (SELECT coalesce(sum(CASE type WHEN 'twofactor.enabled' THEN 1 ELSE -1 END), 0) FROM domain_events e
       WHERE e.user_id = u.id AND e.type IN ('twofactor.enabled', 'twofactor.disabled'))`,
  'recovery codes without a factor': `
    SELECT user_id FROM recovery_codes r JOIN users u ON u.id = r.user_id WHERE u.second_factors = '{}'`,
  'recovery codes that are neither left nor were told to be used': `
    SELECT u.email FROM users u WHERE u.second_factors <> '{}' AND 8 <>
      (SELECT count(*) FROM recovery_codes r WHERE r.user_id = u.id)
      + (SELECT count(*) FROM domain_events e WHERE e.user_id = u.id AND e.type = 'twofactor.recovery.used'
         AND e.seq > (SELECT max(seq) FROM domain_events n WHERE n.user_id = u.id
           AND n.type IN ('twofactor.enabled', 'twofactor.recovery.regenerated')))`,
};

export async function expectNothingHalf(postgres: Postgres): Promise<void> {
  const client = await postgres.connect();
  try {
    for (const [what, sql] of Object.entries(HALVES)) {
      const { rows } = await client.query(sql);
      expect(rows, what).toEqual([]);
    }
  } finally {
    await client.end();
  }
}
