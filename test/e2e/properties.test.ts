import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { takeViolations } from '../support/openapi-recorder.js';
import { Attacker } from '../support/properties/attacker.js';
import { Bystander } from '../support/properties/bystander.js';
import { readOperations } from '../support/properties/operations.js';
import { requestTo } from '../support/properties/requests.js';
import { ALLOWED_REDIRECT } from '../support/properties/values.js';

const OPERATIONS = readOperations();
/** Requests to each operation. `PROPERTY_RUNS=500 npx vitest run test/e2e/properties.test.ts` looks longer. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 25);
/** A failure prints its seed, with which the same requests come again. */
const SEED = Number(process.env.PROPERTY_SEED ?? randomInt(2 ** 31));
/** A slow machine looks at less: at each operation for no longer than two seconds. */
const LIMIT_MS = (2_000 * RUNS) / 25;

describe(`what holds for every request (PROPERTY_SEED=${SEED})`, () => {
  let target: TestApp;
  let other: Bystander;
  let attacker: Attacker;

  beforeAll(async () => {
    target = await startApp({ REDIRECT_URLS: ALLOWED_REDIRECT });
    other = await Bystander.create(target);
    attacker = await Attacker.create(target, other);
  });
  afterAll(async () => {
    attacker.close();
    await target.close();
  });

  it.each(OPERATIONS.map((operation, index) => [operation.title, operation, SEED + index] as const))(
    '%s',
    { timeout: LIMIT_MS + 60_000 },
    async (_, operation, seed) => {
      const holds = fc.asyncProperty(requestTo(operation), async (request) => {
        const { status, text, repeated } = await attacker.send(operation.method, request);
        expect(status, text).toBeLessThan(500);
        expect(takeViolations(), 'answers that openapi.json does not describe').toEqual([]);
        expect(repeated, 'what was sent in confidence').toEqual([]);
        other.expectNothingIn(text);
        await other.expectUntouched();
      });
      await fc.assert(holds, { seed, numRuns: RUNS, interruptAfterTimeLimit: LIMIT_MS });
    },
  );

  it('somebody who did nothing is still signed in', () => other.expectSignedIn());
});
