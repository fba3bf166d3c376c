import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'vitest';
import { note } from '../finding.js';
import type { Postgres } from './postgres.js';
import { inSeconds, Traffic } from './traffic.js';

export interface Fault {
  /** For the table; how long it lasted is added. */
  readonly what: string;
  /** At least. */
  readonly lastsMs: number;
  /** No answer may take longer, and no recovery. */
  readonly boundMs: number;
  begin(): Promise<unknown>;
  /** Looks at what holds only meanwhile. */
  during?(): Promise<void>;
  end(): Promise<unknown>;
}

const BEFORE_MS = 1_000;

/**
 * Brings a fault about under load. The promises that all faults have in common: every request is answered as ever or
 * refused in order and in time, nobody is let in who should not be nor shut out who should not be, the service
 * recovers by itself, and nothing that was acknowledged is lost. @returns the traffic, for what a fault promises besides
 */
export async function endure(
  context: TestContext,
  { url }: { url: string },
  postgres: Postgres,
  fault: Fault,
): Promise<Traffic> {
  const traffic = (await Traffic.prepare(url)).start();
  let lastedMs = 0;
  try {
    await sleep(BEFORE_MS);
    const beganAt = performance.now();
    await fault.begin();
    await Promise.all([sleep(fault.lastsMs), fault.during?.()]);
    lastedMs = performance.now() - beganAt;
    await fault.end();
    const recovery = await traffic.recovery(performance.now(), fault.boundMs);
    note(context, { recovery: `in ${inSeconds(recovery)}` });
  } finally {
    await traffic.stop();
    note(context, {
      done: `${fault.what}, for ${inSeconds(lastedMs)}`,
      load: traffic.load,
      seen: traffic.seen,
    });
  }
  traffic.expectOrder(fault.boundMs);
  await traffic.expectNothingLost(postgres);
  return traffic;
}
