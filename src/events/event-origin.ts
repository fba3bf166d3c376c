import { currentContext, currentOrigin } from '../common/request-context.js';
import type { Actor, DomainEvent, EventFacts, EventType } from './domain-event.js';

/** Where an event comes from: who did it, and whence. */
export type EventOrigin = Pick<EventFacts, 'actor' | 'sid' | 'ip' | 'userAgent' | 'requestId'>;

/** What anybody can bring about in another's name. */
const BY_ANYBODY: ReadonlySet<EventType> = new Set([
  'password.reset.requested',
  'session.refused',
  'session.locked',
  'guessing.noticed',
  'token.reused',
  'twofactor.failed',
  'passkey.cloned',
] satisfies EventType[]);

/** The origin of an event that is told now, by the request being served. */
export function originOf(event: DomainEvent): EventOrigin {
  const { sid = currentContext()?.principal?.session.id } = event as { sid?: string };
  return {
    actor: { impersonatorId: null, ...(event.actor ?? actorOf(event)) },
    sid: sid ?? null,
    ...(currentOrigin() ?? { ip: null, userAgent: null, requestId: null }),
  };
}

function actorOf({ type, userId }: DomainEvent): Pick<Actor, 'kind' | 'id'> & Partial<Actor> {
  const context = currentContext();
  if (!context) return { kind: 'system', id: null };
  const { serviceClient, principal } = context;
  if (serviceClient) return { kind: 'client', id: serviceClient.id };
  // Whoever signs in, registers or opens a link proves by it who they are.
  if (!principal) return { kind: 'user', id: BY_ANYBODY.has(type) ? null : userId };
  const { user, session } = principal;
  const kind = user.id === userId ? 'user' : 'admin';
  return { kind, id: user.id, impersonatorId: session.impersonatorId ?? null };
}
