import type { Bench } from '../bench.js';
import { Server } from '../child.js';
import type { Claim, Outcome } from '../claim.js';
import { medianFigure } from '../figure.js';
import { HttpClient } from '../http-client.js';
import { BEHIND_A_PROXY, populate, signInAs } from '../people.js';
import { inTurn } from '../rounds.js';
import { Service } from '../service.js';
import { ratios } from '../statistics.js';

const PEOPLE = 100;
/** Enough that one is always waiting, and far from too many. */
const CLIENTS = 8;

/** Signing in, against the hash that it cannot do without. */
export const signIn: Claim = {
  name: 'sign-in',
  title: 'Signing in against argon2id alone, as many at once',
  notQuick: 'hashing passwords takes its time',
  limitSeconds: 90,
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const databaseUrl = await bench.database();
  const environment = await bench.environment(databaseUrl, BEHIND_A_PROXY);
  const service = await Service.start(bench, environment);
  await populate(databaseUrl, { users: PEOPLE, sessionsEach: 0 });
  const argon2 = await Server.start(bench, 'argon2', environment);
  const ms = bench.quick ? 1_000 : 4_000;
  const client = new HttpClient(service.url, CLIENTS);
  bench.cleanup.add(async () => client.close());
  await signInsPerSecond(client, 500);
  const measured = await inTurn(bench.quick ? 3 : 5, {
    signIns: () => signInsPerSecond(client, ms),
    hashes: () => argon2.call<number>('verificationsPerSecond', ms),
  });
  bench.progress(
    `sign-ins/s ${measured.signIns.map(Math.round)}; argon2id alone ${measured.hashes.map(Math.round)}`,
  );
  const claim = 'sign-ins / verifications of argon2id alone, same parameters, as many at once';
  return {
    figures: [
      medianFigure(
        { key: 'signInVsArgon2', claim, unit: '×', goal: { atLeast: 0.85 } },
        ratios(measured.signIns, measured.hashes),
      ),
    ],
  };
}

async function signInsPerSecond(client: HttpClient, ms: number): Promise<number> {
  const startedAtMs = performance.now();
  let done = 0;
  const work = async (_: unknown, who: number): Promise<void> => {
    for (let n = who; performance.now() - startedAtMs < ms; n += CLIENTS, done += 1) {
      const { status } = await signInAs(n % PEOPLE, client);
      if (status !== 200) throw new Error(`A sign-in was answered with ${status}.`);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, work));
  return (done * 1_000) / (performance.now() - startedAtMs);
}
