import { vi } from 'vitest';

/** Waits until `check` passes, for what is only to happen and not to be fast. @returns what it returns */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 30_000, interval: 20 });
}
