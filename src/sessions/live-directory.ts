import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { deepFreeze } from '../common/deep-freeze.js';
import { AppConfig } from '../config/app-config.js';
import type { NewsItem, NewsListener } from '../news/news-item.js';
import { NewsFollower } from '../news/news-follower.js';
import { News } from '../news/news.js';
import type { AccessTokenClaims } from '../tokens/access-token-claims.js';
import type { UserSession } from './sessions.service.js';

/** A token that was verified, with the session and the user it was found to stand for. Shared, hence frozen. */
export interface LiveToken extends Readonly<UserSession> {
  readonly claims: AccessTokenClaims;
}

interface Entry {
  readonly live: LiveToken;
  readonly untilMs: number;
}

/** Somebody is asking the database about a session; what they hear is not to be kept once `stale`. */
interface Reading {
  readonly subject: Pick<AccessTokenClaims, 'sid' | 'sub'>;
  stale: boolean;
}

const MAX_TOKENS = 20_000;
/** Of token text, because a host's claims may make tokens long. */
const MAX_CHARACTERS = 32 * 1024 * 1024;

/**
 * The memory of this process: tokens that were verified and whose sessions live. News end what they are about, the
 * clock ends the rest; while no news comes nothing is remembered. Refusals are never kept, and what is kept is bounded:
 * the oldest goes first.
 */
@Injectable()
export class LiveDirectory implements OnModuleInit, NewsListener {
  /** By the whole text of the token. A Map keeps the order of insertion: the first is the oldest. */
  private readonly entries = new Map<string, Entry>();
  private readonly tokensBySid = new Map<string, Set<string>>();
  private readonly sidsByUser = new Map<string, Set<string>>();
  private readonly readings = new Set<Reading>();
  private characters = 0;

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
    const entry = this.entries.get(token);
    if (!entry || this.clock.nowMs() >= entry.untilMs || !this.follower.isCurrent()) return undefined;
    return entry.live;
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
    const reading: Reading = { subject: claims, stale: false };
    this.readings.add(reading);
    try {
      const { user, session } = await read();
      const live = deepFreeze({ user: Object.freeze(user), session: Object.freeze(session), claims });
      if (!reading.stale && this.follower.isCurrent()) this.keep(token, live);
      return live;
    } finally {
      this.readings.delete(reading);
    }
  }

  hear(item: NewsItem): void {
    if ('kid' in item) return this.missed();
    for (const reading of this.readings) {
      const { sid, sub } = reading.subject;
      if ('sid' in item ? item.sid === sid : item.sub === sub) reading.stale = true;
    }
    if ('sid' in item) this.forgetSession(item.sid);
    else for (const sid of this.sidsByUser.get(item.sub) ?? []) this.forgetSession(sid);
  }

  missed(): void {
    for (const reading of this.readings) reading.stale = true;
    for (const map of [this.entries, this.tokensBySid, this.sidsByUser]) map.clear();
    this.characters = 0;
  }

  /** The next check of this session's tokens asks the database. */
  forgetSession(sid: string): void {
    for (const token of this.tokensBySid.get(sid) ?? []) this.forget(token);
  }

  private keep(token: string, live: LiveToken): void {
    this.forget(token);
    this.characters += token.length;
    this.entries.set(token, { live, untilMs: this.endOf(live) });
    add(this.tokensBySid, live.session.id, token);
    add(this.sidsByUser, live.user.id, live.session.id);
    while (this.entries.size > MAX_TOKENS || this.characters > MAX_CHARACTERS) {
      this.forget(this.entries.keys().next().value as string);
    }
  }

  private endOf({ claims, session }: LiveToken): number {
    const tokenEndMs = (claims.exp + this.config.bearerToken.leewaySeconds) * 1000;
    return Math.min(tokenEndMs, session.idleExpiresAt.getTime());
  }

  private forget(token: string): void {
    const entry = this.entries.get(token);
    if (!entry) return;
    const { user, session } = entry.live;
    this.entries.delete(token);
    this.characters -= token.length;
    if (remove(this.tokensBySid, session.id, token)) remove(this.sidsByUser, user.id, session.id);
  }
}

function add(index: Map<string, Set<string>>, key: string, value: string): void {
  const values = index.get(key);
  if (values) values.add(value);
  else index.set(key, new Set([value]));
}

/** True when that was the key's last value. */
function remove(index: Map<string, Set<string>>, key: string, value: string): boolean {
  const values = index.get(key);
  values?.delete(value);
  return values?.size === 0 && index.delete(key);
}
