import { describe, expect, it } from 'vitest';
import { MalformedRequest } from '../../../src/common/common.errors.js';
import { parseFormBody } from '../../../src/common/form-body.js';

describe('parseFormBody', () => {
  it.each<[string, Record<string, string>]>([
    ['token=a.b-c_d', { token: 'a.b-c_d' }],
    ['a=1&b=&c', { a: '1', b: '', c: '' }],
    ['a+b=c%20d%2B', { 'a b': 'c d+' }],
    ['a%5Bb%5D=gr%C3%BCn', { 'a[b]': 'grün' }],
  ])('reads %s', (text, expected) => {
    expect(parseFormBody(Buffer.from(text))).toEqual(expected);
  });

  it('takes an empty body for none', () => {
    expect(parseFormBody(Buffer.alloc(0))).toBeUndefined();
  });

  it('refuses a parameter that is repeated, and bytes that are not UTF-8', () => {
    for (const body of ['a=1&a=1', 'a=1&%61=2', '__proto__=1&__proto__=2']) {
      expect(() => parseFormBody(Buffer.from(body))).toThrow(MalformedRequest);
    }
    expect(() => parseFormBody(Buffer.from([0x61, 0x3d, 0xff]))).toThrow(MalformedRequest);
  });

  it('INJ-08: touches no prototype', () => {
    const form = parseFormBody(Buffer.from('__proto__=x&constructor=y'));
    expect(Object.keys(form ?? {})).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(form)).toBe(Object.prototype);
  });
});
