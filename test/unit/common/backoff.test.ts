import { describe, expect, it } from 'vitest';
import { backoffSeconds } from '../../../src/common/backoff.js';

describe('backoffSeconds', () => {
  it('doubles from seconds to an hour', () => {
    expect([1, 2, 3, 10, 11, 60].map(backoffSeconds)).toEqual([5, 10, 20, 2560, 3600, 3600]);
  });
});
