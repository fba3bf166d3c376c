import { setImmediate } from 'node:timers/promises';

/** Between two turns of the event loop, which everything else in the process needs now and then. */
const AT_A_TIME = 1_000;

/**
 * How often a second `check` is done, with one token after the other. It is awaited only if it is asynchronous.
 * @throws when it says no
 */
export async function ratePerSecond(
  tokens: readonly string[],
  ms: number,
  check: (token: string) => unknown,
): Promise<number> {
  const startedAtMs = performance.now();
  let done = 0;
  while (performance.now() - startedAtMs < ms) {
    for (let i = 0; i < AT_A_TIME; i += 1, done += 1) {
      const checked = check(tokens[done % tokens.length] as string);
      const holder = checked instanceof Promise ? await checked : checked;
      if (!holder) throw new Error('A good token was refused.');
    }
    await setImmediate();
  }
  return (done * 1_000) / (performance.now() - startedAtMs);
}
