import { describe, expect, it } from 'vitest';
import { TokenMemory } from '../../../src/tokens/token-memory.js';

const LATER = 1_000;

describe('TokenMemory', () => {
  it('recalls a token by its whole text until its time', () => {
    const memory = new TokenMemory<string>();
    memory.keep('a.b.c', { sid: 's', sub: 'u' }, 'known', LATER);
    expect(memory.recall('a.b.c', LATER - 1)).toBe('known');
    expect(memory.recall('a.b.c', LATER)).toBeUndefined();
    for (const other of ['a.b.d', 'a.b.c ', 'a.b', '']) expect(memory.recall(other, 0)).toBeUndefined();
    const signature = 's'.repeat(86);
    memory.keep(`a.b.${signature}`, { sid: 's', sub: 'u' }, 'known', LATER);
    expect(memory.recall(`a.b.${signature}`, 0)).toBe('known');
    for (const other of [`a.c.${signature}`, `x.b.${signature}`, `a.b.t${signature.slice(1)}`, signature]) {
      expect(memory.recall(other, 0)).toBeUndefined();
    }
  });

  it('forgets a session with all its tokens, and a user with all their sessions', () => {
    const memory = new TokenMemory<number>();
    const tokens = ['s1-u1', 's1-u1-b', 's2-u1', 's3-u2'];
    const keepAll = (): void =>
      tokens.forEach((token, index) => {
        const [sid = '', sub = ''] = token.split('-');
        memory.keep(token, { sid, sub }, index, LATER);
      });
    const left = (): string[] => tokens.filter((token) => memory.recall(token, 0) !== undefined);
    keepAll();
    memory.forgetSession('s1');
    expect(left()).toEqual(['s2-u1', 's3-u2']);
    keepAll();
    memory.forgetUser('u1');
    expect(left()).toEqual(['s3-u2']);
    memory.forgetUser('u1');
    memory.forgetSession('nobody');
    keepAll();
    memory.clear();
    expect(left()).toEqual([]);
  });

  it('keeps the newest of a million tokens and those in use, and ten thousand or two of them at most', () => {
    const memory = new TokenMemory<number>();
    const keep = (index: number): void =>
      memory.keep(`token ${index}`, { sid: `s${index % 5_000}`, sub: `u${index % 100}` }, index, LATER);
    for (let index = 0; index < 1_000_000; index += 1) {
      keep(index);
      if (index % 1_000 === 0) expect(memory.recall('token 0', 0)).toBe(0);
    }
    const kept = (): number => {
      let count = 0;
      for (let index = 0; index < 1_000_000; index += 1) {
        if (memory.recall(`token ${index}`, LATER - 1) !== undefined) count += 1;
      }
      return count;
    };
    expect(memory.recall('token 999999', 0)).toBe(999_999);
    expect(kept()).toBeLessThanOrEqual(20_000);
    for (let user = 0; user < 100; user += 1) memory.forgetUser(`u${user}`);
    expect(kept()).toBe(0);
  });

  it('forgets a session also in what it kept earlier', () => {
    const memory = new TokenMemory<number>();
    memory.keep('early', { sid: 's', sub: 'u' }, 1, LATER);
    for (let index = 0; index < 10_000; index += 1)
      memory.keep(`${index}`, { sid: `x${index}`, sub: 'y' }, 2, LATER);
    memory.keep('late', { sid: 's', sub: 'u' }, 3, LATER);
    expect(['early', 'late'].map((token) => memory.recall(token, 0))).toEqual([1, 3]);
    memory.forgetSession('s');
    expect(['early', 'late'].map((token) => memory.recall(token, 0))).toEqual([undefined, undefined]);
  });

  it('keeps fewer of long ones', () => {
    const memory = new TokenMemory<number>();
    const long = (index: number): string => `${index}`.padEnd(8_192, 'x');
    for (let index = 0; index < 10_000; index += 1)
      memory.keep(long(index), { sid: 's', sub: 'u' }, index, LATER);
    let kept = 0;
    for (let index = 0; index < 10_000; index += 1)
      if (memory.recall(long(index), 0) !== undefined) kept += 1;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(4_096);
  });
});
