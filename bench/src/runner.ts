import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bench } from './bench.js';
import type { Claim, Outcome } from './claim.js';

export interface Result {
  readonly claim: Claim;
  readonly outcome?: Outcome;
  /** Why it could not be measured. */
  readonly failure?: string;
}

interface RunOptions {
  readonly quick: boolean;
  readonly adminUrl: string;
  readonly interrupted: AbortSignal;
  readonly progress: (line: string) => void;
}

/** How long something that was told to stop has for it. */
const GRACE_MS = 2_000;

/** Measures one claim after the other. What fails is told, and the next one has its turn. */
export async function runClaims(claims: readonly Claim[], options: RunOptions): Promise<Result[]> {
  const results: Result[] = [];
  for (const claim of claims) {
    if (options.interrupted.aborted) break;
    options.progress(claim.title);
    const startedAtMs = performance.now();
    const result = await runClaim(claim, options);
    const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(0);
    options.progress(
      result.failure === undefined
        ? `  done in ${seconds} s`
        : `  FAILED after ${seconds} s: ${result.failure}`,
    );
    results.push(result);
  }
  return results;
}

async function runClaim(
  claim: Claim,
  { quick, adminUrl, interrupted, progress }: RunOptions,
): Promise<Result> {
  const bench = new Bench(quick, adminUrl, (line) => progress(`  ${line}`));
  const work = claim.run(bench);
  const limits = new AbortController();
  try {
    const outcome = await Promise.race([
      work,
      sleep(claim.limitSeconds * 1_000, undefined, { signal: limits.signal }).then(() => {
        throw new Error(`It took longer than ${claim.limitSeconds} s.`);
      }),
      aborted(interrupted, limits.signal),
    ]);
    return { claim, outcome };
  } catch (error) {
    return { claim, failure: error instanceof Error ? error.message : String(error) };
  } finally {
    limits.abort();
    await bench.cleanup.run().catch((error: unknown) => progress(String(error)));
    // What it was about to start when it was stopped.
    await Promise.race([work.catch(() => {}), sleep(GRACE_MS)]);
    await bench.cleanup.run().catch((error: unknown) => progress(String(error)));
  }
}

async function aborted(interrupted: AbortSignal, signal: AbortSignal): Promise<never> {
  if (!interrupted.aborted) await once(interrupted, 'abort', { signal });
  throw interrupted.reason as Error;
}
