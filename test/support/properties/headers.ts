import fc, { type Arbitrary } from 'fast-check';
import type { Operation } from './operations.js';

/** What Node sends as a header: no control characters, one byte each. */
const headerText: Arbitrary<string> = fc.string({
  unit: fc
    .integer({ min: 0x20, max: 0xff })
    .filter((code) => code < 0x7f || code > 0x9f)
    .map((code) => String.fromCharCode(code)),
  maxLength: 60,
});

/** Who the caller claims to be: mostly as the route wants it. */
export function credentialFor({ credentials }: Operation): Arbitrary<Record<string, string>> {
  if (credentials.includes('serviceClient'))
    return fc.oneof({ weight: 6, arbitrary: ofClient }, anyCredential);
  if (credentials.includes('bearer')) return fc.oneof({ weight: 6, arbitrary: ofPerson }, anyCredential);
  return fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, anyCredential);
}

const ofClient = fc.constant({ authorization: 'Basic ⟨client.basic⟩' });
const ofPerson = fc.constantFrom<Record<string, string>>(
  { authorization: 'Bearer ⟨own.token⟩' },
  { authorization: 'Bearer ⟨own.token⟩' },
  { cookie: 'session=⟨own.token⟩; refresh=⟨own.refreshToken⟩', origin: 'http://localhost:3000' },
);

/** Right, wrong, ended, or of another kind than is wanted. */
const anyCredential = fc.oneof(
  ofClient,
  ofPerson,
  fc.constantFrom<Record<string, string>>(
    {},
    { authorization: 'bearer ⟨own.token⟩' },
    { authorization: 'Bearer ⟨own.token⟩x' },
    { authorization: 'Bearer ⟨own.refreshToken⟩' },
    { authorization: 'Bearer ⟨other.endedToken⟩' },
    { authorization: 'Bearer ⟨other.endedRefreshToken⟩' },
    { authorization: 'Bearer ⟨own.token⟩', cookie: 'session=⟨other.endedToken⟩' },
    { cookie: 'session=⟨other.endedToken⟩; refresh=⟨other.endedRefreshToken⟩' },
    { cookie: 'session=⟨own.token⟩', origin: 'https://evil.test' },
    { authorization: 'Basic ⟨own.basic⟩' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer e30.e30.e30' },
  ),
  headerText.map((text) => ({ authorization: text })),
);

/** Headers that must not matter, or not so. */
export const headersBeside: Arbitrary<Record<string, string>> = fc.record(
  {
    accept: fc.constantFrom('*/*', 'text/html', 'application/xml', '', 'application/json;q=0'),
    'accept-language': fc.oneof(fc.constantFrom('de', 'de-DE,de;q=0.9', '*'), headerText),
    'user-agent': headerText,
    origin: fc.constantFrom(
      'null',
      'http://localhost:3000',
      'https://evil.test',
      'http://localhost:3000.evil.test',
    ),
    'sec-fetch-site': fc.constantFrom('cross-site', 'same-origin', 'none', 'x'),
    'x-forwarded-for': fc.constantFrom('127.0.0.1', '::1, x', '9'.repeat(300)),
    'x-http-method-override': fc.constantFrom('DELETE', 'GET'),
    'x-user-id': fc.constant('⟨other.id⟩'),
    'x-original-url': fc.constant('/api/user'),
  },
  { requiredKeys: [] },
);
