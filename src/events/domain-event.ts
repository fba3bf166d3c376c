/**
 * What an event of each type carries besides what all have (`EventFacts`). Never a secret. What tells who somebody is, an
 * address for one, is the person's whom it concerns, in a field of `PERSONAL_FIELDS` (event-log.ts), so that it goes when
 * they go. docs/events.md lists them all.
 */
export interface EventData {
  'user.registered': { via: 'self'; groupCode?: string };
  'user.verified': { email: string; by: 'link' | 'reset' };
  'user.updated': { fields: string[] };
  'user.banned': { reason: string | null; until: Date | null };
  'user.unbanned': object;
  'user.deactivated': object;
  'user.deleted': object;
  'email.change.requested': { from: string; to: string };
  'email.changed': { from: string; to: string };
  /**
   * `since` is when a change away from the address was first asked for: what was added from then on may be a thief's. Null
   * where the address was never proven: then it may be the mailbox that is a stranger's.
   */
  'email.reverted': { from: string; to: string; since: Date | null };
  'password.reset.requested': { expiresAt: Date };
  'password.reset': { via: 'reset' };
  /** `exceptSid` is the session in which it was changed; it stays. */
  'password.changed': { exceptSid: string };
  /** Somebody who is signed in gave another one than theirs. */
  'password.refused': object;
  /** New passwords that could not be looked up in breaches since the last one told of; not one for each. */
  'password.unchecked': { count: number; reason: string };
  /** What is stored for them cannot be verified, so they cannot sign in. */
  'password.unusable': { reason: string };
  /** `device` in words; `newDevice`: the person has signed in before, and never from it. */
  'session.opened': {
    sid: string;
    methods: string[];
    remember: boolean;
    device: string | null;
    newDevice: boolean;
  };
  /** Nobody gets in by this login until then, save from where they did before; of an unknown one, `userId` is null. */
  'session.locked': { loginHash: string; until: Date; by: 'password' | 'second-factor' };
  /** Somebody tries passwords: from one network, or (null) from everywhere. For operators. */
  'guessing.noticed': { network: string | null; wrong: number };
  /** `loginHash` is the same for the same login and tells nothing else; `reason` is the code of the refusal. */
  'session.refused': { loginHash: string; reason: string };
  'session.refreshed': { sid: string };
  'session.confirmed': { sid: string; until: Date };
  'session.closed': { sid: string; reason: string };
  'sessions.closed': { reason: string; count: number; exceptSid: string | null };
  'twofactor.started': object;
  'twofactor.enabled': { method: string; exceptSid: string };
  'twofactor.disabled': { method: string; exceptSid: string | null };
  'twofactor.failed': { by: string };
  'twofactor.recovery.used': { left: number };
  'twofactor.recovery.regenerated': { left: number };
  'passkey.added': { passkeyId: string; name: string | null };
  'passkey.removed': { passkeyId: string; name: string | null; exceptSid: string | null };
  /** Its counter went back: there may be a copy of it. */
  'passkey.cloned': { passkeyId: string; name: string | null };
  'token.reused': { sid: string; generation: number };
  /** It signs, or will do so next. */
  'key.rotated': { kid: string };
  'key.killed': { kid: string };
  'client.updated': { clientId: string; change: 'created' | 'secret' | 'deleted' };
}

export type EventType = keyof EventData;

/** Those that need not concern a user. */
export type EventOfNobody =
  | 'password.unchecked'
  | 'session.refused'
  | 'session.locked'
  | 'guessing.noticed'
  | 'key.rotated'
  | 'key.killed'
  | 'client.updated';

type Concerned<T extends EventType> = T extends EventOfNobody ? string | null : string;

export type ActorKind = 'user' | 'admin' | 'system' | 'client';

/** Who did it. */
export interface Actor {
  /** `user`: somebody for themself. `admin`: somebody for others. `client`: another service. `system`: nobody asked. */
  readonly kind: ActorKind;
  /** Null where nobody has proven who they are, and for `system`. */
  readonly id: string | null;
  /** Who acts in the name of `id`, if anybody. */
  readonly impersonatorId: string | null;
}

/** As it is published. */
export type DomainEvent<T extends EventType = EventType> = {
  type: T;
  /** Whom it concerns. */
  userId: Concerned<T>;
  /** Who did it, where the request does not tell. */
  actor?: Pick<Actor, 'kind' | 'id'>;
} & EventData[T];

/** What is known of every event that is stored. */
export interface EventFacts {
  readonly id: string;
  readonly occurredAt: Date;
  readonly actor: Actor;
  /** The session that it tells of, else that in which it was done. */
  readonly sid: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
}

/** Dates are stored as ISO 8601 text. */
type Told<Data> = {
  readonly [K in keyof Data]: Date extends Data[K] ? Exclude<Data[K], Date> | string : Data[K];
};

/** As it is delivered after the commit. */
export type DeliveredEvent<T extends EventType = EventType> = T extends EventType
  ? EventFacts & { readonly type: T; readonly userId: Concerned<T> } & Told<EventData[T]>
  : never;
