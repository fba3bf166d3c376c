import type { Bench } from '../bench.js';
import type { Claim, Outcome } from '../claim.js';
import { type Figure, medianFigure } from '../figure.js';
import { type Answer, HttpClient } from '../http-client.js';
import { BEHIND_A_PROXY, signInAs } from '../people.js';
import { TcpProxy } from '../tcp-proxy.js';
import { startIssuing } from '../tokens.js';

const FOLLOWER = 'tokenhouse news';
const TRANSACTION = /^(?:START TRANSACTION|BEGIN|COMMIT)/i;
/** Of those that count what may be tried only so often. */
const LIMITS = /\b(?:INTO|FROM) limits\b/;

/** What a request asks the database, counted on the wire. */
export const statements: Claim = {
  name: 'statements',
  title: 'Statements that a request causes, counted on the wire between service and PostgreSQL',
  limitSeconds: 60,
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const people = bench.quick ? 50 : 200;
  let seen: string[] = [];
  const { url } = await TcpProxy.open(bench, await bench.database(), (application, sql) => {
    if (application !== FOLLOWER) seen.push(sql);
  });
  const environment = await bench.environment(url, BEHIND_A_PROXY);
  const { server, bundles } = await startIssuing(bench, 'host-app', environment, people);
  const client = new HttpClient(server.url, 1);
  bench.cleanup.add(async () => client.close());

  const countEach = async (request: (n: number) => Promise<Answer>): Promise<string[][]> => {
    const counted: string[][] = [];
    for (let n = 0; n < people; n += 1) {
      seen = [];
      const { status, body } = await request(n);
      if (status !== 200) throw new Error(`Answered with ${status}: ${body}`);
      counted.push(seen);
    }
    return counted;
  };
  const guarded = (n: number): Promise<Answer> =>
    client.get('/api/bench/guarded', { token: bundles[n]?.token });
  const refresh = (n: number): Promise<Answer> =>
    client.post('/api/auth/refresh', { refreshToken: bundles[n]?.refreshToken });
  const signIn = (n: number): Promise<Answer> => signInAs(n, client);

  // Once before, so that every token is known.
  await countEach(guarded);
  const ofGuarded = await countEach(guarded);
  const ofRefresh = await countEach(refresh);
  const ofSignIn = await countEach(signIn);
  const [example = []] = ofSignIn;
  return {
    figures: [
      figure('queriesPerGuardedRequest', 'per guarded request, its token known', ofGuarded, 0),
      figure('queriesPerRefresh', 'per refresh', ofRefresh, 1),
      figure('queriesPerSignIn', 'per sign-in, its limits apart', ofSignIn.map(withoutLimits), 6),
      figure('limitsPerSignIn', 'that count its tries', ofSignIn.map(ofLimits), 9),
    ],
    notes: [`A sign-in asks, in this order: ${example.map((sql) => `\`${summary(sql)}\``).join(', ')}.`],
  };
}

function ofLimits(seen: string[]): string[] {
  return seen.filter((sql) => LIMITS.test(sql));
}

function withoutLimits(seen: string[]): string[] {
  return seen.filter((sql) => !LIMITS.test(sql));
}

/** Beside BEGIN and COMMIT. */
function figure(key: string, claim: string, requests: string[][], atMost: number): Figure {
  const counts = requests.map((seen) => seen.filter((sql) => !TRANSACTION.test(sql)).length);
  return medianFigure({ key, claim, unit: 'statements', goal: { atMost } }, counts);
}

/** The first words, and the tables. */
function summary(sql: string): string {
  const [verb = ''] = sql.split(/\s/, 1);
  const tables = [...sql.matchAll(/\b(?:FROM|INTO|UPDATE|JOIN) "?([a-z_]+)/g)].map((match) => match[1]);
  return [verb, ...new Set(tables)].join(' ');
}
