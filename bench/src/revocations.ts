import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './bench.js';
import { HttpClient } from './http-client.js';
import { maximum } from './statistics.js';

const PATIENCE_MS = 15_000;

export interface Revocations {
  /** Where sessions are ended, one after the other. */
  readonly replicas: readonly string[];
  /** Guarded routes that are asked until they refuse. */
  readonly routes: readonly string[];
  /** One for each round. */
  readonly tokens: readonly string[];
}

/** Ends one session after the other. @returns milliseconds from the answer to that until the last route refuses */
export async function revokeEach(bench: Bench, { replicas, routes, tokens }: Revocations): Promise<number[]> {
  const revokers = replicas.map((url) => new HttpClient(url, 1));
  const checkers = routes.map((url) => new HttpClient(url, 1));
  bench.cleanup.add(async () => [...revokers, ...checkers].forEach((client) => client.close()));
  const delaysMs: number[] = [];
  for (const [round, token] of tokens.entries()) {
    // Known everywhere, as in use.
    for (const checker of checkers) expectStatus(200, (await checker.get('', { token })).status);
    await revoke(revokers[round % revokers.length] as HttpClient, token);
    const revokedAtMs = performance.now();
    const refused = await Promise.all(checkers.map((checker) => untilRefused(checker, token)));
    delaysMs.push(maximum(refused) - revokedAtMs);
    if (round % 100 === 99) bench.progress(`${round + 1} of ${tokens.length} sessions revoked`);
  }
  return delaysMs;
}

/** Ends the session of a token. */
export async function revoke(service: HttpClient, token: string): Promise<void> {
  expectStatus(204, (await service.post('/api/auth/logout', {}, { token })).status);
}

/** Waits for a server that has just started, or just found its database again. */
export async function untilAccepted(route: string, token: string): Promise<void> {
  const client = new HttpClient(route, 1);
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (let status = 0; status !== 200; await sleep(50)) {
    ({ status } = await client.get('', { token }));
    if (performance.now() > deadlineMs) throw new Error(`A good token is answered with ${status}.`);
  }
  client.close();
}

/** @returns when the refusal had arrived, by `performance.now()` */
async function untilRefused(checker: HttpClient, token: string): Promise<number> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const { status } = await checker.get('', { token });
    if (status === 401) return performance.now();
    expectStatus(200, status);
    if (performance.now() > deadlineMs) throw new Error('A revoked token is accepted still.');
  }
}

function expectStatus(expected: number, status: number): void {
  if (status !== expected) throw new Error(`Answered with ${status} instead of ${expected}.`);
}
