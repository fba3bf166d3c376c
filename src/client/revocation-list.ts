import type { AccessTokenClaims } from '../tokens/access-token-claims.js';

interface Cut {
  readonly notBeforeMs: number;
  readonly expiresAtMs: number;
}

/** Sessions that are over, and users whose older tokens are, for as long as such tokens are left. */
export class RevocationList {
  private readonly sessions = new Map<string, Cut>();
  private readonly users = new Map<string, Cut>();

  endSession(sid: string, cut: Cut, nowMs: number): void {
    put(this.sessions, sid, cut, nowMs);
  }

  cutUser(sub: string, cut: Cut, nowMs: number): void {
    // Of several the latest counts, which may have come first.
    const known = this.users.get(sub);
    if (!known || known.notBeforeMs < cut.notBeforeMs) put(this.users, sub, cut, nowMs);
  }

  /** Whether a token with these claims counts no more. Of a session whatever its age, of a user the older ones. */
  revokes({ sid, sub, iat }: AccessTokenClaims): boolean {
    const user = this.users.get(sub);
    return this.sessions.has(sid) || (user !== undefined && iat * 1000 < user.notBeforeMs);
  }
}

/** At the end of the map; what has expired goes from its beginning, so that it grows no longer than tokens live. */
function put(cuts: Map<string, Cut>, key: string, cut: Cut, nowMs: number): void {
  cuts.delete(key);
  cuts.set(key, cut);
  for (const [oldest, { expiresAtMs }] of cuts) {
    if (expiresAtMs > nowMs) return;
    cuts.delete(oldest);
  }
}
