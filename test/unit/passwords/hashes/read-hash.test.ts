import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readHash, whyUnusable } from '../../../../src/passwords/hashes/read-hash.js';
import { MADE_ELSEWHERE, PUBLISHED, TOO_COSTLY, UNKNOWN } from '../../../support/imported-hashes.fixture.js';

const ALL = [...PUBLISHED, ...MADE_ELSEWHERE];
/** The highest costs that are tried. Reading them costs nothing. */
const AT_THE_CAPS = [
  '$2b$15$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i',
  '$argon2id$v=19$m=262144,t=10,p=8$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
  '$scrypt$ln=17,r=8,p=4$AAECAwQFBgcICQoLDA0ODw$21ZKfDXQ1jX1ts3HPBVipka6vaxxbF+RqTT0Azf830U',
  '$pbkdf2-sha256$i=2000000$AAECAwQFBgcICQoLDA0ODw$21ZKfDXQ1jX1ts3HPBVipka6vaxxbF+RqTT0Azf830U',
  `pbkdf2:sha512:2000000$Xq0Pb8Zk3m2T$${'ab'.repeat(64)}`,
];

describe('readHash', () => {
  it.each(ALL)('%s: the password that made it matches, and no other', async (_, password, hash) => {
    expect(whyUnusable(hash)).toBeNull();
    const read = readHash(hash);
    expect(await read?.matches(password)).toBe(true);
    for (const wrong of [`${password}!`, password.slice(1)]) {
      expect(await read?.matches(wrong)).toBe(false);
    }
  });

  it.each(ALL)(
    '%s: its decoy is of the same kind and effort, and not of its password',
    async (_, password, hash) => {
      const read = readHash(hash);
      const decoy = read?.decoy();
      expect([decoy?.kind, decoy?.effort]).toEqual([read?.kind, read?.effort]);
      expect(await decoy?.matches(password)).toBe(false);
    },
  );

  it.each(ALL)('%s: one changed character in the digest, and nothing matches', async (_, password, hash) => {
    const at = hash.length - 5;
    const other = hash.slice(0, at) + (hash[at] === 'a' ? 'b' : 'a') + hash.slice(at + 1);
    expect(await readHash(other)?.matches(password)).toBe(false);
  });

  it.each(AT_THE_CAPS)('%s is just affordable', (hash) => {
    expect(whyUnusable(hash)).toBeNull();
  });

  it.each(TOO_COSTLY)('%s is understood, and not affordable', (_, hash) => {
    expect(whyUnusable(hash)).toBe('too costly');
  });

  it.each(UNKNOWN)('%s is not understood', (_, hash) => {
    expect(whyUnusable(hash)).toBe('unknown');
  });

  it('never throws, whatever is stored', () => {
    const pieces = fc.constantFrom(
      '$', ':', '=', ',', '0', '1', '4096', 'argon2id', 'v=19', 'm=', 't=', 'p=', '2b', '10', 'scrypt', 'ln=',
      'pbkdf2', '-sha256', '_sha512', 'i=', 'l=', 'c29tZXNhbHQ', 'If6bvum7DFjUnE9p2uDeDu',
    ); // prettier-ignore
    const texts = fc.array(fc.oneof(pieces, fc.string({ maxLength: 3 })), { maxLength: 24 });
    fc.assert(
      fc.property(texts, (parts) => {
        readHash(parts.join(''))?.decoy();
      }),
      { numRuns: 5_000 },
    );
  });

  it('and never throws when a hash with something changed is tried', async () => {
    const cheap = [PUBLISHED[0], ...MADE_ELSEWHERE.slice(2)].map((entry) => entry?.[2] ?? '');
    const change = fc.tuple(
      fc.constantFrom(...cheap),
      fc.nat(),
      fc.constantFrom('', 'A', '$', '=', '.', '1', '/'),
    );
    await fc.assert(
      fc.asyncProperty(change, async ([hash, place, character]) => {
        const at = place % hash.length;
        const read = readHash(hash.slice(0, at) + character + hash.slice(at + 1));
        if (read?.affordable && read.effort < 4) expect(await read.matches('x')).toBe(false);
      }),
      { numRuns: 150 },
    );
  });
});
