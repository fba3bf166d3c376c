import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startTestIssuer, type TestIssuer } from '../../src/testing/index.js';
import { encodePart, forgeToken } from '../support/forge.js';
import { Gateway } from '../support/gateway.js';
import { ask, type SiblingApp, startSibling } from '../support/sibling-app.js';

const JWKS = '/.well-known/jwks.json';
const FOREVER = 3600;

describe('the keys of tokenhouse/client', () => {
  let issuer: TestIssuer;
  let gateway: Gateway;
  const started: SiblingApp[] = [];

  beforeAll(async () => {
    issuer = await startTestIssuer();
  });
  beforeEach(async () => {
    for (const sibling of started.splice(0)) await sibling.close();
    await gateway?.close();
    gateway = await Gateway.start(issuer);
  });
  afterAll(async () => {
    for (const sibling of started) await sibling.close();
    await gateway.close();
    await issuer.close();
  });

  const start = async (changes: Parameters<TestIssuer['clientOptions']>[0] = {}): Promise<SiblingApp> => {
    const sibling = await startSibling(issuer.clientOptions({ url: gateway.url, ...changes }));
    started.push(sibling);
    return sibling;
  };
  /** A token of a key that nobody has. */
  const stranger = (kid: string = randomUUID()): string => {
    const [, payload = '', signature = ''] = issuer.token().split('.');
    return [encodePart({ alg: 'ES256', kid, typ: 'at+jwt' }), payload, signature].join('.');
  };

  it('are fetched once, and once per cooldown for a thousand made-up kids (JWT-12)', async () => {
    const sibling = await start({ jwksCooldownSeconds: FOREVER });
    const strangers = Array.from({ length: 1000 }, () => stranger());
    const answers = new Set<string>();
    for (let at = 0; at < strangers.length; at += 50) {
      const some = strangers.slice(at, at + 50).map((token) => ask(sibling, token));
      for (const answer of await Promise.all(some)) answers.add(answer);
    }
    expect([...answers]).toEqual(['401 token_invalid']);
    expect(gateway.asked(JWKS)).toBe(2);
    expect(await ask(sibling, issuer.token())).toBe('ok');
  });

  it('leave nothing behind of made-up kids', async () => {
    const sibling = await start({ jwksCooldownSeconds: FOREVER });
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const heapOf = async (rounds: number): Promise<number> => {
      for (let round = 0; round < rounds; round++) {
        expect(await sibling.auth.checkBearerToken(stranger(`${round}`.padEnd(4096, 'x')))).toBe(false);
      }
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = await heapOf(100);
    // Their text alone is 60 MB.
    expect((await heapOf(10_000)) - before).toBeLessThan(10_000_000);
  });

  it('are fetched for a made-up kid again after the cooldown, and not before', async () => {
    const sibling = await start({ jwksCooldownSeconds: 1 });
    await ask(sibling, stranger());
    await ask(sibling, stranger());
    expect(gateway.asked(JWKS)).toBe(2);
    await vi.waitFor(async () => {
      await ask(sibling, stranger());
      expect(gateway.asked(JWKS)).toBe(3);
    }, 3_000);
  });

  it('are not fetched for tokens that are none', async () => {
    const sibling = await start();
    const [header = '', payload = ''] = issuer.token().split('.');
    for (const token of [
      'a.b.c',
      'nonsense',
      `${header}.${payload}.`,
      forgeToken({ header: { alg: 'none' }, payload: {} }),
    ]) {
      expect(await ask(sibling, token)).toBe('401 token_invalid');
    }
    expect(gateway.asked(JWKS)).toBe(1);
  });

  it('follow a rotation without a refusal, with one fetch for all who wait (JWT-45)', async () => {
    const sibling = await start();
    const before = issuer.token();
    expect(await ask(sibling, before)).toBe('ok');
    await issuer.rotateKey();
    const tokens = Array.from({ length: 30 }, () => issuer.token());
    const answers = await Promise.all(tokens.map((token) => ask(sibling, token)));
    expect(new Set(answers)).toEqual(new Set(['ok']));
    expect(gateway.asked(JWKS)).toBe(2);
    expect(await ask(sibling, before)).toBe('ok');
  });

  it('are fetched once more when the answer under way is older than the new key', async () => {
    const other = await startTestIssuer({ jwksMaxAgeSeconds: 1 });
    gateway.turnTo(other);
    const options = { url: gateway.url, jwksCooldownSeconds: FOREVER };
    const sibling = await startSibling(other.clientOptions(options));
    const former = await (await fetch(other.url + JWKS)).json();
    expect(await ask(sibling, other.token())).toBe('ok');
    const slow = await new Promise<ServerResponse>((resolve) => {
      gateway.answers[JWKS] = (_request, response) => resolve(response);
    });
    delete gateway.answers[JWKS];
    await other.rotateKey();
    const checks = Array.from({ length: 10 }, () => sibling.auth.checkBearerToken(other.token()));
    // Until all of them wait for it.
    await turn();
    slow.end(JSON.stringify(former));
    for (const check of checks) expect(await check).not.toBe(false);
    expect(gateway.asked(JWKS)).toBe(3);
    await sibling.close();
    await other.close();
  });

  it('are fetched anew before they get old, so that a rotation costs no request anything', async () => {
    const other = await startTestIssuer({ jwksMaxAgeSeconds: 1 });
    const sibling = await startSibling(other.clientOptions({ jwksCooldownSeconds: FOREVER }));
    // Spends the one fetch that a request may cause.
    await ask(sibling, stranger());
    await other.rotateKey();
    const published = other.requests.length;
    await vi.waitFor(() => expect(other.requests.slice(published)).toContain(JWKS), 3_000);
    await vi.waitFor(async () => expect(await ask(sibling, other.token())).toBe('ok'), 1_000);
    await sibling.close();
    await other.close();
  });

  it('of a key that was killed verify nothing, also while a cache still has them', async () => {
    const sibling = await start({ jwksCooldownSeconds: FOREVER });
    const { kid } = issuer;
    const jwks = await (await fetch(issuer.url + JWKS)).json();
    const stolen = issuer.token();
    expect(await ask(sibling, stolen)).toBe('ok');
    await ask(sibling, stranger());
    gateway.answerJson(JWKS, 200, jwks);
    await issuer.revoke({ kid });
    expect(await ask(sibling, stolen)).toBe('401 token_invalid');
    expect(issuer.kid).not.toBe(kid);
    delete gateway.answers[JWKS];
  });

  it('have a successor at once when one was killed, whatever the cooldown', async () => {
    const sibling = await start({ jwksCooldownSeconds: FOREVER });
    await ask(sibling, stranger());
    await issuer.revoke({ kid: issuer.kid });
    await vi.waitFor(async () => expect(await ask(sibling, issuer.token())).toBe('ok'), 1_000);
  });

  it('have a successor soon, though the replica that is asked first does not know it yet', async () => {
    const sibling = await start({ jwksCooldownSeconds: FOREVER });
    await ask(sibling, stranger());
    gateway.answerJson(JWKS, 200, await (await fetch(issuer.url + JWKS)).json());
    const before = gateway.asked(JWKS);
    await issuer.revoke({ kid: issuer.kid });
    await vi.waitFor(() => expect(gateway.asked(JWKS)).toBe(before + 1), 1_000);
    delete gateway.answers[JWKS];
    await vi.waitFor(async () => expect(await ask(sibling, issuer.token())).toBe('ok'), 4_000);
  });

  describe('when the service cannot be asked', () => {
    const broken: [string, () => void][] = [
      ['breaks the connection', () => (gateway.answers[JWKS] = (_request, response) => response.destroy())],
      ['answers 500', () => gateway.answerJson(JWKS, 500, {})],
      ['answers an error with 200', () => gateway.answerJson(JWKS, 200, { error: 'down' })],
      ['answers null', () => gateway.answerJson(JWKS, 200, null)],
      ['answers HTML', () => (gateway.answers[JWKS] = (_request, response) => response.end('<html>'))],
      ['redirects', () => gateway.answerJson(JWKS, 302, {}, { location: issuer.url + JWKS })],
      [
        'answers without end',
        () =>
          (gateway.answers[JWKS] = (_request, response) => {
            const chunk = ' '.repeat(16_384);
            const more = (): void =>
              void (response.destroyed || response.write(chunk, () => setImmediate(more)));
            more();
          }),
      ],
    ];

    it.each(broken)('never let anybody through: it %s (JWT-47)', async (_what, breakIt) => {
      breakIt();
      const sibling = await start();
      const token = issuer.token();
      const refusal = await sibling.client.get('/notes', { token });
      expect([refusal.status, refusal.body.code]).toEqual([503, 'unavailable']);
      expect(refusal.headers.get('retry-after')).toBe('5');
      for (const token of [stranger(), 'nonsense']) expect(await ask(sibling, token)).toBe('503 unavailable');
      expect((await sibling.client.get('/notes')).body.code).toBe('token_missing');
      delete gateway.answers[JWKS];
      await vi.waitFor(async () => expect(await ask(sibling, token)).toBe('ok'), 5_000);
      expect(await ask(sibling, stranger())).toBe('401 token_invalid');
    });

    it.each(broken)('go on counting: it %s', async (_what, breakIt) => {
      const sibling = await start({ jwksCooldownSeconds: 1 });
      breakIt();
      // A key that nobody knows is then no wrong key: nobody can tell.
      expect(await ask(sibling, stranger())).toBe('503 unavailable');
      expect(await ask(sibling, issuer.token())).toBe('ok');
      expect(sibling.log.text).toContain('The known ones go on counting.');
    });
  });

  it('of no use are passed over, and others of the set count', async () => {
    const { keys } = (await (await fetch(issuer.url + JWKS)).json()) as { keys: Record<string, string>[] };
    const good = keys.find(({ kid }) => kid === issuer.kid) as Record<string, string>;
    const n = Buffer.alloc(128, 0xff).toString('base64url');
    const useless = [
      null,
      'key',
      {},
      { ...good, kid: 'no-alg', alg: undefined },
      { ...good, kid: 'wrong-alg', alg: 'RS256' },
      { ...good, kid: 'wrong-curve', alg: 'ES384' },
      { ...good, kid: 'for-encryption', use: 'enc' },
      { kty: 'oct', kid: 'secret', alg: 'HS256', k: 'c2VjcmV0' },
      { ...good, kid: 'public-as-secret', alg: 'HS256' },
      { kty: 'RSA', kid: 'small', alg: 'RS256', n, e: 'AQAB' },
      { ...good, kid: 7 },
    ];
    gateway.answerJson(JWKS, 200, { keys: [...useless, good] });
    const sibling = await start();
    expect(await ask(sibling, issuer.token())).toBe('ok');
    for (const key of useless) {
      const kid = String((key as { kid?: unknown } | null)?.kid);
      expect([kid, await ask(sibling, stranger(kid))]).toEqual([kid, '401 token_invalid']);
    }
  });

  it('are missing with a secret, which is said plainly', async () => {
    const secretive = await startTestIssuer({ algorithm: 'HS256' });
    const sibling = await startSibling(secretive.clientOptions());
    expect(await ask(sibling, secretive.token())).toBe('401 token_invalid');
    expect(sibling.log.text).toContain(
      'only with a public-key algorithm, such as BEARER_TOKEN_ALGORITHM=ES256',
    );
    await sibling.close();
    await secretive.close();
  });
});
