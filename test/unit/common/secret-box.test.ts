import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openSecret, sealSecret } from '../../../src/common/secret-box.js';

const key = randomBytes(32);
const secret = Buffer.from('canary-5f1c');

describe('secret box', () => {
  it('opens what it sealed for the same place, an empty secret too', () => {
    expect(openSecret(key, sealSecret(key, secret, 'table.column:1'), 'table.column:1')).toEqual(secret);
    expect(openSecret(key, sealSecret(key, Buffer.alloc(0), 'a'), 'a')).toHaveLength(0);
  });

  it('takes a fresh nonce every time and shows nothing of the secret', () => {
    const [one, two] = [sealSecret(key, secret, 'a'), sealSecret(key, secret, 'a')];
    expect(one).not.toEqual(two);
    expect(one.includes(secret)).toBe(false);
  });

  it('refuses every changed bit, another place, another key and a cut box', () => {
    const sealed = sealSecret(key, secret, 'a');
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => openSecret(key, changed, 'a')).toThrow();
    }
    expect(() => openSecret(key, sealed, 'b')).toThrow();
    expect(() => openSecret(randomBytes(32), sealed, 'a')).toThrow();
    for (let length = 0; length < sealed.length; length++) {
      expect(() => openSecret(key, sealed.subarray(0, length), 'a')).toThrow();
    }
  });
});
