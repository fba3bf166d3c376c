import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { createVerifier } from 'fast-jwt';
import { PUBLIC_URL } from '../bench.js';
import { AppModule, AuthService } from '../tokenhouse.js';
import { serve } from './calls.js';
import { ratePerSecond } from './rate-per-second.js';
import { startApp } from './start-app.js';
import { tokenIssuer } from './token-issuer.js';

const app = await startApp(AppModule.forRoot(process.env));
const url = await app.getUrl();
const auth = app.get(AuthService);

/** The same key, algorithm and claims as the service checks. */
const options = {
  key: await publicKey(),
  algorithms: ['ES256' as const],
  allowedIss: PUBLIC_URL,
  allowedAud: PUBLIC_URL,
  cache: true,
};

/** Each gives what the token says of its holder. */
const checks = {
  tokenhouse: (token: string): unknown => auth.checkBearerToken(token),
  fastJwt: createVerifier(options),
  fastJwtByText: createVerifier({ ...options, cacheKeyBuilder: (token: string) => token }),
};

async function publicKey(): Promise<string> {
  const answer = await fetch(`${url}/.well-known/jwks.json`);
  const { keys } = (await answer.json()) as { keys: [JsonWebKey] };
  return createPublicKey({ key: keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
}

serve(url, {
  ...tokenIssuer(app),
  checksPerSecond: (name: keyof typeof checks, tokens: string[], ms: number) =>
    ratePerSecond(tokens, ms, checks[name]),
});
