import type { VectorFile } from './wycheproof.js';

interface Deviation {
  readonly reason: string;
  readonly tests: readonly number[];
}

/** Where we decide otherwise than a test's label says, and why. A test that is listed must deviate. */
export const DEVIATIONS: Readonly<Partial<Record<VectorFile, readonly Deviation[]>>> = {
  'json_web_signature_test.json': [
    {
      reason:
        'Valid, with an empty payload. No token of ours is empty, so an empty part is refused before any key is asked.',
      tests: [259, 264, 268, 272, 320, 325],
    },
    {
      reason:
        'Valid, though the key names an algorithm that is not the token’s, or that there is none of. A key carries exactly one algorithm (RFC 8725, section 3.1).',
      tests: [346, 347, 350, 351],
    },
    {
      reason:
        'Valid, with a character that base64url does not have, for decoders that pass over it. What two decoders could read differently is refused.',
      tests: [372, 373],
    },
    {
      reason:
        'Invalid for its padding, of which nothing is left: the text is the canonical, correctly signed token of the valid test beside it.',
      tests: [367, 370],
    },
  ],
  'json_web_key_test.json': [
    {
      reason:
        'Invalid for a set of a secret and a public key. We take one where each key names its algorithm: keys are found by kid and never tried.',
      tests: [1],
    },
  ],
  'json_web_crypto_test.json': [{ reason: 'The same set of a secret and a public key.', tests: [47] }],
};
