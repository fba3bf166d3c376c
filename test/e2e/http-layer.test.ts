import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';

/** What came back over a socket until the service closed it, or until it was told to stop. */
class Wire {
  received = '';
  closed = false;
  readonly socket: Socket;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect(Number(port), hostname);
    this.socket.setEncoding('latin1');
    this.socket.on('data', (chunk: string) => (this.received += chunk));
    this.socket.on('error', () => {});
    this.socket.on('close', () => (this.closed = true));
  }

  /** Bytes as they are; text is Latin-1. */
  send(...parts: (string | Buffer)[]): this {
    for (const part of parts)
      this.socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
    return this;
  }

  async untilClosed(timeout = 5000): Promise<this> {
    await expect.poll(() => this.closed, { timeout, interval: 5 }).toBe(true);
    return this;
  }

  async untilAnswered(count = 1, timeout = 5000): Promise<this> {
    await expect
      .poll(() => this.closed || this.statuses.length >= count, { timeout, interval: 5 })
      .toBe(true);
    return this;
  }

  get statuses(): number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }
}

describe('the HTTP layer', () => {
  let target: TestApp;
  let client: Client;
  const wires: Wire[] = [];

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
  });
  afterEach(() => {
    for (const wire of wires.splice(0)) wire.socket.destroy();
  });
  afterAll(() => target.close());

  function open(to = target): Wire {
    const wire = new Wire(to.url);
    wires.push(wire);
    return wire;
  }

  /** Lines and a body, with the blank line between. */
  const message = (lines: string[], body = ''): string => `${lines.join('\r\n')}\r\n\r\n${body}`;
  const login = JSON.stringify({ login: 'nobody@example.com', password: PASSWORD });
  const post = ['POST /api/auth/login HTTP/1.1', 'Host: localhost', 'Content-Type: application/json'];

  /** The service answers each of these with an error, closes, and never reads a second request in what follows. */
  async function expectRefused(text: string, statuses = [400]): Promise<void> {
    const smuggled = message(['GET /health/live HTTP/1.1', 'Host: localhost']);
    const wire = await open().send(text, smuggled).untilClosed();
    expect([text.slice(0, 160), wire.statuses.length]).toEqual([text.slice(0, 160), 1]);
    expect(statuses).toContain(wire.statuses[0]);
    expect(wire.received).not.toContain('"status":"ok"');
  }

  it('the control: an honest request over a raw socket', async () => {
    const lines = [...post, `Content-Length: ${login.length}`];
    expect((await open().send(message(lines, login)).untilAnswered()).statuses).toEqual([401]);
    const chunked = `${login.length.toString(16)}\r\n${login}\r\n0\r\n\r\n`;
    const wire = await open()
      .send(message([...post, 'Transfer-Encoding: chunked'], chunked))
      .untilAnswered();
    expect(wire.statuses).toEqual([401]);
  });

  it('HTTP-01: Content-Length with Transfer-Encoding', async () => {
    const [length, chunked] = ['Content-Length: 5', 'Transfer-Encoding: chunked'];
    for (const pair of [
      [length, chunked],
      [chunked, length],
    ]) {
      await expectRefused(message([...post, ...pair], '0\r\n\r\n'));
    }
    for (const coding of [
      'chunked, identity',
      'xchunked',
      'identity',
      'chunked, chunked',
      'gzip',
      '\x0bchunked',
    ]) {
      await expectRefused(message([...post, `Transfer-Encoding: ${coding}`], '0\r\n\r\n'), [400, 501]);
    }
  });

  it('HTTP-02: two lengths, or one that is no number', async () => {
    await expectRefused(message([...post, 'Content-Length: 2', 'Content-Length: 3'], '{}'));
    await expectRefused(message([...post, 'Content-Length: 2', 'Content-Length: 2'], '{}'));
    for (const value of ['1, 2', '+5', '0x5', '-1', '5.0', '1e1', '', '99999999999999999999', '5 5']) {
      await expectRefused(message([...post, `Content-Length: ${value}`], '{}'));
    }
  });

  it('HTTP-04: headers that parsers read differently', async () => {
    const odd = [
      'X-Test : 1', 'Content-Length : 2', 'X-Test: a\r\n folded', 'X-Test: a\rb', 'X-Test: a\nX-Other : b', 'X-Test: a\0b',
      ': 1', 'X Test: 1', 'X-T\xe9st: 1', 'Content\x00-Length: 2', 'X-Test',
    ]; // prettier-ignore
    for (const line of odd)
      await expectRefused(message(['GET /api/auth/settings HTTP/1.1', 'Host: localhost', line]));
    for (const line of [
      'GET /health/live HTTP/1.1\nHost: localhost\n\n',
      'GET /health/live\0 HTTP/1.1\r\nHost: localhost\r\n\r\n',
    ]) {
      await expectRefused(line);
    }
  });

  it('two Host or Authorization lines, and none', async () => {
    const { token } = await client.register();
    const get = 'GET /api/user HTTP/1.1';
    const close = 'Connection: close';
    const auth = `Authorization: Bearer ${token}`;
    const cases: [string[], number][] = [
      [[get, 'Host: localhost', auth, close], 200],
      [[get, 'Host: localhost', 'Host: localhost', auth, close], 400],
      [[get, 'Host: localhost', 'host: evil.test', auth, close], 400],
      [[get, 'Host: localhost', auth, auth, close], 400],
      [[get, 'Host: localhost', auth, 'authorization: Bearer x', close], 400],
      [[get, 'Host: localhost', 'Authorization: Bearer x', auth, close], 400],
      [[get, auth, close], 400],
    ];
    for (const [lines, status] of cases) {
      const wire = await open().send(message(lines)).untilClosed();
      expect([lines.length, wire.statuses]).toEqual([lines.length, [status]]);
      if (status === 400 && lines.length === 5) expect(wire.received).toContain('malformed_request');
    }
  });

  it('HTTP-05: chunks that are no chunks, end in bounded time', async () => {
    const chunked = [...post, 'Transfer-Encoding: chunked'];
    for (const chunk of [
      '-1\r\nx\r\n',
      'ffffffffffffffffff\r\nx',
      'zz\r\n',
      '0x5\r\nhello\r\n',
      ' 5\r\nhello\r\n',
      '5\rhello',
    ]) {
      await expectRefused(message(chunked, chunk));
    }
    await expectRefused(message(chunked, `5;${'x'.repeat(20_000)}\r\n{"a":\r\n`), [400, 413]);
    const started = performance.now();
    const wire = open().send(message(chunked));
    const many = '1\r\n \r\n'.repeat(200_000);
    await wire.send(many, '0\r\n\r\n').untilClosed(10_000);
    expect([400, 413]).toContain(wire.statuses[0]);
    expect(performance.now() - started).toBeLessThan(8000);
  });

  it('HTTP-07: forwarded headers of a stranger change neither address, scheme nor host', async () => {
    const email = someEmail();
    const headers = {
      'x-forwarded-for': '203.0.113.9', 'x-real-ip': '203.0.113.9', forwarded: 'for=203.0.113.9;host=evil.test;proto=https',
      'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https', 'x-forwarded-prefix': '/evil', 'x-original-host': 'evil.test',
    }; // prettier-ignore
    const { body } = await client.post('/api/auth/register', { email, password: PASSWORD }, { headers });
    const [session] = (await client.get('/api/user/sessions', { token: body.token, headers })).body;
    expect(session.ip).toBe('127.0.0.1');
    await client.post('/api/auth/password/forgot', { email }, { headers });
    const mail = await target.mailbox.newest(email, /password/i);
    expect(mail.link).toMatch(/^http:\/\/localhost:3000\/reset-password\?token=/);
    expect(mail.text + mail.html).not.toContain('evil.test');
    const claims = await client.get('/api/token', { token: body.token, headers });
    expect(claims.body.iss).toBe('http://localhost:3000');
  });

  it('HTTP-07: of a trusted proxy, the right-most untrusted hop counts', async () => {
    const proxied = await startApp({ TRUSTED_PROXIES: '127.0.0.1/32, 10.0.0.0/8' });
    const over = new Client(proxied);
    const ipOf = async (forwarded: string): Promise<string> => {
      const headers = {
        'x-forwarded-for': forwarded,
        'x-forwarded-host': 'evil.test',
        'x-forwarded-proto': 'https',
      };
      const { body } = await over.post(
        '/api/auth/register',
        { email: someEmail(), password: PASSWORD },
        { headers },
      );
      const [session] = (await over.get('/api/user/sessions', { token: body.token })).body;
      return session.ip;
    };
    expect(await ipOf('203.0.113.9')).toBe('203.0.113.9');
    expect(await ipOf('1.2.3.4, 203.0.113.9')).toBe('203.0.113.9');
    expect(await ipOf('203.0.113.9, 10.1.2.3')).toBe('203.0.113.9');
    expect(await ipOf('::ffff:203.0.113.9')).toBe('203.0.113.9');
    await proxied.close();
  });

  it('HTTP-08: headers that claim to be somebody, or another path, are ignored', async () => {
    const { user } = await client.register();
    const claims = {
      'x-user-id': user.id, 'x-user': user.email, 'x-roles': 'admin', 'x-forwarded-user': user.email, 'x-remote-user': user.id,
      'x-original-url': '/health/live', 'x-rewrite-url': '/health/live', 'x-authenticated': 'true', 'remote-user': user.id,
    }; // prettier-ignore
    expect((await client.get('/api/user', { headers: claims })).body.code).toBe('token_missing');
    const absolute = message([
      'GET http://evil.test/api/user HTTP/1.1',
      'Host: localhost',
      'Connection: close',
    ]);
    const wire = await open().send(absolute).untilClosed();
    expect(wire.received).not.toContain(user.email);
    expect([400, 401, 404]).toContain(wire.statuses[0]);
  });

  it('HTTP-10: a header of 16 kB and a byte, 2000 headers, 100 cookies', async () => {
    const head = ['GET /api/auth/settings HTTP/1.1', 'Host: localhost'];
    const answer = async (lines: string[]): Promise<number | undefined> =>
      (
        await open()
          .send(message([...head, ...lines, 'Connection: close']))
          .untilClosed()
      ).statuses[0];
    expect(await answer(['X-Long: a'])).toBe(200);
    expect(await answer([`X-Long: ${'a'.repeat(16_385)}`])).toBe(431);
    expect(await answer(Array.from({ length: 2000 }, (_, n) => `X-${n}: 1`))).toBeOneOf([400, 431]);
    expect(await answer(Array.from({ length: 101 }, (_, n) => `X-${n}: 1`))).toBe(400);
    expect(await answer(Array.from({ length: 90 }, (_, n) => `X-${n}: 1`))).toBe(200);
    const cookies = Array.from({ length: 100 }, (_, n) => `c${n}=1`).join('; ');
    expect(await answer([`Cookie: ${cookies}`])).toBe(400);
    expect(await answer([`Cookie: ${cookies.slice(0, 200)}`])).toBe(200);
  });

  it('a parser refuses without a word and without a body', async () => {
    const wire = await open().send('NONSENSE\r\n\r\n').untilClosed();
    expect(wire.received).toBe('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });

  it('HTTP-11: half requests are closed at the header timeout, others are served meanwhile', async () => {
    const slow = Array.from({ length: 500 }, () => open().send('GET /health/live HTTP/1.1\r\nHost: loc'));
    const drip = setInterval(() => slow.forEach((wire) => wire.closed || wire.send('a')), 3000);
    try {
      expect((await client.get('/health/live')).status).toBe(200);
      expect((await client.register()).tokenType).toBe('Bearer');
      await expect
        .poll(() => slow.filter((wire) => wire.closed).length, { timeout: 16_000, interval: 100 })
        .toBe(500);
    } finally {
      clearInterval(drip);
    }
    for (const wire of slow) expect(wire.statuses).toEqual([408]);
  }, 30_000);

  it('HTTP-12: half a body, and a client that never reads, hold no connection of the pool', async () => {
    const stuck = Array.from({ length: 40 }, () =>
      open().send(message([...post, 'Content-Length: 100'], '{"login":')),
    );
    const deaf = Array.from({ length: 40 }, () => open());
    const { token } = await client.register();
    for (const wire of deaf) {
      wire.socket.pause();
      wire.send(
        message(['GET /api/user HTTP/1.1', 'Host: localhost', `Authorization: Bearer ${token}`]).repeat(20),
      );
    }
    expect((await client.get('/health/ready')).status).toBe(200);
    expect((await client.get('/api/user', { token })).status).toBe(200);
    const { driver } = target.database as unknown as { driver: { master: { waitingCount: number } } };
    await expect.poll(() => driver.master.waitingCount).toBe(0);
    for (const wire of stuck) expect(wire.statuses).toEqual([]);
    const { requestTimeout, headersTimeout, keepAliveTimeout } = target.app.getHttpServer();
    expect({ requestTimeout, headersTimeout, keepAliveTimeout }).toEqual({
      requestTimeout: 30_000,
      headersTimeout: 10_000,
      keepAliveTimeout: 5000,
    });
  });

  it('HTTP-13: other verbs do nothing', async () => {
    const { token, user } = await client.register();
    const auth = `Authorization: Bearer ${token}`;
    const verbs = [
      'TRACE',
      'TRACK',
      'DEBUG',
      'PROPFIND',
      'MKCOL',
      'COPY',
      'MOVE',
      'LOCK',
      'PURGE',
      'LINK',
      'SEARCH',
      'PUT',
      'GET2',
      'get',
    ];
    for (const verb of verbs) {
      const lines = [
        `${verb} /api/user HTTP/1.1`,
        'Host: localhost',
        auth,
        'Max-Forwards: 0',
        'Connection: close',
      ];
      const wire = await open().send(message(lines)).untilClosed();
      expect([verb, [400, 404].includes(wire.statuses[0] ?? 0)]).toEqual([verb, true]);
      expect(wire.received).not.toContain(token);
      expect(wire.received).not.toContain(user.email);
    }
    for (const path of ['/api/auth/login', '/api/auth/register', '/api/auth/logout', '/api/user/password']) {
      expect((await client.request('HEAD', path, { token })).status).toBe(404);
    }
    expect((await client.get('/api/user', { token })).status).toBe(200);
  });

  it('HTTP-13: CONNECT is closed', async () => {
    const lines = ['CONNECT 127.0.0.1:22 HTTP/1.1', 'Host: 127.0.0.1:22'];
    const wire = await open().send(message(lines)).untilClosed();
    expect(wire.received === '' || [400, 404].includes(wire.statuses[0] ?? 0)).toBe(true);
  });

  it('HTTP-14: pipelined requests are answered in order, and a thousand are the limit', async () => {
    const [one, two] = [await client.register(), await client.register()];
    const ask = (token: string): string =>
      message(['GET /api/user HTTP/1.1', 'Host: localhost', `Authorization: Bearer ${token}`]);
    const wire = await open().send(ask(one.token), ask(two.token), ask('x'), ask(one.token)).untilAnswered(4);
    const order = [...wire.received.matchAll(/"email":"([^"]+)"|"code":"(\w+)"/g)].map(
      ([, email, code]) => email ?? code,
    );
    expect(order).toEqual([one.user.email, two.user.email, 'token_invalid', one.user.email]);
    const many = await open()
      .send(message(['GET /health/live HTTP/1.1', 'Host: localhost']).repeat(1100))
      .untilClosed(15_000);
    expect(many.statuses).toEqual(Array.from({ length: 1000 }, () => 200));
    expect(many.received.match(/^connection: close/gim)).toHaveLength(1);
  });

  it('HTTP-17: a held Expect, and upgrades to something else', async () => {
    const waiting = open().send(
      message([...post, `Content-Length: ${login.length}`, 'Expect: 100-continue']),
    );
    await expect.poll(() => waiting.received).toContain('HTTP/1.1 100 Continue');
    expect((await client.get('/health/live')).status).toBe(200);
    expect(
      (
        await open()
          .send(message([...post, 'Content-Length: 2', 'Expect: something', 'Connection: close'], '{}'))
          .untilClosed()
      ).statuses[0],
    ).toBeOneOf([400, 417]);
    for (const upgrade of [
      ['h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'],
      ['websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13'],
    ]) {
      const lines = [
        'GET /api/user HTTP/1.1',
        'Host: localhost',
        `Upgrade: ${upgrade[0]}`,
        'Connection: Upgrade',
        upgrade[1] ?? '',
      ];
      const wire = await open().send(message(lines)).untilAnswered();
      expect([upgrade[0], wire.statuses]).toEqual([upgrade[0], [401]]);
    }
    const preface = await open().send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n').untilClosed();
    expect(preface.statuses[0] ?? 400).toBeOneOf([400, 505]);
  });

  it('LOG-05: bodies that cannot be read, and their limits', async () => {
    const send = async (
      body: BodyInit,
      headers: Record<string, string> = { 'content-type': 'application/json' },
    ): Promise<Answer['body']> => {
      const init = { method: 'POST', headers, body };
      return (await fetch(`${target.url}/api/auth/login`, init)).json();
    };
    const deep = (levels: number): string =>
      `{"login":"a","password":"b","x":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    expect(await send(deep(20))).toMatchObject({ code: 'invalid_credentials' });
    for (const body of [
      deep(40),
      deep(5000),
      deep(40_000),
      '{',
      'null',
      '[]',
      '"x"',
      '{"login":"a\\u0000","password":"b"}',
      '{"login":"\\ud800","password":"b"}',
      '{"__proto__":{},"login":"a","password":"b"}',
      Buffer.from([0x7b, 0xff, 0x7d]),
    ]) {
      expect([String(body).slice(0, 40), await send(body)]).toEqual([
        String(body).slice(0, 40),
        expect.objectContaining({ status: 400, code: 'malformed_request' }),
      ]);
    }
    expect(await send(JSON.stringify({ login: 'x'.repeat(102_400), password: 'b' }))).toMatchObject({
      code: 'payload_too_large',
    });
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/xml',
      'application/json; charset=utf-7',
      'application/json; charset=iso-8859-1',
      'application/jsonx',
      'application/merge-patch+json',
      'multipart/form-data; boundary=x',
    ]) {
      expect([type, await send(login, { 'content-type': type })]).toEqual([
        type,
        expect.objectContaining({ status: 415, code: 'unsupported_media_type' }),
      ]);
    }
    expect(
      await send(login, { 'content-type': 'application/json', 'content-encoding': 'gzip' }),
    ).not.toMatchObject({ status: 500 });
  });
});
