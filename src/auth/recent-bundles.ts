import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { Rotation } from '../sessions/session-rotation.service.js';
import { type TokenBundle, TokenBundles } from './token-bundle.js';

const KEPT_MS = 10_000;
const MAX_KEPT = 10_000;

/**
 * The bundles of the last ten seconds' rotations: clients that refresh in several tabs or renders at once all
 * get the same one (parity NX-03). Whether the session still lives was asked of the database before.
 */
@Injectable()
export class RecentBundles {
  private readonly kept = new Map<string, { bundle: TokenBundle; sinceMs: number }>();

  constructor(
    private readonly bundles: TokenBundles,
    private readonly clock: Clock,
  ) {}

  /** The bundle that this generation got a moment ago, if it did. */
  recall({ session, user, replayed }: Rotation): TokenBundle | null {
    const known = replayed ? this.kept.get(keyOf(session)) : undefined;
    return known && isRecent(known.sinceMs, this.clock.nowMs()) ? { ...known.bundle, user } : null;
  }

  /** A new one. */
  issue({ session, user }: Rotation): TokenBundle {
    const bundle = this.bundles.issue({ session, user });
    const now = this.clock.nowMs();
    this.evict(now);
    this.kept.set(keyOf(session), { bundle, sinceMs: now });
    return bundle;
  }

  /** A Map keeps the order of insertion, so the oldest come first. */
  private evict(now: number): void {
    for (const [key, { sinceMs }] of this.kept) {
      if (isRecent(sinceMs, now) && this.kept.size < MAX_KEPT) return;
      this.kept.delete(key);
    }
  }
}

/** What was made in the future was made while the clock was wrong, and so are its times. */
function isRecent(sinceMs: number, nowMs: number): boolean {
  return sinceMs <= nowMs && nowMs < sinceMs + KEPT_MS;
}

function keyOf({ id, generation }: Rotation['session']): string {
  return `${id} ${generation}`;
}
