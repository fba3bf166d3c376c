import { decode as decodeOfAuthjs, encode } from '@auth/core/jwt';
import { generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { encode as encodeV4 } from 'next-auth/jwt';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bindGetToken, getToken, type GetTokenDefaults } from '../../../../src/tokens/get-token/get-token.js';

const SECRET = 'the-secret-that-the-frontend-uses-0001';
const { publicKey, privateKey } = await generateKeyPair('ES256');

const ownToken = (sub: string, typ = 'at+jwt', lifetime = '5m') =>
  new SignJWT({ sub }).setProtectedHeader({ alg: 'ES256', typ }).setExpirationTime(lifetime).sign(privateKey);

const authjsToken = (sub: string, salt = 'authjs.session-token') =>
  encode({ token: { sub }, secret: SECRET, salt });

const verifyOwnToken = async (token: string) => {
  const verified = await jwtVerify(token, publicKey, { typ: 'at+jwt' }).catch(() => null);
  return verified?.payload ?? null;
};

let unbind = () => {};
const bind = (overrides: Partial<GetTokenDefaults> = {}) => {
  unbind = bindGetToken({ verifyOwnToken, secrets: [], secureCookie: false, cookieNames: [], ...overrides });
};
afterEach(() => {
  unbind();
  unbind = () => {};
});

const request = (headers: Record<string, string>, method = 'GET') => ({ req: { method, headers } });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

let own: string;
let other: string;
let expired: string;
let foreign: string;

beforeAll(async () => {
  own = await ownToken('me');
  other = await ownToken('somebody');
  expired = await ownToken('me', 'at+jwt', '-5m');
  foreign = await authjsToken('guest');
});

describe('without a request', () => {
  it.each([{}, { req: undefined }, { req: null }, { req: {} }, { event: {} }, { req: 'GET /' }])(
    'throws a TypeError in plain words: %j',
    async (options) => {
      await expect(getToken(options as never)).rejects.toThrow(TypeError);
      await expect(getToken(options as never)).rejects.toThrow(/pass `req`/);
    },
  );
});

describe('our own tokens', () => {
  it('are read from the header, the scheme in any case, percent-encoded or not', async () => {
    bind();
    for (const authorization of [`Bearer ${own}`, `bearer ${own}`, `BEARER  ${own} `]) {
      expect(await getToken(request({ authorization }))).toMatchObject({ sub: 'me' });
    }
    expect(await getToken(request(bearer(own.replaceAll('.', '%2e'))))).toMatchObject({ sub: 'me' });
  });

  it('are read from the session cookie that fits the scheme of the service', async () => {
    bind({ secureCookie: false });
    expect(await getToken(request({ cookie: `session=${own}` }))).toMatchObject({ sub: 'me' });
    unbind();
    bind({ secureCookie: true });
    expect(await getToken(request({ cookie: `session=${own}` }))).toBeNull();
    expect(await getToken(request({ cookie: `__Host-session=${own}` }))).toMatchObject({ sub: 'me' });
  });

  it('count in the header before the cookie', async () => {
    bind();
    const headers = { ...bearer(own), cookie: `session=${other}` };
    expect(await getToken(request(headers))).toMatchObject({ sub: 'me' });
  });

  it('in a bad header are not rescued by a good cookie, ours or of Auth.js', async () => {
    bind({ secrets: [SECRET] });
    for (const cookie of [`session=${own}`, `authjs.session-token=${foreign}`]) {
      expect(await getToken(request({ ...bearer(expired), cookie }))).toBeNull();
    }
    for (const authorization of [
      'Bearer null',
      'Bearer',
      'Bearer a b',
      'Bearer %E0%A4%A',
      'Basic x, Bearer y',
    ]) {
      expect(await getToken(request({ authorization, cookie: `session=${own}` }))).toBeNull();
    }
  });

  it('in a stale cookie do not hide an Auth.js session', async () => {
    bind({ secrets: [SECRET] });
    const cookie = `session=${expired}; authjs.session-token=${foreign}`;
    expect(await getToken(request({ cookie }))).toMatchObject({ sub: 'guest' });
  });

  it('are null when expired, changed, of another type or unsigned', async () => {
    bind();
    const [head, body, signature] = own.split('.') as [string, string, string];
    const [, otherBody] = other.split('.');
    const changed = [head, otherBody, signature].join('.');
    for (const bad of [
      expired,
      changed,
      `${head}.${body}.`,
      await ownToken('me', 'JWT'),
      'x',
      'a.b.c',
      '..',
    ]) {
      expect(await getToken(request(bearer(bad)))).toBeNull();
      expect(await getToken(request({ cookie: `session=${bad}` }))).toBeNull();
    }
  });

  it('are null as long as nothing is bound, and again after unbinding', async () => {
    expect(await getToken(request(bearer(own)))).toBeNull();
    bind();
    expect(await getToken(request(bearer(own)))).toMatchObject({ sub: 'me' });
    unbind();
    expect(await getToken(request(bearer(own)))).toBeNull();
  });

  it('are verified by the service that was bound last', async () => {
    const first = bindGetToken({ ...noDefaults, verifyOwnToken: async () => ({ by: 'first' }) });
    const second = bindGetToken({ ...noDefaults, verifyOwnToken: async () => ({ by: 'second' }) });
    expect(await getToken(request(bearer(own)))).toEqual({ by: 'second' });
    second();
    second();
    expect(await getToken(request(bearer(own)))).toEqual({ by: 'first' });
    first();
    expect(await getToken(request(bearer(own)))).toBeNull();
  });

  it('JWT-47 that cannot be checked are an error, never an answer', async () => {
    bind({ verifyOwnToken: () => Promise.reject(new Error('database is down')) });
    await expect(getToken(request(bearer(own)))).rejects.toThrow('database is down');
  });

  it('are refused when their cookie or header came twice', async () => {
    bind();
    expect(await getToken(request({ cookie: `session=${own}; session=${other}` }))).toBeNull();
    const twice = new Headers([
      ['authorization', `Bearer ${own}`],
      ['authorization', `Bearer ${other}`],
    ]);
    expect(await getToken({ req: { method: 'GET', headers: twice } })).toBeNull();
    const list = { authorization: [`Bearer ${own}`, `Bearer ${other}`] };
    expect(await getToken({ req: { method: 'GET', headers: list } })).toBeNull();
  });
});

const noDefaults = { secrets: [], secureCookie: false, cookieNames: [] };

describe('further cookies', () => {
  it.each(['GET', 'HEAD', 'OPTIONS', 'get'])('are read with the safe method %s', async (method) => {
    bind({ cookieNames: ['auth.token'] });
    expect(await getToken(request({ cookie: `auth.token=${own}` }, method))).toMatchObject({ sub: 'me' });
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', ''])('are ignored with the method %j', async (method) => {
    bind({ cookieNames: ['auth.token'] });
    expect(await getToken(request({ cookie: `auth.token=${own}` }, method))).toBeNull();
  });

  it('are ignored when the request does not tell its method', async () => {
    bind({ cookieNames: ['auth.token'] });
    expect(await getToken({ req: { headers: { cookie: `auth.token=${own}` } } })).toBeNull();
    expect(await getToken({ req: { headers: { cookie: `session=${own}` } } })).toMatchObject({ sub: 'me' });
  });

  it('JWT-48 that nobody configured carry nothing', async () => {
    bind({ secrets: [SECRET] });
    const names = [
      'auth.token',
      'token',
      'Session',
      'session.0',
      'xsession',
      'authjs.session-token',
      '__proto__',
    ];
    for (const name of names) expect(await getToken(request({ cookie: `${name}=${own}` }))).toBeNull();
  });
});

describe('Auth.js tokens', () => {
  it('need a secret: an option, or that of the service', async () => {
    const headers = { cookie: `authjs.session-token=${foreign}` };
    bind();
    expect(await getToken(request(headers))).toBeNull();
    expect(await getToken({ ...request(headers), secret: '' })).toBeNull();
    expect(await getToken({ ...request(headers), secret: SECRET })).toMatchObject({ sub: 'guest' });
    unbind();
    bind({ secrets: [SECRET] });
    expect(await getToken(request(headers))).toMatchObject({ sub: 'guest' });
    expect(await getToken({ ...request(headers), secret: 'another-secret' })).toBeNull();
    expect(await getToken({ ...request(headers), secret: [] })).toBeNull();
  });

  it('take several secrets, as a list or separated by commas', async () => {
    const headers = { cookie: `authjs.session-token=${foreign}` };
    for (const secret of [`new-secret, ${SECRET}`, ['new,secret', SECRET], `${SECRET},`]) {
      expect(await getToken({ ...request(headers), secret })).toMatchObject({ sub: 'guest' });
    }
  });

  it('are read under all four names, whatever the host, when nothing is bound', async () => {
    for (const name of ['authjs.session-token', '__Secure-authjs.session-token']) {
      const headers = { cookie: `${name}=${await authjsToken('guest', name)}`, host: 'auth.internal:3000' };
      expect(await getToken({ ...request(headers), secret: SECRET })).toMatchObject({ sub: 'guest' });
    }
    for (const name of ['next-auth.session-token', '__Secure-next-auth.session-token']) {
      const headers = { cookie: `${name}=${await encodeV4({ token: { sub: 'guest' }, secret: SECRET })}` };
      expect(await getToken({ ...request(headers), secret: SECRET })).toMatchObject({ sub: 'guest' });
    }
  });

  it('of an HTTPS frontend are read by a service on plain HTTP, but not the reverse', async () => {
    const name = '__Secure-authjs.session-token';
    const forwarded = { cookie: `${name}=${await authjsToken('guest', name)}` };
    const tossed = { cookie: `authjs.session-token=${foreign}` };
    bind({ secrets: [SECRET], secureCookie: false });
    expect(await getToken(request(forwarded))).toMatchObject({ sub: 'guest' });
    expect(await getToken(request(tossed))).toMatchObject({ sub: 'guest' });
    unbind();
    bind({ secrets: [SECRET], secureCookie: true });
    expect(await getToken(request(forwarded))).toMatchObject({ sub: 'guest' });
    expect(await getToken(request(tossed))).toBeNull();
    expect(await getToken({ ...request(tossed), secureCookie: false })).toMatchObject({ sub: 'guest' });
    expect(await getToken({ ...request(forwarded), secureCookie: false })).toBeNull();
  });

  it('in a bearer header are read with either salt when nobody tells which', async () => {
    for (const salt of ['authjs.session-token', '__Secure-authjs.session-token']) {
      const headers = bearer(await authjsToken('guest', salt));
      expect(await getToken({ ...request(headers), secret: SECRET })).toMatchObject({ sub: 'guest' });
    }
  });

  it('in a cookie are not hidden by a bearer token of somebody else', async () => {
    bind({ secrets: [SECRET] });
    const cookie = `authjs.session-token=${foreign}`;
    for (const strange of [await ownToken('me', 'JWT'), 'opaque']) {
      expect(await getToken(request({ ...bearer(strange), cookie }))).toMatchObject({ sub: 'guest' });
    }
  });

  it('are found behind a left-over cookie of another application on this host', async () => {
    const leftOver = await encode({ token: {}, secret: 'unknown', salt: 'authjs.session-token' });
    const ours = await encodeV4({ token: { sub: 'guest' }, secret: SECRET });
    const cookie = `authjs.session-token=${leftOver}; next-auth.session-token=${ours}`;
    expect(await getToken({ ...request({ cookie }), secret: SECRET })).toMatchObject({ sub: 'guest' });
  });

  it.each(['xauthjs.session-token', 'authjs.session-tokens', 'authjs.session-token.x', 'authjs.session-token.00',
    'authjs.session-token.1', 'authjs.session-token.-0', 'Authjs.session-token', 'authjs_session-token',
  ])('are not read from the look-alike %s, nor disturbed by it', async (name) => {
    const options = { secret: SECRET };
    expect(await getToken({ ...request({ cookie: `${name}=${foreign}` }), ...options })).toBeNull();
    const cookie = `${name}=junk; authjs.session-token=${foreign}; ${name}.0=junk`;
    expect(await getToken({ ...request({ cookie }), ...options })).toMatchObject({ sub: 'guest' });
  }); // prettier-ignore

  it('survive cookies in any script and broken encodings beside them', async () => {
    const cookie = `flavour=žluťoučký🦊; bad=%E0%A4%A; =; ;;x; authjs.session-token=${foreign}`;
    expect(await getToken({ ...request({ cookie }), secret: SECRET })).toMatchObject({ sub: 'guest' });
  });
});

describe('raw', () => {
  const raw = true as const;

  it('is the string, unverified, of the first place that holds one', async () => {
    const cookie = `session=${other}; authjs.session-token=${foreign}`;
    expect(await getToken({ ...request({ ...bearer(expired), cookie }), raw })).toBe(expired);
    expect(await getToken({ ...request({ cookie }), raw })).toBe(other);
    expect(await getToken({ ...request({ ...bearer('opaque'), cookie }), raw })).toBe(foreign);
    expect(await getToken({ ...request(bearer('a%20b')), raw })).toBe('a b');
    expect(await getToken({ ...request(bearer('%E0%A4%A')), raw })).toBeNull();
    expect(await getToken({ ...request({}), raw })).toBeNull();
  });
});

describe('cookieName and salt', () => {
  it('a cookie name replaces all others and may hold either kind', async () => {
    bind({ secrets: [SECRET], cookieNames: ['auth.token'] });
    const options = { cookieName: 'mine' };
    const renamed = await authjsToken('guest', 'mine');
    expect(await getToken({ ...request({ cookie: `mine=${renamed}` }), ...options })).toMatchObject({
      sub: 'guest',
    });
    expect(await getToken({ ...request({ cookie: `mine=${own}` }), ...options })).toMatchObject({
      sub: 'me',
    });
    for (const name of ['session', 'auth.token', 'authjs.session-token']) {
      expect(await getToken({ ...request({ cookie: `${name}=${own}` }), ...options })).toBeNull();
    }
    expect(await getToken({ ...request(bearer(own)), ...options })).toMatchObject({ sub: 'me' });
  });

  it('a salt holds for every cookie and for the header', async () => {
    const options = { secret: SECRET, salt: 'pepper' };
    const salted = await authjsToken('guest', 'pepper');
    for (const headers of [{ cookie: `__Secure-authjs.session-token=${salted}` }, bearer(salted)]) {
      expect(await getToken({ ...request(headers), ...options })).toMatchObject({ sub: 'guest' });
    }
    const plain = { cookie: `authjs.session-token=${foreign}` };
    expect(await getToken({ ...request(plain), ...options })).toBeNull();
  });
});

describe('decode', () => {
  it('gets token, secret and salt, and its answer is the answer', async () => {
    const seen: unknown[] = [];
    const decode = (params: unknown) => (seen.push(params), { sub: 'custom' });
    const headers = { cookie: 'authjs.session-token=opaque' };
    expect(await getToken({ ...request(headers), secret: SECRET, decode })).toEqual({ sub: 'custom' });
    expect(await getToken({ ...request(headers), secret: 'a,b', decode })).toEqual({ sub: 'custom' });
    expect(await getToken({ ...request(headers), decode, salt: 's' })).toEqual({ sub: 'custom' });
    expect(seen).toEqual([
      { token: 'opaque', secret: SECRET, salt: 'authjs.session-token' },
      { token: 'opaque', secret: ['a', 'b'], salt: 'authjs.session-token' },
      { token: 'opaque', secret: '', salt: 's' },
    ]);
  });

  it('may be that of @auth/core', async () => {
    const headers = { cookie: `authjs.session-token=${foreign}` };
    const options = { secret: ['new-secret', SECRET], decode: decodeOfAuthjs };
    expect(await getToken({ ...request(headers), ...options })).toMatchObject({ sub: 'guest' });
    expect(await getToken({ ...request(headers), decode: decodeOfAuthjs })).toBeNull();
  });

  it('is asked once about the same cookie', async () => {
    const seen: string[] = [];
    const decode = ({ token }: { token: string }) => (seen.push(token), null);
    await getToken({ ...request({ cookie: `mine=${own}` }), cookieName: 'mine', decode });
    expect(seen).toEqual([own]);
  });

  it('reads our own tokens too, in the place of the bound verifier', async () => {
    const decode = async ({ token }: { token: string }) => (await jwtVerify(token, publicKey)).payload;
    expect(await getToken({ ...request(bearer(own)), decode })).toMatchObject({ sub: 'me' });
    bind({ verifyOwnToken: async () => ({ sub: 'bound' }) });
    expect(await getToken({ ...request(bearer(own)), decode })).toMatchObject({ sub: 'me' });
  });

  it('throwing, rejecting or knowing nothing is null', async () => {
    const headers = { cookie: 'authjs.session-token=opaque' };
    const throwing = () => { throw new Error('no'); }; // prettier-ignore
    for (const decode of [throwing, () => Promise.reject(new Error('no')), () => null, async () => null]) {
      expect(await getToken({ ...request(headers), decode })).toBeNull();
    }
  });
});

describe('logger', () => {
  it('LOG-01 hears why, never the token', async () => {
    const lines: string[] = [];
    const logger = { debug: (line: string) => void lines.push(line) };
    const decode = ({ token }: { token: string }) => { throw new Error(`cannot read ${token}`); }; // prettier-ignore
    const headers = { cookie: `authjs.session-token=${foreign}` };
    await getToken({ ...request(headers), secret: 'another-secret', secureCookie: false, logger });
    await getToken({ ...request(headers), decode, secureCookie: false, logger });
    expect(lines).toEqual([
      'The token of this request was not read: ERR_JWE_DECRYPTION_FAILED',
      'The token of this request was not read: Error',
    ]);
  });

  it('may be left out', async () => {
    expect(await getToken({ ...request(bearer('junk')), secret: SECRET })).toBeNull();
  });
});
