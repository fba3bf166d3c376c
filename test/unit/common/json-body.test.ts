import { describe, expect, it } from 'vitest';
import { MalformedRequest } from '../../../src/common/common.errors.js';
import { assertSafeJson, parseJsonBody } from '../../../src/common/json-body.js';

const nested = (levels: number): unknown => JSON.parse('[1,'.repeat(levels) + '1' + ']'.repeat(levels));
const wide = (members: number): object =>
  Object.fromEntries(Array.from({ length: members }, (_, index) => [`member${index}`, 1]));

describe('a JSON body', () => {
  it('may be empty, and has no byte that is not UTF-8', () => {
    expect(parseJsonBody(Buffer.alloc(0))).toBeUndefined();
    expect(parseJsonBody(Buffer.from('{"a":"ä"}'))).toEqual({ a: 'ä' });
    for (const bytes of [[0x22, 0xff, 0x22], [0x22, 0xc3, 0x22], [0x7b]]) {
      expect(() => parseJsonBody(Buffer.from(bytes))).toThrow(MalformedRequest);
    }
  });

  it.each([
    ['text, numbers, true, null', ['a', 1, true, null]],
    ['32 levels', nested(32)],
    ['1,000 members', wide(1_000)],
    ['a pair of surrogates', { emoji: '😀' }],
  ])('may hold %s', (_, value) => {
    expect(() => assertSafeJson(value)).not.toThrow();
  });

  it.each([
    ['33 levels', nested(33)],
    ['1,001 members', wide(1_001)],
    ['1,001 elements in all', [wide(500), wide(499)]],
    ['NUL in a value', { a: 'b\0' }],
    ['NUL in a name', { 'a\0': 1 }],
    ['half a pair of surrogates', { a: ['\ud800'] }],
    ['__proto__', JSON.parse('{"a":{"__proto__":{"x":1}}}')],
    ['constructor', { constructor: {} }],
  ])('may not hold %s', (_, value) => {
    expect(() => assertSafeJson(value)).toThrow(MalformedRequest);
  });
});
