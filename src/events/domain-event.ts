/** What an event of each type carries besides its type and the user it concerns. Never a secret. */
export interface EventData {
  'user.registered': { via: 'self' };
  'user.verified': { email: string; by: 'link' | 'reset' };
  'user.updated': { fields: string[] };
  'user.banned': { reason: string | null; until: Date | null };
  'user.unbanned': object;
  'user.deactivated': object;
  'user.deleted': object;
  'email.change.requested': { from: string; to: string };
  'email.changed': { from: string; to: string };
  'email.reverted': { from: string; to: string };
  'password.reset.requested': object;
  'password.reset': object;
  /** `exceptSid` is the session in which it was changed; it stays. */
  'password.changed': { exceptSid: string };
  'session.opened': { sid: string; methods: string[] };
  'session.confirmed': { sid: string };
  'session.closed': { sid: string; reason: string };
  'sessions.closed': { reason: string; exceptSid: string | null };
  'token.reused': { sid: string; generation: number };
}

export type EventType = keyof EventData;

export type DomainEvent<T extends EventType = EventType> = { type: T; userId: string } & EventData[T];
