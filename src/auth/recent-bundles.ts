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
  private readonly kept = new Map<string, { bundle: TokenBundle; untilMs: number }>();

  constructor(
    private readonly bundles: TokenBundles,
    private readonly clock: Clock,
  ) {}

  /** The bundle that this generation got already, else a new one. */
  issue({ session, user, replayed }: Rotation): TokenBundle {
    const key = `${session.id} ${session.generation}`;
    const now = this.clock.nowMs();
    const known = this.kept.get(key);
    if (replayed && known && now < known.untilMs) return { ...known.bundle, user };
    const bundle = this.bundles.issue({ session, user });
    this.evict(now);
    this.kept.set(key, { bundle, untilMs: now + KEPT_MS });
    return bundle;
  }

  /** A Map keeps the order of insertion, so the oldest come first. */
  private evict(now: number): void {
    for (const [key, { untilMs }] of this.kept) {
      if (now < untilMs && this.kept.size < MAX_KEPT) return;
      this.kept.delete(key);
    }
  }
}
