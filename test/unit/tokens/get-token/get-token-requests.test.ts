import { encode } from '@auth/core/jwt';
import Fastify from 'fastify';
import { createApp, eventHandler, toNodeListener, toWebHandler, type H3Event } from 'h3';
import { createServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { getToken, type GetTokenOptions } from '../../../../src/tokens/get-token/get-token.js';

const SECRET = 'the-secret-that-the-frontend-uses-0001';
const NAME = '__Secure-authjs.session-token';

let token: string;
let cookie: string;
beforeAll(async () => {
  token = await encode({ token: { sub: '42', pad: 'x'.repeat(4000) }, secret: SECRET, salt: NAME });
  expect(token.length).toBeGreaterThan(4096);
  cookie = `theme=dark; ${NAME}.1=${token.slice(3936)}; ${NAME}.0=${token.slice(0, 3936)}`;
});

const subjectOf = async (source: Pick<GetTokenOptions, 'req' | 'event'>) =>
  (await getToken({ ...source, secret: SECRET }))?.sub ?? null;

let closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.map((close) => close()));
  closing = [];
});

/** A real server on a free port; answers with the subject of the token that came with each request. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function ask(url: string, headers: Record<string, string | string[]>): Promise<unknown> {
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    httpRequest(url, { headers: { connection: 'close', ...headers } }, resolve)
      .on('error', reject)
      .end(),
  );
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return JSON.parse(body);
}

describe('getToken reads the request of', () => {
  it('fetch', async () => {
    expect(await subjectOf({ req: new Request('http://x/', { headers: { cookie } }) })).toBe('42');
    const headers = { authorization: `bearer ${token}` };
    expect(await subjectOf({ req: new Request('http://x/', { headers }) })).toBe('42');
    expect(await subjectOf({ req: new Request('http://x/') })).toBeNull();
  });

  it('Node, cookies in foreign scripts and two headers included', async () => {
    const url = await serve(
      (req, res) => void subjectOf({ req }).then((sub) => res.end(JSON.stringify(sub))),
    );
    expect(await ask(url, { cookie })).toBe('42');
    expect(await ask(url, { cookie: [`x=${Buffer.from('žluť').toString('latin1')}`, cookie] })).toBe('42');
    expect(await ask(url, { authorization: `Bearer ${encodeURIComponent(token)}` })).toBe('42');
    expect(await ask(url, { authorization: [`Bearer ${token}`, `Bearer ${token}`] })).toBeNull();
    expect(await ask(url, {})).toBeNull();
  });

  it('Fastify, on the wire and injected', async () => {
    const app = Fastify();
    closing.push(() => app.close());
    app.get('/', async (req) => JSON.stringify(await subjectOf({ req })));
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    expect(await ask(url, { cookie })).toBe('42');
    expect(await ask(url, { authorization: [`Bearer ${token}`, 'Bearer other'] })).toBeNull();
    expect((await app.inject({ url: '/', headers: { cookie } })).json()).toBe('42');
  });

  it('h3 v1, on Node and on the web', async () => {
    const app = createApp();
    app.use(eventHandler(async (event: H3Event) => JSON.stringify(await subjectOf({ event }))));
    const url = await serve(toNodeListener(app));
    expect(await ask(url, { cookie })).toBe('42');
    expect(await ask(url, { authorization: `Bearer ${token}` })).toBe('42');
    const answer = await toWebHandler(app)(new Request('http://x/', { headers: { cookie } }));
    expect(await answer.json()).toBe('42');
  });

  it('h3 v2, whose event holds a fetch request', async () => {
    const req = new Request('http://x/', { headers: { cookie } });
    expect(await subjectOf({ event: { req } })).toBe('42');
  });

  it('nothing but headers, in every container they come in', async () => {
    const pairs: [string, string][] = [['Cookie', cookie]];
    for (const headers of [
      new Headers(pairs),
      pairs,
      Object.fromEntries(pairs),
      { cookie: cookie.split('; ') },
    ]) {
      expect(await subjectOf({ req: { headers } })).toBe('42');
    }
  });
});
