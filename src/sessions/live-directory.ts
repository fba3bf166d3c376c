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

/** A token is being checked: the database is asked about its session. Once `stale`, the answer is not to be kept. */
interface Reading {
  readonly claims: AccessTokenClaims;
  readonly result: Promise<LiveToken>;
  stale: boolean;
}

/**
 * The memory of this process: tokens that were verified and whose sessions live. News end what they are about, the
 * clock ends the rest; while no news comes nothing is remembered. Refusals never are.
 */
@Injectable()
export class LiveDirectory implements OnModuleInit, NewsListener {
  private readonly memory = new TokenMemory<LiveToken>();
  private readonly readings = new Map<string, Reading>();

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

  /** What is being learnt of a token, for whoever asks meanwhile; undefined when nobody does, or when it is outdated. */
  learning(token: string): Promise<LiveToken> | undefined {
    const reading = this.readings.get(token);
    return reading && !reading.stale && this.follower.isCurrent() ? reading.result : undefined;
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
    const result = read().then(({ user, session }) =>
      deepFreeze({ user: Object.freeze(user), session: Object.freeze(session), claims }),
    );
    const reading = { claims, result, stale: false };
    this.readings.set(token, reading);
    // Only the newest reading of a token hears news; an older one is not kept.
    const isNewest = (): boolean => this.readings.get(token) === reading;
    try {
      const live = await result;
      if (isNewest() && !reading.stale && this.follower.isCurrent()) this.keep(token, live);
      return live;
    } finally {
      if (isNewest()) this.readings.delete(token);
    }
  }

  hear(item: NewsItem): void {
    if ('kid' in item) {
      if (item.revokes) this.missed();
      return;
    }
    for (const reading of this.readings.values()) {
      const { sid, sub } = reading.claims;
      if ('sid' in item ? item.sid === sid : item.sub === sub) reading.stale = true;
    }
    if ('sid' in item) this.memory.forgetSession(item.sid);
    else this.memory.forgetUser(item.sub);
  }

  missed(): void {
    for (const reading of this.readings.values()) reading.stale = true;
    this.memory.clear();
  }

  /** The next check of this session's tokens asks the database. */
  forgetSession(sid: string): void {
    this.memory.forgetSession(sid);
  }

  private keep(token: string, live: LiveToken): void {
    const { claims, session } = live;
    const tokenEndMs = (claims.exp + this.config.bearerToken.leewaySeconds) * 1000;
    this.memory.keep(token, claims, live, Math.min(tokenEndMs, session.idleExpiresAt.getTime()));
  }
}
