import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AuthClientOptions } from '../../src/client/index.js';
import { startTestIssuer, type TestIssuer } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';
import { Gateway, PASS } from '../support/gateway.js';
import { ask, type SiblingApp, startSibling } from '../support/sibling-app.js';

const FEED = '/api/revocations';

describe('the revocation feed of tokenhouse/client', () => {
  let issuer: TestIssuer;
  let gateway: Gateway;
  const started: SiblingApp[] = [];

  beforeAll(async () => {
    issuer = await startTestIssuer();
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
  const waitFor = (sibling: SiblingApp, token: string, answer: string, ms = 8_000): Promise<void> =>
    vi.waitFor(async () => expect(await ask(sibling, token)).toBe(answer), { timeout: ms, interval: 20 });

  describe('ends', () => {
    it('a session, whenever its tokens were issued', async () => {
      const sibling = await start();
      const sid = randomUUID();
      const [known, unknown, other] = [issuer.token({ sid }), issuer.token({ sid }), issuer.token()];
      for (const token of [known, other]) expect(await ask(sibling, token)).toBe('ok');
      await issuer.revoke({ sid });
      const younger = issuer.token({ sid });
      for (const token of [known, unknown, younger]) {
        expect(await ask(sibling, token)).toBe('401 session_revoked');
        expect(await sibling.auth.checkBearerToken(token)).toBe(false);
      }
      expect(await ask(sibling, other)).toBe('ok');
    });

    it("a user's tokens so far, and no later ones", async () => {
      const sibling = await start();
      const sub = randomUUID();
      const ages = (seconds: number): Record<string, unknown> => ({
        iat: Math.floor(Date.now() / 1000) + seconds,
      });
      const [known, unknown] = [-10, -10].map((age) => issuer.token({ sub, claims: ages(age) })) as [
        string,
        string,
      ];
      expect(await ask(sibling, known)).toBe('ok');
      await issuer.revoke({ sub });
      for (const token of [known, unknown]) expect(await ask(sibling, token)).toBe('401 session_revoked');
      expect(await ask(sibling, issuer.token({ sub, claims: ages(2) }))).toBe('ok');
      expect(await ask(sibling, issuer.token())).toBe('ok');
    });

    it('what was revoked before the sibling started', async () => {
      const sid = randomUUID();
      await issuer.revoke({ sid });
      const sibling = await start();
      expect(await ask(sibling, issuer.token({ sid }))).toBe('401 session_revoked');
    });

    it('all tokens of a key', async () => {
      const sibling = await start();
      const token = issuer.token();
      expect(await ask(sibling, token)).toBe('ok');
      await issuer.revoke({ kid: issuer.kid });
      expect(await ask(sibling, token)).toBe('401 token_invalid');
    });

    it('nothing that happens while a token is being checked: a revocation comes before it or after it', async () => {
      const sibling = await start();
      for (let round = 0; round < 20; round++) {
        const sid = randomUUID();
        const token = issuer.token({ sid });
        const checks = Array.from({ length: 10 }, () => sibling.auth.checkBearerToken(token));
        await Promise.all([issuer.revoke({ sid }), ...checks]);
        expect(await ask(sibling, token)).toBe('401 session_revoked');
      }
    });
  });

  describe('that falls silent', () => {
    /** Each way in which nothing more is heard. */
    const ways: [string, () => void, () => void][] = [
      ['no answer comes', () => issuer.fallSilent(), () => issuer.speak()],
      ['connections break', () => (gateway.answers[FEED] = (_request, response) => response.destroy()), mend],
      ['errors come', () => gateway.answerJson(FEED, 503, {}), mend],
      ['an error comes with 200', () => gateway.answerJson(FEED, 200, { error: 'down' }), mend],
      [
        'what comes names nothing known',
        () =>
          gateway.answerJson(FEED, 200, {
            items: [{ device: 'x', notBefore: '2026-01-01T00:00:00Z', expiresAt: '2026-01-01T00:00:00Z' }],
            nextCursor: '1',
            hasMore: false,
          }),
        mend,
      ],
      [
        'what comes does not say whether it is all',
        () => gateway.answerJson(FEED, 200, { items: [], nextCursor: '1' }),
        mend,
      ],
    ];
    function mend(): void {
      delete gateway.answers[FEED];
    }

    it.each(ways)('closes, and opens when it speaks again: %s', async (_what, fall, speak) => {
      const sibling = await start({ silenceSeconds: 3 });
      const [token, ended] = [issuer.token(), randomUUID()];
      const revoked = issuer.token({ sid: ended });
      for (const each of [token, revoked]) expect(await ask(sibling, each)).toBe('ok');
      fall();
      await issuer.revoke({ sid: ended });
      await waitFor(sibling, token, '503 unavailable');
      const refusal = await sibling.client.get('/notes', { token });
      expect(refusal.headers.get('retry-after')).toBe('5');
      expect(await ask(sibling, 'nonsense')).toBe('503 unavailable');
      expect((await sibling.client.get('/notes')).body.code).toBe('token_missing');
      expect((await sibling.client.get('/notes/about', { token })).status).toBe(200);
      await expect(sibling.auth.checkBearerToken(token)).rejects.toMatchObject({ code: 'unavailable' });
      expect(sibling.auth.isCurrent()).toBe(false);
      // Told once, and not for each request.
      expect(sibling.log.lines.filter((line) => line.includes('is not known here'))).toHaveLength(1);
      expect(sibling.log.text).not.toContain('["error"');
      speak();
      await waitFor(sibling, token, 'ok', 3_000);
      expect(await ask(sibling, revoked)).toBe('401 session_revoked');
      expect(sibling.auth.isCurrent()).toBe(true);
    });

    it('stays open where that is the policy, and forgets no revocation', async () => {
      const sibling = await start({ silenceSeconds: 3, onSilence: 'open' });
      const [early, late] = [randomUUID(), randomUUID()];
      await issuer.revoke({ sid: early });
      const known = issuer.token({ sid: late });
      expect(await ask(sibling, known)).toBe('ok');
      issuer.fallSilent();
      await issuer.revoke({ sid: late });
      await vi.waitFor(() => expect(sibling.log.text).toContain('is not known here'), 8_000);
      for (const token of [known, issuer.token()]) expect(await ask(sibling, token)).toBe('ok');
      expect(await ask(sibling, issuer.token({ sid: early }))).toBe('401 session_revoked');
      expect(await ask(sibling, 'nonsense')).toBe('401 token_invalid');
      expect(sibling.auth.isCurrent()).toBe(false);
      issuer.speak();
      await waitFor(sibling, known, '401 session_revoked', 3_000);
      const told = sibling.log.lines.filter((line) => /is not known here|speaks again/.test(line));
      expect(told).toHaveLength(2);
    });

    it('is no silence while answers come late but in time', async () => {
      const sibling = await start({ silenceSeconds: 3 });
      const token = issuer.token();
      const until = Date.now() + 5_000;
      while (Date.now() < until) expect(await ask(sibling, token)).toBe('ok');
      expect(gateway.asked(FEED)).toBeGreaterThan(4);
      expect(sibling.log.text).not.toContain('is not known here');
    });
  });

  describe('at the start', () => {
    it('is waited for no longer than it takes to fail, and then it is closed until it answers', async () => {
      issuer.fallSilent();
      const begunMs = performance.now();
      const sibling = await start({ silenceSeconds: 3 });
      expect(performance.now() - begunMs).toBeLessThan(7_000);
      const token = issuer.token();
      expect(await ask(sibling, token)).toBe('503 unavailable');
      issuer.speak();
      await waitFor(sibling, token, 'ok', 5_000);
    });

    it('needs no service: it comes later', async () => {
      const gone = await startTestIssuer();
      const port = Number(new URL(gone.url).port);
      await gone.close();
      const sibling = await startSibling(gone.clientOptions());
      expect(await ask(sibling, 'nonsense')).toBe('503 unavailable');
      const back = await startTestIssuer({ port });
      await waitFor(sibling, back.token(), 'ok', 5_000);
      await sibling.close();
      await back.close();
    });

    it.each([
      ['wrong credentials', 401, 'invalid_client', 'check clientId and clientSecret'],
      ['the wrong scope', 403, 'insufficient_scope', 'lacks the scope revocations:read'],
    ])('says what to do about %s', async (_what, status, code, advice) => {
      gateway.answerJson(FEED, status, { code });
      const sibling = await start();
      expect(await ask(sibling, issuer.token())).toBe('503 unavailable');
      expect(sibling.log.text).toContain(advice);
      expect(sibling.log.text).toContain('npm run clients -- create NAME --scope revocations:read');
      await eventually(() => expect(gateway.asked(FEED)).toBeGreaterThan(3));
      expect(sibling.log.lines.filter((line) => line.includes(advice))).toHaveLength(1);
    });

    it('brings credentials as the service wants them, and logs no secret', async () => {
      const [clientId, clientSecret] = ['a:b c', 'p%&ä:+secret'];
      const strict = await startTestIssuer({ clientId, clientSecret });
      const sibling = await startSibling(strict.clientOptions());
      expect(await ask(sibling, strict.token())).toBe('ok');
      await sibling.close();
      const wrong = await startSibling(strict.clientOptions({ clientSecret: 'another-secret' }));
      expect(await ask(wrong, strict.token())).toBe('503 unavailable');
      expect(wrong.log.text).toContain('401 invalid_client');
      expect(wrong.log.text).not.toContain('another-secret');
      await wrong.close();
      await strict.close();
    });
  });

  it('begins again when the service does not know its cursor', async () => {
    const sibling = await start();
    const sid = randomUUID();
    await issuer.revoke({ sid });
    let unknown: string | null = null;
    gateway.answers[FEED] = (request, response) => {
      const after = new URL(request.url ?? '', gateway.url).searchParams.get('after');
      unknown ??= after;
      if (after === null || after !== unknown) return PASS;
      return response.writeHead(400).end('{"code":"validation_failed"}');
    };
    await vi.waitFor(() => expect(unknown).not.toBeNull(), 6_000);
    const later = randomUUID();
    const token = issuer.token({ sid: later });
    await vi.waitFor(async () => {
      await issuer.revoke({ sid: later });
      expect(await ask(sibling, token)).toBe('401 session_revoked');
    }, 5_000);
    expect(await ask(sibling, issuer.token({ sid }))).toBe('401 session_revoked');
    expect(sibling.log.text).not.toContain('is not known here');
  });

  it('is asked at a bearable pace by whoever answers without waiting', async () => {
    gateway.answerJson(FEED, 200, { items: [], nextCursor: '1', hasMore: false });
    await start();
    const before = gateway.asked(FEED);
    const begunMs = performance.now();
    await vi.waitFor(() => expect(gateway.asked(FEED) - before).toBe(10), { timeout: 5_000, interval: 5 });
    expect(performance.now() - begunMs).toBeGreaterThan(400);
  });

  it('ends with the sibling, also in the middle of a question', async () => {
    const sibling = await start();
    await eventually(() => expect(gateway.asked(FEED)).toBe(2));
    const begunMs = performance.now();
    await sibling.close();
    expect(performance.now() - begunMs).toBeLessThan(1_000);
    started.splice(0);
    const asked = gateway.paths.length;
    await new Promise((resolve) => setImmediate(resolve));
    expect(gateway.paths).toHaveLength(asked);
  });
});
