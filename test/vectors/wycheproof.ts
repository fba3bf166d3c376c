import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JwtService } from '@nestjs/jwt';
import { JWT_ALGORITHMS } from '../../src/config/app-config.js';
import { keyProblem, naturalAlgorithm } from '../../src/config/keys/key-policy.js';
import type { VerificationKey } from '../../src/config/keys/token-key.js';
import { verifySignedBytes } from '../../src/tokens/token-signature.js';
import { TokenInvalid } from '../../src/tokens/tokens.errors.js';

/** The files of the collection that concern signatures, with how many of their tests do. */
export const FILES = {
  'json_web_signature_test.json': 401,
  'json_web_key_test.json': 26,
  'json_web_crypto_test.json': 49,
} as const;

export type VectorFile = keyof typeof FILES;

/** A test of the collection, and what our verifier says of it. */
export interface Verdict {
  readonly tcId: number;
  readonly comment: string;
  readonly label: string;
  /** Null when it accepts, else why it refuses. */
  readonly refusal: string | null;
  readonly isMet: boolean;
}

type Jwk = JsonWebKey & { kid?: string; alg?: string; use?: string; key_ops?: string[] };

interface Group {
  private: Jwk | { keys: Jwk[] };
  public?: Jwk | { keys: Jwk[] };
  tests: { tcId: number; comment: string; jws?: unknown; result: string }[];
}

/** What our verifier says of every signed token in a file. @throws when there is no such file */
export function judge(folder: string, file: VectorFile): Verdict[] {
  const { testGroups } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { testGroups: Group[] };
  const jwt = new JwtService({});
  return testGroups.flatMap((group) =>
    group.tests
      .filter(({ jws }) => jws !== undefined)
      .map(({ tcId, comment, jws, result }) => {
        const refusal = refusalOf(jws, group.public ?? group.private, jwt);
        const isMet = (refusal === null) === (result === 'valid');
        return { tcId, comment, label: result, refusal, isMet };
      }),
  );
}

function refusalOf(token: unknown, key: Group['private'], jwt: JwtService): string | null {
  try {
    verifySignedBytes(token, ringOf('keys' in key ? (key.keys as Jwk[]) : [key]), jwt);
    return null;
  } catch (error) {
    if (error instanceof TokenInvalid || error instanceof KeyRefused) return reasonOf(error);
    throw error;
  }
}

function reasonOf({ cause, message }: Error): string {
  return typeof cause === 'string' ? cause : message;
}

/** A key that the service would not start with. */
class KeyRefused extends Error {}

/** Keys by their `kid`, under the policy of `BEARER_TOKEN_KEY`; one bad key refuses all. */
function ringOf(
  jwks: Jwk[],
): Map<string, VerificationKey> & { find(kid: string): VerificationKey | undefined } {
  const ring = new Map<string, VerificationKey>();
  for (const jwk of jwks) {
    const key = readKey(jwk);
    if (ring.has(key.kid)) throw new KeyRefused('two keys share a kid');
    ring.set(key.kid, key);
  }
  return Object.assign(ring, { find: (kid: string) => ring.get(kid) });
}

function readKey(jwk: Jwk): VerificationKey {
  const uses = [jwk.use, ...(jwk.key_ops ?? [])].filter((use) => use !== undefined);
  if (uses.some((use) => !['sig', 'sign', 'verify'].includes(use)))
    throw new KeyRefused(`a key for ${uses.join()}`);
  const verificationKey = keyObject(jwk);
  const name = jwk.alg ?? naturalAlgorithm(verificationKey);
  const algorithm = JWT_ALGORITHMS.find((known) => known === name);
  if (!algorithm) throw new KeyRefused(`a key for ${name}`);
  const problem = keyProblem(verificationKey, algorithm);
  if (problem !== null) throw new KeyRefused(`a key that ${problem}`);
  // The service names keys itself; the tests name theirs.
  return { algorithm, kid: jwk.kid ?? '', verificationKey };
}

function keyObject(jwk: Jwk): KeyObject {
  try {
    return jwk.kty === 'oct'
      ? createSecretKey(Buffer.from(jwk.k ?? '', 'base64url'))
      : createPublicKey({ key: jwk, format: 'jwk' });
  } catch (error) {
    throw new KeyRefused(`a key that cannot be read: ${(error as Error).message}`);
  }
}
