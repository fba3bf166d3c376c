import type { Bench } from '../bench.js';
import type { Claim, Outcome, Rate } from '../claim.js';
import { type Contender, startBare, startBetterAuth, startOurs, startPassport } from '../contenders.js';
import { medianFigure } from '../figure.js';
import { CONNECTIONS, load } from '../load.js';
import { inTurn } from '../rounds.js';
import { ratios } from '../statistics.js';

/** What a guarded route does a second, against open routes and against the guards of others. */
export const guardedRoute: Claim = {
  name: 'guarded-route',
  title: `A guarded route, ${CONNECTIONS} connections`,
  limitSeconds: 240,
  run,
};

const COMPARISONS = [
  { key: 'guardVsUnguarded', to: 'unguarded', atLeast: 0.9, claim: 'guarded / the same route unguarded' },
  { key: 'guardVsBareNest', to: 'bareNest', atLeast: 0.7, claim: 'guarded / open route of an empty Nest + Fastify' },
  { key: 'guardVsStockLookup', to: 'stockLookup', atLeast: 20, claim: 'guarded / passport-jwt with a lookup' },
  { key: 'guardVsStockStateless', to: 'stockStateless', atLeast: 2, claim: 'guarded / passport-jwt at its best, irrevocable' },
  { key: 'guardVsBetterAuth', to: 'betterAuth', atLeast: 25, claim: 'guarded / better-auth' },
  { key: 'guardVsBetterAuthCached', to: 'betterAuthCached', atLeast: 10, claim: 'guarded / better-auth with its cookie cache, stale' },
  { key: 'guardVsNodeHttp', to: 'nodeHttp', claim: 'guarded / node:http' },
] as const; // prettier-ignore

interface Sample {
  perSecond: number;
  cpuMicrosPerRequest: number;
}

async function run(bench: Bench): Promise<Outcome> {
  const [bare, ours, passport, betterAuth] = await Promise.all([
    startBare(bench),
    startOurs(bench),
    startPassport(bench),
    startBetterAuth(bench),
  ]);
  const contenders = { ...bare, ...ours, ...passport, ...betterAuth };
  const names = Object.keys(contenders) as (keyof typeof contenders)[];
  for (const name of names) await measure(contenders[name], bench.quick ? 0.2 : 1);
  const measurements = Object.fromEntries(
    names.map((name) => [
      name,
      async () => {
        const sample = await measure(contenders[name], bench.quick ? 0.4 : 3);
        bench.progress(`${contenders[name].label}: ${Math.round(sample.perSecond)} requests/s`);
        return sample;
      },
    ]),
  ) as Record<keyof typeof contenders, () => Promise<Sample>>;
  const samples = await inTurn(bench.quick ? 3 : 5, measurements);
  const perSecond = (name: keyof typeof contenders): number[] =>
    samples[name].map((sample) => sample.perSecond);
  return {
    figures: COMPARISONS.map(({ key, to, claim, ...goal }) =>
      medianFigure(
        { key, claim, unit: '×', goal: 'atLeast' in goal ? goal : undefined },
        ratios(perSecond('guarded'), perSecond(to)),
      ),
    ),
    rates: names.map((name) => rateOf(contenders[name], samples[name])),
  };
}

async function measure({ server, path, headers }: Contender, seconds: number): Promise<Sample> {
  const credentials = await headers?.();
  const before = await server.call<number>('cpuMicros');
  const { count, perSecond } = await load({ url: server.url + path, seconds, headers: credentials });
  const micros = (await server.call<number>('cpuMicros')) - before;
  return { perSecond, cpuMicrosPerRequest: micros / count };
}

function rateOf({ label, about }: Contender, samples: Sample[]): Rate {
  return {
    label,
    about,
    perSecond: samples.map(({ perSecond }) => perSecond),
    cpuMicrosPerRequest: samples.map(({ cpuMicrosPerRequest }) => cpuMicrosPerRequest),
  };
}
