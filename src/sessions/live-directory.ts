import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { deepFreeze } from '../common/deep-freeze.js';
import { AppConfig } from '../config/app-config.js';
import { NewsFollower } from '../news/news-follower.js';
import type { NewsItem, NewsListener } from '../news/news-item.js';
import { News } from '../news/news.js';
import type { AccessTokenClaims } from '../tokens/access-token-claims.js';
import { TokenMemory } from '../tokens/token-memory.js';
import type { UserSession } from './sessions.service.js';

/** A token that was verified, with the session and the user it was found to stand for. Shared, hence frozen. */
export interface LiveToken extends Readonly<UserSession> {
  readonly claims: AccessTokenClaims;
}

/** Somebody is asking the database about a session; what they hear is not to be kept once `stale`. */
interface Reading {
  readonly claims: AccessTokenClaims;
  stale: boolean;
}

/**
 * The memory of this process: tokens that were verified and whose sessions live. News end what they are about, the
 * clock ends the rest; while no news comes nothing is remembered. Refusals never are.
 */
@Injectable()
export class LiveDirectory implements OnModuleInit, NewsListener {
  private readonly memory = new TokenMemory<LiveToken>();
  private readonly readings = new Set<Reading>();

  constructor(
    private readonly news: News,
    private readonly follower: NewsFollower,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  onModuleInit(): void {
    this.news.listen(this);
  }

  /** What is known of a token; undefined when its signature and its session must be asked for. */
  recall(token: string): LiveToken | undefined {
    const live = this.memory.recall(token, this.clock.nowMs());
    return live && this.follower.isCurrent() ? live : undefined;
  }

  /**
   * Keeps what `read` finds for a token with these claims, unless news about its session or user came meanwhile: the row
   * may have been read before the change, and the news heard before the row.
   */
  async learn(
    token: string,
    claims: AccessTokenClaims,
    read: () => Promise<UserSession>,
  ): Promise<LiveToken> {
    const reading: Reading = { claims, stale: false };
    this.readings.add(reading);
    try {
      const { user, session } = await read();
      const live = deepFreeze({ user: Object.freeze(user), session: Object.freeze(session), claims });
      if (!reading.stale && this.follower.isCurrent())
        this.memory.keep(token, claims, live, this.endOf(live));
      return live;
    } finally {
      this.readings.delete(reading);
    }
  }

  hear(item: NewsItem): void {
    if ('kid' in item) {
      if (item.revokes) this.missed();
      return;
    }
    for (const reading of this.readings) {
      const { sid, sub } = reading.claims;
      if ('sid' in item ? item.sid === sid : item.sub === sub) reading.stale = true;
    }
    if ('sid' in item) this.memory.forgetSession(item.sid);
    else this.memory.forgetUser(item.sub);
  }

  missed(): void {
    for (const reading of this.readings) reading.stale = true;
    this.memory.clear();
  }

  /** The next check of this session's tokens asks the database. */
  forgetSession(sid: string): void {
    this.memory.forgetSession(sid);
  }

  private endOf({ claims, session }: LiveToken): number {
    const tokenEndMs = (claims.exp + this.config.bearerToken.leewaySeconds) * 1000;
    return Math.min(tokenEndMs, session.idleExpiresAt.getTime());
  }
}
