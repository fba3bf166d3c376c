import type { Bench } from '../bench.js';
import { Server } from '../child.js';
import type { Claim, Outcome } from '../claim.js';
import { type Figure, medianFigure } from '../figure.js';
import { type Answer, HttpClient } from '../http-client.js';
import { BEHIND_A_PROXY, populate, type Population, sessionId, signInAs, userId } from '../people.js';
import { inTurn } from '../rounds.js';
import { median, ratios } from '../statistics.js';
import type { TokenBundle } from '../tokenhouse.js';

const SMALL: Population = { users: 1_000, sessionsEach: 5 };
const LARGE: Population = { users: 1_000_000, sessionsEach: 5 };
const ROUNDS = 5;
/** Requests of each kind in a round, one after the other. */
const REQUESTS = 150;

/** Whether it matters how many people and sessions there are. */
export const scale: Claim = {
  name: 'scale',
  title: 'The time of one request with 1,000,000 users and 5,000,000 sessions, against 1,000 and 5,000',
  notQuick: 'it fills a database with millions of rows',
  limitSeconds: 420,
  run,
};

const KINDS = ['signIn', 'refresh', 'firstCheck'] as const;
type Kind = (typeof KINDS)[number];
/** Medians of a round, in milliseconds. */
type Times = Record<Kind, number>;

async function run(bench: Bench): Promise<Outcome> {
  const small = await House.open(bench, SMALL);
  const startedAtMs = performance.now();
  const large = await House.open(bench, LARGE);
  bench.progress(`filled in ${Math.round((performance.now() - startedAtMs) / 1_000)} s`);
  await small.round();
  await large.round();
  const times = await inTurn<'small' | 'large', Times>(ROUNDS, {
    small: () => small.round(),
    large: () => large.round(),
  });
  const inMs = (which: Times[], kind: Kind): number => median(which.map((round) => round[kind]));
  return {
    figures: KINDS.map((kind) => figure(kind, times.large, times.small)),
    notes: KINDS.map((kind) => {
      return `${NAMES[kind]}: ${inMs(times.small, kind).toFixed(2)} ms small, ${inMs(times.large, kind).toFixed(2)} ms large.`;
    }),
  };
}

const NAMES = { signIn: 'sign-in', refresh: 'refresh', firstCheck: 'first check of a token' };

function figure(kind: Kind, large: Times[], small: Times[]): Figure {
  const values = ratios(
    large.map((round) => round[kind]),
    small.map((round) => round[kind]),
  );
  const claim = `${NAMES[kind]}: large / small`;
  return medianFigure({ key: `${kind}LargeVsSmall`, claim, unit: '×', goal: { atMost: 1.2 } }, values);
}

/** A service with its database. */
class House {
  private used = 0;

  private constructor(
    private readonly server: Server,
    private readonly client: HttpClient,
    private readonly population: Population,
  ) {}

  static async open(bench: Bench, population: Population): Promise<House> {
    const databaseUrl = await bench.database();
    const environment = await bench.environment(databaseUrl, BEHIND_A_PROXY);
    const server = await Server.start(bench, 'host-app', environment);
    await populate(databaseUrl, population);
    const client = new HttpClient(server.url, 1);
    bench.cleanup.add(async () => client.close());
    return new House(server, client, population);
  }

  /** Every request is about somebody whom none before was about. */
  async round(): Promise<Times> {
    return {
      firstCheck: await this.median(await this.mint(), ({ token }) => {
        return this.client.get('/api/bench/guarded', { token });
      }),
      refresh: await this.median(await this.mint(), ({ refreshToken }) => {
        return this.client.post('/api/auth/refresh', { refreshToken });
      }),
      signIn: await this.median(this.someNumbers(), (n) => {
        return signInAs(n % this.population.users, this.client);
      }),
    };
  }

  private mint(): Promise<TokenBundle[]> {
    const { users } = this.population;
    const sessions = this.someNumbers().map((n) => ({ sid: sessionId(n), userId: userId(n % users) }));
    return this.server.call<TokenBundle[]>('mint', sessions);
  }

  private someNumbers(): number[] {
    return Array.from({ length: REQUESTS }, () => this.next());
  }

  /** Spread over all of them by a step that shares no factor with their number. */
  private next(): number {
    this.used += 1;
    return (this.used * 7_919) % (this.population.users * this.population.sessionsEach);
  }

  private async median<T>(subjects: T[], request: (subject: T) => Promise<Answer>): Promise<number> {
    const times: number[] = [];
    for (const subject of subjects) {
      const { status, ms, body } = await request(subject);
      if (status !== 200) throw new Error(`Answered with ${status}: ${body}`);
      times.push(ms);
    }
    return median(times);
  }
}
