import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.js';
import type { Claim, Outcome } from '../claim.js';
import { maximumFigure, medianFigure } from '../figure.js';
import { HttpClient } from '../http-client.js';
import { BEHIND_A_PROXY, signInAs } from '../people.js';
import { inTurn } from '../rounds.js';
import { Service } from '../service.js';
import { percentile, ratios } from '../statistics.js';
import { issueTokens } from '../tokens.js';

const ROUTE = '/api/auth/session';
/** More than may wait: the excess is sent away. */
const SIGNING_IN = 100;
/** Requests a second to the guarded route, from so many connections. */
const RATE = 500;
const READERS = 10;

/** Whether everybody else notices when more people sign in than the machine can hash passwords for. */
export const signInPressure: Claim = {
  name: 'sign-in-pressure',
  title: `A guarded route, ${RATE} requests/s, while ${SIGNING_IN} clients sign in without a pause`,
  notQuick: 'its percentiles need time',
  limitSeconds: 90,
  run,
};

interface Reading {
  readonly p99Ms: number;
  readonly failures: number;
}

async function run(bench: Bench): Promise<Outcome> {
  const { databaseUrl, tokens } = await issueTokens(bench, SIGNING_IN);
  const service = await Service.start(bench, await bench.environment(databaseUrl, BEHIND_A_PROXY));
  const crowd = new Crowd(service.url);
  const read = (): Promise<Reading> =>
    readSteadily(service.url, tokens.slice(0, READERS), bench.quick ? 2_000 : 5_000);
  await read();
  const { idle, saturated } = await inTurn<'idle' | 'saturated', Reading>(bench.quick ? 3 : 5, {
    idle: read,
    saturated: () => crowd.during(read),
  });
  const ofP99 = ratios(
    saturated.map(({ p99Ms }) => p99Ms),
    idle.map(({ p99Ms }) => p99Ms),
  );
  const failures = [...idle, ...saturated].map((reading) => reading.failures);
  const claim = 'guarded requests';
  return {
    figures: [
      medianFigure({ key: 'guardedP99SaturatedVsIdle', claim: `${claim}: p99 saturated / idle`, unit: '×', goal: { atMost: 5 } }, ofP99),
      maximumFigure({ key: 'guardedFailuresUnderSignIns', claim: `${claim} that failed, a round`, unit: 'requests', goal: { atMost: 0 } }, failures),
      maximumFigure({ key: 'refusalsWithoutRetryAfter', claim: 'sign-ins neither done nor refused with 503 and Retry-After', unit: 'requests', goal: { atMost: 0 } }, [crowd.other]),
    ], // prettier-ignore
    notes: [
      `Under the crowd ${crowd.signedIn} sign-ins were done and ${crowd.refused} refused with 503 and Retry-After; p99 of the guarded ` +
        `route was ${idle.map(({ p99Ms }) => p99Ms.toFixed(1)).join(', ')} ms idle, ${saturated.map(({ p99Ms }) => p99Ms.toFixed(1)).join(', ')} ms saturated.`,
    ],
  };
}

/** Reads at a constant pace, whatever the answers are. */
async function readSteadily(url: string, tokens: string[], ms: number): Promise<Reading> {
  const client = new HttpClient(url, READERS);
  const everyMs = (1_000 * READERS) / RATE;
  const times: number[] = [];
  let failures = 0;
  const startMs = performance.now();
  const reader = async (token: string, who: number): Promise<void> => {
    for (let dueMs = startMs + (who * everyMs) / READERS; dueMs < startMs + ms; dueMs += everyMs) {
      await sleep(Math.max(0, dueMs - performance.now()));
      const answer = await client.get(ROUTE, { token }).catch(() => null);
      if (answer?.status === 200) times.push(answer.ms);
      else failures += 1;
    }
  };
  await Promise.all(tokens.map(reader));
  client.close();
  return { p99Ms: percentile(times, 99), failures };
}

/** People who sign in again and again, and who wait as long as a refusal tells them to. */
class Crowd {
  signedIn = 0;
  refused = 0;
  other = 0;

  constructor(private readonly url: string) {}

  async during<T>(work: () => Promise<T>): Promise<T> {
    const client = new HttpClient(this.url, SIGNING_IN);
    let over = false;
    const people = Array.from({ length: SIGNING_IN }, (_, n) => this.signIn(client, n, () => over));
    try {
      // Until the queue is full.
      await sleep(1_000);
      return await work();
    } finally {
      over = true;
      await Promise.all(people);
      client.close();
    }
  }

  private async signIn(client: HttpClient, n: number, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const answer = await signInAs(n, client).catch(() => null);
      const seconds = Number(answer?.headers['retry-after']);
      if (answer?.status === 200) this.signedIn += 1;
      else if (answer?.status === 503 && seconds > 0) this.refused += 1;
      else this.other += 1;
      if (answer?.status !== 200) await sleep((seconds || 1) * 1_000);
    }
  }
}
