import { expect } from 'vitest';
import type { EventType } from '../../../../src/events/domain-event.js';
import type { Postgres } from '../postgres.js';
import type { Person } from './person.js';

type Counts = ReadonlyMap<EventType, number>;

/** Told in the transaction of what people do here; other events follow from these, or are of refusals. */
const TOLD: readonly EventType[] = [
  'user.registered', 'user.verified', 'session.opened', 'session.closed', 'password.changed', 'password.reset',
  'twofactor.started', 'twofactor.enabled', 'twofactor.disabled', 'twofactor.recovery.used',
  'twofactor.recovery.regenerated',
]; // prettier-ignore

/**
 * Compares the log of events with what was acknowledged: each thing is there, once. What was under way when all was cut
 * off is there wholly or not at all; what it turns out to be is noted of the person.
 */
export async function settle(postgres: Postgres, people: readonly Person[]): Promise<void> {
  const rows = await postgres.query<{ email: string; type: EventType; count: number }>(
    `SELECT u.email, e.type, count(*)::int AS count FROM users u JOIN domain_events e ON e.user_id = u.id
     WHERE u.email = ANY($1) AND e.type = ANY($2) GROUP BY 1, 2`,
    [people.map(({ email }) => email), TOLD],
  );
  const stored = new Map<string, Map<EventType, number>>();
  for (const { email, type, count } of rows) {
    const counts = stored.get(email) ?? new Map<EventType, number>();
    stored.set(email, counts.set(type, count));
  }
  for (const person of people) settleOne(person, stored.get(person.email) ?? new Map<EventType, number>());
}

function settleOne(person: Person, stored: Counts): void {
  const { open } = person;
  person.open = undefined;
  const surplus = without(stored, person.events);
  if (open && open.events.length > 0 && surplus.size > 0) {
    expect(surplus, `${person.email}: ${open.what}, which is there by half or twice`).toEqual(
      tally(open.events),
    );
    person.settle(open, null);
    return;
  }
  if (surplus.size > 0) person.fail('events that nobody brought about, or that are lost', inspect(surplus));
}

/** How many more there are of each than expected; negative where some are lost. */
function without(stored: Counts, expected: Counts): Map<EventType, number> {
  const surplus = new Map<EventType, number>();
  for (const type of TOLD) {
    const more = (stored.get(type) ?? 0) - (expected.get(type) ?? 0);
    if (more !== 0) surplus.set(type, more);
  }
  return surplus;
}

function tally(types: readonly EventType[]): Map<EventType, number> {
  return new Map(types.map((type) => [type, 1]));
}

function inspect(counts: Counts): string {
  return JSON.stringify(Object.fromEntries(counts));
}
