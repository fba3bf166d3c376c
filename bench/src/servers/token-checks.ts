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
const verifyHashed = createVerifier(options);
const verifyByText = createVerifier({ ...options, cacheKeyBuilder: (token: string) => token });

async function publicKey(): Promise<string> {
  const answer = await fetch(`${url}/.well-known/jwks.json`);
  const { keys } = (await answer.json()) as { keys: [JsonWebKey] };
  return createPublicKey({ key: keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
}

async function check(token: string): Promise<void> {
  if (!(await auth.checkBearerToken(token))) throw new Error('A good token was refused.');
}

serve(url, {
  ...tokenIssuer(app),
  tokenhouse: (tokens: string[], ms: number) => ratePerSecond(tokens, ms, check),
  // They throw when a token is bad.
  fastJwt: (tokens: string[], ms: number) => ratePerSecond(tokens, ms, (token) => void verifyHashed(token)),
  fastJwtByText: (tokens: string[], ms: number) =>
    ratePerSecond(tokens, ms, (token) => void verifyByText(token)),
});
