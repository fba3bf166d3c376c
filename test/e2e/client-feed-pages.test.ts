import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AuthClientOptions } from '../../src/client/index.js';
import { startTestIssuer, type TestIssuer } from '../../src/testing/index.js';
import { Gateway, PASS } from '../support/gateway.js';
import { ask, type SiblingApp, startSibling } from '../support/sibling-app.js';

const FEED = '/api/revocations';

describe('what tokenhouse/client has missed of the revocation feed', () => {
  let issuer: TestIssuer;
  let gateway: Gateway;
  const started: SiblingApp[] = [];

  beforeAll(async () => {
    issuer = await startTestIssuer({ feedPageSize: 2 });
  });
  beforeEach(async () => {
    gateway = await Gateway.start(issuer);
  });
  afterEach(async () => {
    for (const sibling of started.splice(0)) await sibling.close();
    await gateway.close();
  });
  afterAll(() => issuer.close());

  const start = async (changes: Partial<AuthClientOptions> = {}): Promise<SiblingApp> => {
    const sibling = await startSibling(issuer.clientOptions({ url: gateway.url, ...changes }));
    started.push(sibling);
    return sibling;
  };
  const waitFor = (sibling: SiblingApp, token: string, answer: string): Promise<void> =>
    vi.waitFor(async () => expect(await ask(sibling, token)).toBe(answer), { timeout: 5_000, interval: 20 });
  const queryOf = ({ url = '' }: IncomingMessage): URLSearchParams => new URL(url, gateway.url).searchParams;
  const answer = (response: ServerResponse, ended: string[], nextCursor: string, hasMore: boolean): void => {
    const [notBefore, expiresAt] = [0, 3_600_000].map((ms) => new Date(Date.now() + ms).toISOString());
    const items = ended.map((sid) => ({ sid, notBefore, expiresAt, reason: 'logout' }));
    response.end(JSON.stringify({ items, nextCursor, hasMore }));
  };

  it('is read page by page, without a wait or a pause', async () => {
    const sids = Array.from({ length: 101 }, () => randomUUID());
    for (const sid of sids) await issuer.revoke({ sid });
    const questions: { wait: string | null; atMs: number }[] = [];
    gateway.answers[FEED] = (request) => {
      questions.push({ wait: queryOf(request).get('wait'), atMs: performance.now() });
      return PASS;
    };
    const sibling = await start();
    for (const sid of [sids[0], sids[50], sids[100]]) {
      expect(await ask(sibling, issuer.token({ sid }))).toBe('401 session_revoked');
    }
    expect(await ask(sibling, issuer.token())).toBe('ok');
    const pages = questions.slice(0, 51);
    expect(new Set(pages.map(({ wait }) => wait))).toEqual(new Set(['0']));
    // With the pauses between questions it would be two and a half seconds.
    expect((pages[50]?.atMs ?? NaN) - (pages[0]?.atMs ?? NaN)).toBeLessThan(1_500);
  });

  it('is read page by page also when it comes all at once', async () => {
    const sibling = await start();
    const sids = Array.from({ length: 30 }, () => randomUUID());
    const tokens = sids.map((sid) => issuer.token({ sid }));
    for (const token of tokens) expect(await ask(sibling, token)).toBe('ok');
    await Promise.all(sids.map((sid) => issuer.revoke({ sid })));
    for (const token of tokens) expect(await ask(sibling, token)).toBe('401 session_revoked');
  });

  it('keeps it closed while pages come, and until what was revoked meanwhile is known', async () => {
    const [first, last, meanwhile] = [randomUUID(), randomUUID(), randomUUID()];
    const token = issuer.token();
    gateway.answerJson(FEED, 503, {});
    const sibling = await start();
    const held = new Map<string, ServerResponse>();
    const asked = (after: string): Promise<ServerResponse> =>
      vi.waitFor(() => held.get(after) ?? Promise.reject(new Error(`${after} is not asked for`)), 5_000);
    gateway.answers[FEED] = (request, response) =>
      void held.set(queryOf(request).get('after') ?? 'beginning', response);
    answer(await asked('beginning'), [first], 'second page', true);
    const secondPage = await asked('second page');
    expect(await ask(sibling, token)).toBe('503 unavailable');
    answer(secondPage, [last], 'end', false);
    const end = await asked('end');
    expect(await ask(sibling, token)).toBe('503 unavailable');
    answer(end, [meanwhile], 'end', false);
    await waitFor(sibling, token, 'ok');
    for (const sid of [first, last, meanwhile]) {
      expect(await ask(sibling, issuer.token({ sid }))).toBe('401 session_revoked');
    }
  });

  it('is read from the beginning after a silence: a cursor may mean something else after a failover', async () => {
    const sibling = await start({ silenceSeconds: 3 });
    const [before, meanwhile] = [randomUUID(), randomUUID()];
    await issuer.revoke({ sid: before });
    const [token, ended] = [issuer.token(), issuer.token({ sid: meanwhile })];
    for (const each of [token, ended]) expect(await ask(sibling, each)).toBe('ok');
    gateway.answerJson(FEED, 503, {});
    await waitFor(sibling, token, '503 unavailable');
    // The standby has lost what was revoked before, and by a former cursor it passes over what was revoked meanwhile.
    gateway.answers[FEED] = (request, response) =>
      answer(response, queryOf(request).has('after') ? [] : [meanwhile], 'anew', false);
    await waitFor(sibling, token, 'ok');
    for (const each of [ended, issuer.token({ sid: before })]) {
      expect(await ask(sibling, each)).toBe('401 session_revoked');
    }
  });
});
