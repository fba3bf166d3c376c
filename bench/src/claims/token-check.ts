import type { Bench } from '../bench.js';
import type { Claim, Outcome } from '../claim.js';
import { medianFigure } from '../figure.js';
import { inTurn } from '../rounds.js';
import { ratios } from '../statistics.js';
import { startIssuing } from '../tokens.js';

const TOKENS = 100;

/** The check itself, in process. */
export const tokenCheck: Claim = {
  name: 'token-check',
  title: `checkBearerToken, ${TOKENS} ES256 tokens that are known already`,
  limitSeconds: 60,
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const environment = await bench.environment(await bench.database());
  const { server, bundles } = await startIssuing(bench, 'token-checks', environment, TOKENS);
  const tokens = bundles.map(({ token }) => token);
  const rate = (name: string) => async () => {
    const perSecond = await server.call<number>('checksPerSecond', name, tokens, bench.quick ? 300 : 1_000);
    bench.progress(`${name}: ${Math.round(perSecond)} checks/s`);
    return perSecond;
  };
  const measurements = {
    tokenhouse: rate('tokenhouse'),
    fastJwt: rate('fastJwt'),
    fastJwtByText: rate('fastJwtByText'),
  };
  await inTurn(1, measurements);
  const { tokenhouse, fastJwt, fastJwtByText } = await inTurn(bench.quick ? 3 : 5, measurements);
  return {
    figures: [
      medianFigure(
        {
          key: 'checkVsFastJwt',
          claim: 'checkBearerToken / fast-jwt with its cache',
          unit: '×',
          goal: { atLeast: 3 },
        },
        ratios(tokenhouse, fastJwt),
      ),
      medianFigure(
        {
          key: 'checkVsFastJwtByText',
          claim:
            'the same, when its cache is keyed by the text of the token, which its documentation warns of',
          unit: '×',
        },
        ratios(tokenhouse, fastJwtByText),
      ),
    ],
  };
}
