import { TestIssuer, type TestIssuerOptions } from './test-issuer.js';

/** `tokenhouse/testing`: an issuer for the tests of services that check tokens with `tokenhouse/client`. */
export type { TestIssuer, TestIssuerOptions, TestToken } from './test-issuer.js';
export type { TestRevocation } from './test-feed.js';

/** Starts an issuer on a loopback port; `close` it when the tests are over. */
export function startTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  return TestIssuer.start(options);
}
