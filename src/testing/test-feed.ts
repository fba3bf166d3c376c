import { EventEmitter, once } from 'node:events';
import { ValidationFailed } from '../common/common.errors.js';

/** What is revoked: a session, a user's tokens so far, or a signing key. */
export type TestRevocation = { sid: string } | { sub: string } | { kid: string };

type FeedItem = TestRevocation & { notBefore: string; expiresAt: string; reason: string };

interface FeedPage {
  items: FeedItem[];
  nextCursor: string;
  hasMore: boolean;
}

const LONGEST_WAIT_MS = 25_000;
const PATIENCE_MS = 1_000;

/** What was revoked, for any number of followers. A cursor says which of them has it, and how far they have read. */
export class TestFeed {
  private readonly items: FeedItem[] = [];
  private readonly positions = new Map<number, number>();
  private readonly events = new EventEmitter().setMaxListeners(0);
  private followers = 0;

  constructor(
    private readonly lifetimeMs: number,
    private readonly pageSize: number,
  ) {}

  /** Resolves when everybody who follows has asked again, and so has heeded it. */
  async add(revocation: TestRevocation, reason: string, nowMs: number): Promise<void> {
    const [notBefore, expiresAt] = [nowMs, nowMs + this.lifetimeMs].map((ms) => new Date(ms).toISOString());
    this.items.push({ ...revocation, notBefore, expiresAt, reason } as FeedItem);
    this.events.emit('news');
    const untilMs = performance.now() + PATIENCE_MS;
    while (this.late().length > 0 && performance.now() < untilMs) await this.next('progress', PATIENCE_MS);
    for (const follower of this.late()) this.positions.delete(follower);
  }

  /**
   * As `GET /api/revocations` answers.
   * @param gone aborted when whoever asked has left
   * @throws ValidationFailed for a cursor that is none
   */
  async page(query: URLSearchParams, gone: AbortSignal): Promise<FeedPage> {
    const [follower, position] = this.read(query.get('after'));
    this.positions.set(follower, position);
    this.events.emit('progress');
    const waitMs = Math.min(LONGEST_WAIT_MS, Number(query.get('wait') ?? 0) * 1000);
    if (position === this.items.length && waitMs > 0) {
      await this.next('news', waitMs, gone);
    }
    if (gone.aborted) {
      this.positions.delete(follower);
      this.events.emit('progress');
    }
    const end = Math.min(position + this.pageSize, this.items.length);
    return {
      items: this.items.slice(position, end),
      nextCursor: `${follower}.${end}`,
      hasMore: end < this.items.length,
    };
  }

  private late(): number[] {
    const late = [...this.positions].filter(([, position]) => position < this.items.length);
    return late.map(([follower]) => follower);
  }

  private read(after: string | null): [follower: number, position: number] {
    if (after === null) return [++this.followers, 0];
    const [, follower = NaN, position = NaN] = (/^(\d+)\.(\d+)$/.exec(after) ?? []).map(Number);
    if (follower <= this.followers && position <= this.items.length) return [follower, position];
    throw new ValidationFailed([
      { field: 'after', code: 'unknown', message: 'after is not a cursor of ours' },
    ]);
  }

  /** Waits for an event, for the time to be over, or for whoever waits to leave. */
  private async next(event: 'news' | 'progress', ms: number, gone?: AbortSignal): Promise<void> {
    const patience = new AbortController();
    const giveUp = (): void => patience.abort();
    const timer = setTimeout(giveUp, ms);
    gone?.addEventListener('abort', giveUp);
    await once(this.events, event, { signal: patience.signal }).catch(() => {});
    clearTimeout(timer);
  }
}
