import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Answer } from './answer.js';
import { HttpClient } from './http-client.js';
import type { Postgres } from './postgres.js';
import { HONEST, INTRUDING, PASSWORD, type Request, Visitor } from './visitor.js';

const VISITORS = 8;
const PAUSE_MS = 20;
/** When nobody listens. */
const LOST_PAUSE_MS = 100;
/** Load ends by itself. */
const LIMIT_MS = 90_000;
/** So long all must go well for the service to count as recovered. */
const CALM_MS = 1_000;
const SIGN_INS_TRIED = 5;

interface Exchange {
  readonly what: string;
  readonly request: Request;
  readonly answer: Answer;
}

interface TrafficOptions {
  readonly requests?: Record<string, Request>;
  readonly visitors?: number;
  /** Between two requests of a visitor: load is for the fault to happen in, not to be a fault itself. */
  readonly pauseMs?: number;
}

/** Visitors who all keep asking; every answer is remembered. */
export class Traffic {
  readonly exchanges: Exchange[] = [];
  private over = false;
  private running: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly url: string,
    private readonly requests: Record<string, Request>,
    private readonly pauseMs: number,
    readonly visitors: readonly Visitor[],
  ) {}

  /** Has everybody registered. */
  static async prepare(url: string, options: TrafficOptions = {}): Promise<Traffic> {
    const {
      requests = { ...HONEST, ...INTRUDING },
      visitors: count = VISITORS,
      pauseMs = PAUSE_MS,
    } = options;
    const visitors = Array.from({ length: count }, () => new Visitor(new HttpClient(url)));
    for (const visitor of visitors) await visitor.prepare();
    return new Traffic(url, requests, pauseMs, visitors);
  }

  start(): this {
    this.over = false;
    const endMs = performance.now() + LIMIT_MS;
    this.running = Promise.all(this.visitors.map((visitor, n) => this.visit(visitor, n, endMs)));
    return this;
  }

  /** Until it is started again. */
  async pause(): Promise<void> {
    this.over = true;
    await this.running;
  }

  async stop(): Promise<void> {
    await this.pause();
    for (const { client } of this.visitors) client.close();
  }

  /** Waits until nothing is refused any more. @returns how many milliseconds after `mendedAt` that was */
  async recovery(mendedAt: number, withinMs: number): Promise<number> {
    let last = mendedAt;
    const isCalm = (): boolean => {
      last = Math.max(
        mendedAt,
        ...this.exchanges.filter((exchange) => !isDone(exchange)).map(({ answer }) => answer.at),
      );
      const since = this.exchanges.filter(({ answer }) => answer.askedAt > last);
      const done = new Set(since.map(({ what }) => what));
      return performance.now() - last > CALM_MS && Object.keys(this.requests).every((what) => done.has(what));
    };
    await expect.poll(isCalm, { timeout: withinMs + CALM_MS, interval: 50, message: 'recovered' }).toBe(true);
    return last - mendedAt;
  }

  /** Everything was done as it should be, or refused in order, within so many milliseconds. */
  expectOrder(boundMs: number, isExcused: (answer: Answer) => boolean = () => false): void {
    const odd = this.exchanges.filter(
      (exchange) => !isDone(exchange) && !exchange.answer.isRefused && !isExcused(exchange.answer),
    );
    expect(odd.map(describe), 'answers that are neither right nor an orderly refusal').toEqual([]);
    const late = this.exchanges.filter(({ answer }) => answer.ms > boundMs);
    expect(late.map(describe), `answers after more than ${boundMs} ms`).toEqual([]);
  }

  /** Whatever was acknowledged is there: accounts and sessions. */
  async expectNothingLost(postgres: Postgres): Promise<void> {
    const client = new HttpClient(this.url);
    const registered = this.visitors.flatMap((visitor) => visitor.registered);
    const kept = await postgres.query<{ email: string }>(
      'SELECT email FROM users JOIN passwords ON user_id = users.id WHERE email = ANY($1)',
      [registered],
    );
    expect(kept.map(({ email }) => email).sort(), 'accounts').toEqual(registered.sort());
    for (const login of registered.slice(-SIGN_INS_TRIED)) {
      const answer = await client.post('/api/auth/login', { login, password: PASSWORD });
      expect(String(answer), `signing in as ${login}`).toBe('200');
    }
    const tokens = this.visitors.flatMap(({ refreshToken, opened }) => [
      refreshToken,
      ...opened.map((session) => session.refreshToken),
    ]);
    for (const refreshToken of tokens) {
      const answer = await client.post('/api/auth/refresh', { refreshToken });
      expect(String(answer), 'refreshing with the newest token').toBe('200');
    }
    client.close();
  }

  /** How many were answered so. */
  count(status: number, code?: string): number {
    return this.exchanges.filter(({ answer }) => answer.is(status, code)).length;
  }

  /** For the table. */
  get load(): string {
    const acknowledged = this.exchanges.filter((exchange) => exchange.request.writes && isDone(exchange));
    return `${this.exchanges.length} requests, ${acknowledged.length} acknowledged writes`;
  }

  /** For the table: how many were answered how, and how long the slowest took. */
  get seen(): string {
    const counts = new Map<string, number>();
    for (const { answer } of this.exchanges) {
      counts.set(String(answer), (counts.get(String(answer)) ?? 0) + 1);
    }
    const tally = [...counts]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([kind, count]) => `${kind} × ${count}`);
    const slowest = Math.max(...this.exchanges.map(({ answer }) => answer.ms));
    return `${tally.join(', ')}; slowest ${inSeconds(slowest)}`;
  }

  private async visit(visitor: Visitor, first: number, endMs: number): Promise<void> {
    const requests = Object.entries(this.requests);
    for (let turn = first; !this.over && performance.now() < endMs; turn += 1) {
      const [what, request] = requests[turn % requests.length] as [string, Request];
      const answer = await request.send(visitor);
      this.exchanges.push({ what, request, answer });
      await sleep(answer.isLost ? LOST_PAUSE_MS : this.pauseMs);
    }
  }
}

export function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function isDone({ request: { expects, code }, answer }: Exchange): boolean {
  return answer.is(expects, code);
}

function describe({ what, answer }: Exchange): string {
  return `${what}: ${String(answer)} after ${inSeconds(answer.ms)}`;
}
