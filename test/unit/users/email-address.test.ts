import { describe, expect, it } from 'vitest';
import { parseEmailAddress } from '../../../src/users/email-address.js';

const LOCAL_64 = 'a'.repeat(64);
const LABEL_63 = 'b'.repeat(63);
/** 254 bytes: 64 + @ + 63 + 63 + 61 with dots. */
const LONGEST = `${LOCAL_64}@${LABEL_63}.${LABEL_63}.${'c'.repeat(61)}`;

describe('parseEmailAddress', () => {
  it.each([
    ['a plain address', 'ada@example.com', 'ada@example.com'],
    ['blanks around', ' \tada@example.com\n', 'ada@example.com'],
    ['the case of the local part, which stays', 'Ada@Example.COM', 'Ada@example.com'],
    ['a plus and dots, which stay (UNI-09)', 'a.b+1@example.com', 'a.b+1@example.com'],
    ['all of RFC 5322 atext', "a!#$%&'*+/=?^_`{|}~-z@example.com", "a!#$%&'*+/=?^_`{|}~-z@example.com"],
    ['a Unicode domain (UNI-07)', 'ada@bücher.example', 'ada@xn--bcher-kva.example'],
    ['its punycode in any case (UNI-07)', 'ada@XN--BCHER-KVA.example', 'ada@xn--bcher-kva.example'],
    ['a domain in NFD', 'ada@bu\u0308cher.example', 'ada@xn--bcher-kva.example'],
    ['full-width letters and dots in the domain', 'ada@ｅxample。com', 'ada@example.com'],
    ['the longest there is', LONGEST, LONGEST],
  ])('accepts %s', (_, written, canonical) => {
    expect(parseEmailAddress(written)).toBe(canonical);
  });

  it('is stable: the canonical form of a canonical form is itself', () => {
    const canonical = parseEmailAddress('Ada@BÜCHER.example') as string;
    expect(parseEmailAddress(canonical)).toBe(canonical);
  });

  it.each([
    ['nothing', ''],
    ['no at-sign', 'ada.example.com'],
    ['no local part', '@example.com'],
    ['no domain', 'ada@'],
    ['two at-signs', 'ada@evil.test@example.com'],
    ['a full-width at-sign (UNI-01)', 'ada\uFF20evil.test@example.com'],
    ['a full-width at-sign in the domain (UNI-01)', 'ada@evil.test\uFF20example.com'],
    ['a full-width at-sign alone (UNI-01)', 'ada\uFF20example.com'],
    ['a small at-sign (UNI-01)', 'ada@evil.test\uFE6Bexample.com'],
    ['a non-ASCII local part (UNI-04)', 'adà@example.com'],
    ['a quoted local part (UNI-06)', '"ada@evil.test"@example.com'],
    ['a quoted word (UNI-06)', '"ada"@example.com'],
    ['a comment (UNI-06)', 'ada(comment)@example.com'],
    ['a comment in the domain (UNI-06)', 'ada@(comment)example.com'],
    ['an address literal (UNI-06)', 'ada@[127.0.0.1]'],
    ['an IPv6 literal', 'ada@[IPv6:::1]'],
    ['an IPv4 address', 'ada@127.0.0.1'],
    ['an IPv4 address in hex', 'ada@0x7f.1'],
    ['an IPv4 address in full-width digits', 'ada@１２７.0.0.1'],
    ['a name and angle brackets', 'Ada <ada@example.com>'],
    ['a route', '<@evil.test:ada@example.com>'],
    ['a group (INJ-20)', 'friends: ada@example.com, eve@example.com;'],
    ['a list (INJ-20)', 'ada@example.com,eve@example.com'],
    ['10,000 commas (INJ-20)', ','.repeat(10_000)],
    ['an open quote (INJ-20)', '"ada@example.com'],
    ['a line break (INJ-16)', 'ada@example.com\r\nBcc: eve@example.com'],
    ['a line break in the local part', 'ada\r\nbcc@example.com'],
    ['a blank inside', 'ada @example.com'],
    ['a tab in the domain', 'ada@exam\tple.com'],
    ['percent-encoding in the domain', 'ada@ex%61mple.com'],
    ['a path in the domain', 'ada@example.com/evil'],
    ['a port', 'ada@example.com:25'],
    ['a backslash', 'ada\\@example.com'],
    ['a leading dot', '.ada@example.com'],
    ['a trailing dot', 'ada.@example.com'],
    ['two dots', 'a..da@example.com'],
    ['a domain of one label', 'ada@localhost'],
    ['an empty label', 'ada@example..com'],
    ['a trailing dot in the domain', 'ada@example.com.'],
    ['a label that starts with a hyphen', 'ada@-example.com'],
    ['a label of 64 bytes', `ada@${'b'.repeat(64)}.com`],
    ['broken punycode', 'ada@xn--\u0000.com'],
    ['an underscore in the domain', 'ada@ex_ample.com'],
    ['a local part of 65 bytes', `${LOCAL_64}a@example.com`],
    ['255 bytes', `${LONGEST}c`],
    ['a bidi override', 'ada\u202E@example.com'],
    ['a NUL', 'ada\0@example.com'],
  ])('refuses %s', (_, written) => {
    expect(parseEmailAddress(written)).toBeNull();
  });

  it('INJ-18: decides about 100 kB of near-matches within 20 ms', () => {
    const near = [
      `${'a.'.repeat(50_000)}@example.com`,
      `a@${'b.'.repeat(50_000)}com`,
      `a@${'-'.repeat(100_000)}`,
      '@'.repeat(100_000),
      ' '.repeat(100_000),
    ];
    for (const written of near) {
      const before = performance.now();
      expect(parseEmailAddress(written)).toBeNull();
      expect(performance.now() - before).toBeLessThan(20);
    }
  });
});
