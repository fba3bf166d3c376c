import { describe, expect, it } from 'vitest';
import { addressText, nameText } from '../../../src/mail/user-text.js';

describe('nameText', () => {
  it.each([
    ['Ada', 'Ada'],
    ['Zoë O’Brien-Ñuñez', 'Zoë O’Brien-Ñuñez'],
    ['محمد', 'محمد'],
    ['क्\u200Dष', 'क्\u200Dष'],
    ['St.John', 'St. John'],
  ])('leaves the name %j readable', (name, text) => {
    expect(nameText(name)).toBe(text);
  });

  it.each([
    ['http://evil.test/a?b', 'http: //evil. test/a?b'],
    ['www.evil.test', 'www. evil. test'],
    ['evil。test', 'evil。 test'],
    ['bob@evil.test', 'bob@ evil. test'],
    ['mailto:bob@evil.test', 'mailto: bob@ evil. test'],
    ['\\\\evil\\share', '\\ \\ evil\\ share'],
  ])('INJ-16: makes no live link of %j', (name, text) => {
    expect(nameText(name)).toBe(text);
  });

  it('INJ-16: is one line without control, bidi or invisible characters', () => {
    expect(nameText('a\r\nBcc: x\u0000\u202Eb\u200Bc\u2028d\uD800')).toBe('a Bcc: x b c d');
  });

  it.each(['{{7*7}}', '${x}', '<%= x %>'])('INJ-17: leaves %s literal', (text) => {
    expect(nameText(text)).toBe(text);
  });

  it('is too short for a letter of its own', () => {
    expect([...nameText('😀'.repeat(255))]).toHaveLength(64);
  });
});

describe('addressText', () => {
  it.each(['ada@example.com', "o'hara+x@mail.example"])('leaves the address %s', (address) => {
    expect(addressText(address)).toBe(address);
  });

  it.each(['www.evil.test/x@example.com', 'https://evil.test', 'a@b@c.test'])('breaks %s', (text) => {
    expect(addressText(text)).toContain(' ');
  });
});
