import type { EventData, EventType } from '../events/domain-event.js';
import type { StoredEvent } from '../events/stored-event.entity.js';

/** What people see of the data of an event about themselves. Of a type that is not listed: that it happened. */
const SHOWN = {
  'user.registered': ['via'],
  'user.verified': ['email', 'by'],
  'user.updated': ['fields'],
  // The reason is for moderators.
  'user.banned': ['until'],
  'email.change.requested': ['from', 'to'],
  'email.changed': ['from', 'to'],
  'email.reverted': ['from', 'to'],
  'password.reset.requested': ['expiresAt'],
  'password.reset': ['via'],
  'session.opened': ['methods', 'remember', 'newDevice'],
  'session.locked': ['until'],
  'session.refused': ['reason'],
  'session.confirmed': ['until'],
  'session.closed': ['reason'],
  'sessions.closed': ['reason', 'count', 'exceptSid'],
  'twofactor.enabled': ['method'],
  'twofactor.disabled': ['method'],
  'twofactor.failed': ['by'],
  'twofactor.recovery.used': ['left'],
  'twofactor.recovery.regenerated': ['left'],
  'passkey.added': ['passkeyId', 'name'],
  'passkey.removed': ['passkeyId', 'name'],
  'passkey.cloned': ['passkeyId', 'name'],
} satisfies { [T in EventType]?: readonly (keyof EventData[T])[] } as Record<string, readonly string[]>;

export function dataForOwner({ type, data }: StoredEvent): Record<string, unknown> {
  const fields = Object.hasOwn(SHOWN, type) ? (SHOWN[type] ?? []) : [];
  return Object.fromEntries(fields.filter((field) => field in data).map((field) => [field, data[field]]));
}

/** Whether the person did it themself, or a stranger in their place. */
export function isByOwner({ actor, impersonatorId }: StoredEvent): boolean {
  return actor === 'user' && impersonatorId === null;
}

/** Whether its session is one of the person's, whoever did it. */
export function isOfSession({ type, impersonatorId }: StoredEvent): boolean {
  return impersonatorId !== null || type.startsWith('session.') || type === 'token.reused';
}
