/** Tokens that count no more: of a session, of a user, or signed by a key. */
export type Revocation = ({ sid: string } | { sub: string } | { kid: string }) & {
  /** Of a user's tokens, those issued before. */
  readonly notBeforeMs: number;
  /** From then on no token is left that it concerns. */
  readonly expiresAtMs: number;
};

export interface RevocationPage {
  readonly revocations: Revocation[];
  readonly nextCursor: string;
  /** Whether there was more than the answer holds. */
  readonly hasMore: boolean;
}

/**
 * An answer of `GET /api/revocations` (parity BT-18).
 * @throws Error when any of it cannot be understood: what it says could then not be heeded
 */
export function readRevocations(body: unknown): RevocationPage {
  const { items, nextCursor, hasMore } = (body ?? {}) as Record<string, unknown>;
  if (!Array.isArray(items) || typeof nextCursor !== 'string' || typeof hasMore !== 'boolean') {
    throw new Error('the answer is no feed');
  }
  return { revocations: items.map(readItem), nextCursor, hasMore };
}

function readItem(value: unknown): Revocation {
  const { sid, sub, kid, notBefore, expiresAt } = (value ?? {}) as Record<string, unknown>;
  const times = { notBeforeMs: Date.parse(String(notBefore)), expiresAtMs: Date.parse(String(expiresAt)) };
  if (Object.values(times).some(Number.isNaN)) throw new Error('the feed names no time');
  if (typeof sid === 'string') return { sid, ...times };
  if (typeof sub === 'string') return { sub, ...times };
  if (typeof kid === 'string') return { kid, ...times };
  throw new Error('the feed names nothing known; the service may be newer than its client');
}
