import { setTimeout as delay } from 'node:timers/promises';

/**
 * What `work` gives, if it does so within `ms` milliseconds; else nobody waits for it any more.
 * @param work gets a signal that is aborted once nobody waits
 * @param late what is thrown when it takes longer
 */
export async function within<T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  late: () => Error,
): Promise<T> {
  const patience = new AbortController();
  const working = work(patience.signal);
  const silence = delay(ms, null, { signal: patience.signal, ref: false }).then(() => {
    throw late();
  });
  try {
    return await Promise.race([working, silence]);
  } finally {
    patience.abort();
  }
}
