import { encode, getToken as getTokenOfAuthjs } from '@auth/core/jwt';
import { encode as encodeV4, getToken as getTokenOfNextAuth } from 'next-auth/jwt';
import { beforeAll, describe, expect, it } from 'vitest';
import { getToken } from '../../../../src/tokens/get-token/get-token.js';

const SECRET = 'one-secret-that-both-sides-know-000001';
const NAME = 'authjs.session-token';
const SECURE_NAME = '__Secure-authjs.session-token';

interface Case {
  headers: Record<string, string>;
  options?: { secureCookie?: boolean; cookieName?: string; salt?: string; secret?: string | string[] };
  /** Whether both sides find a user; guards against a table in which everything is null. */
  found: boolean;
}

/** As `SessionStore` of @auth/core cuts a cookie: 3936 characters a chunk. */
function chunked(name: string, value: string): string {
  const chunks = value.match(/.{1,3936}/g) ?? [];
  return chunks.map((chunk, i) => `${name}.${i}=${chunk}`).join('; ');
}

const cases: Record<string, Case> = {};

beforeAll(async () => {
  const plain = await encode({ token: { sub: '1' }, secret: SECRET, salt: NAME });
  const secure = await encode({ token: { sub: '2' }, secret: SECRET, salt: SECURE_NAME });
  const renamed = await encode({ token: { sub: '3' }, secret: SECRET, salt: 'my-app' });
  const salted = await encode({ token: { sub: '4' }, secret: SECRET, salt: 'pepper' });
  const large = await encode({ token: { sub: '5', pad: 'é'.repeat(3000) }, secret: SECRET, salt: NAME });
  const huge = await encode({ token: { sub: '6', pad: 'x'.repeat(32_000) }, secret: SECRET, salt: NAME });
  const old = await encode({ token: { sub: '7' }, secret: 'the-old-secret-000000', salt: NAME });
  const late = await encode({ token: { sub: '8' }, secret: SECRET, salt: NAME, maxAge: -10 });
  const tooLate = await encode({ token: { sub: '9' }, secret: SECRET, salt: NAME, maxAge: -30 });
  expect(huge.length / 3936).toBeGreaterThan(10);
  const reversed = chunked(NAME, huge).split('; ').reverse().join('; ');
  Object.assign(cases, {
    'no token': { headers: {}, found: false },
    'a cookie': { headers: { cookie: `${NAME}=${plain}` }, found: true },
    'a cookie among others': { headers: { cookie: `a=b; ${NAME}=${plain}; theme=dark` }, found: true },
    'header names in capitals': { headers: { Cookie: `${NAME}=${plain}` }, found: true },
    'a secure cookie': {
      headers: { cookie: `${SECURE_NAME}=${secure}` },
      options: { secureCookie: true },
      found: true,
    },
    'the other cookie than told': {
      headers: { cookie: `${NAME}=${plain}` },
      options: { secureCookie: true },
      found: false,
    },
    'a secure cookie where a plain one is told': {
      headers: { cookie: `${SECURE_NAME}=${secure}` },
      found: false,
    },
    'a token under the other name': { headers: { cookie: `${NAME}=${secure}` }, found: false },
    'a renamed cookie': {
      headers: { cookie: `my-app=${renamed}` },
      options: { cookieName: 'my-app' },
      found: true,
    },
    'a renamed cookie nobody told of': { headers: { cookie: `my-app=${renamed}` }, found: false },
    'a salt of its own': {
      headers: { cookie: `${NAME}=${salted}` },
      options: { salt: 'pepper' },
      found: true,
    },
    'two chunks': { headers: { cookie: chunked(NAME, large) }, found: true },
    'more than ten chunks': { headers: { cookie: chunked(NAME, huge) }, found: true },
    'chunks in another order': { headers: { cookie: reversed }, found: true },
    'a chunk missing': { headers: { cookie: reversed.replace(/[^ ]*token\.4=[^;]*; /, '') }, found: false },
    'an emptied cookie beside chunks': {
      headers: { cookie: `${NAME}=; ${chunked(NAME, large)}` },
      found: true,
    },
    'a bearer header': { headers: { authorization: `Bearer ${plain}` }, found: true },
    'a percent-encoded bearer': {
      headers: { authorization: `Bearer ${plain.replaceAll('.', '%2E')}` },
      found: true,
    },
    'bad percent-encoding': { headers: { authorization: `Bearer %E0%A4%A` }, found: false },
    'a bearer with nothing': { headers: { authorization: 'Bearer' }, found: false },
    'another scheme': { headers: { authorization: `Basic ${plain}` }, found: false },
    'a cookie beats a header': {
      headers: { cookie: `${NAME}=${plain}`, authorization: `Bearer ${late}` },
      found: true,
    },
    'a bad cookie is not rescued by a good header': {
      headers: { cookie: `${NAME}=nonsense`, authorization: `Bearer ${plain}` },
      found: false,
    },
    'an old secret in the list': {
      headers: { cookie: `${NAME}=${old}` },
      options: { secret: [SECRET, 'the-old-secret-000000'] },
      found: true,
    },
    'an old secret not in the list': { headers: { cookie: `${NAME}=${old}` }, found: false },
    'ten seconds late': { headers: { cookie: `${NAME}=${late}` }, found: true },
    'thirty seconds late': { headers: { cookie: `${NAME}=${tooLate}` }, found: false },
    'a session id of a database': {
      headers: { cookie: `${NAME}=0b9a7a4e-5a6d-4a53-9f9e-7d2b8f0f2b11` },
      found: false,
    },
  } satisfies Record<string, Case>);
});

const names = [
  'no token', 'a cookie', 'a cookie among others', 'header names in capitals', 'a secure cookie',
  'the other cookie than told', 'a secure cookie where a plain one is told', 'a token under the other name',
  'a renamed cookie', 'a renamed cookie nobody told of', 'a salt of its own', 'two chunks', 'more than ten chunks',
  'chunks in another order', 'a chunk missing', 'an emptied cookie beside chunks', 'a bearer header',
  'a percent-encoded bearer', 'bad percent-encoding', 'a bearer with nothing', 'another scheme',
  'a cookie beats a header', 'a bad cookie is not rescued by a good header', 'an old secret in the list',
  'an old secret not in the list', 'ten seconds late', 'thirty seconds late', 'a session id of a database',
]; // prettier-ignore

describe('getToken answers as that of @auth/core', () => {
  it('has every case in the table', () => expect(Object.keys(cases)).toEqual(names));

  it.each(names)('%s', async (name) => {
    const { headers, options, found } = cases[name] as Case;
    const common = { secret: SECRET, secureCookie: false, ...options };
    const theirs = await getTokenOfAuthjs({ req: { headers }, ...common });
    expect(await getToken({ req: { headers }, ...common })).toEqual(theirs);
    expect(theirs !== null).toBe(found);
  });

  it.each(['a cookie', 'two chunks', 'a percent-encoded bearer', 'a cookie beats a header', 'no token'])(
    '%s, raw',
    async (name) => {
      const { headers } = cases[name] as Case;
      const theirs = await getTokenOfAuthjs({ req: { headers }, raw: true, secureCookie: false });
      expect(await getToken({ req: { headers }, raw: true, secureCookie: false })).toBe(theirs);
    },
  );
});

describe('getToken answers as that of next-auth 4', () => {
  it.each([
    ['a plain cookie', false, 'next-auth.session-token'],
    ['a secure cookie', true, '__Secure-next-auth.session-token'],
  ])('%s', async (_title, secureCookie, cookieName) => {
    const token = await encodeV4({ token: { sub: '1', pad: 'x'.repeat(9000) }, secret: SECRET });
    const headers = { cookie: chunked(cookieName, token) };
    // next-auth 4 reads the cookies that its framework has parsed.
    const cookies = Object.fromEntries(headers.cookie.split('; ').map((pair) => pair.split('=')));
    const req = { headers, cookies } as unknown as Parameters<typeof getTokenOfNextAuth>[0]['req'];
    const theirs = await getTokenOfNextAuth({ req, secret: SECRET, secureCookie });
    expect(theirs).toMatchObject({ sub: '1' });
    expect(await getToken({ req: { headers }, secret: SECRET, secureCookie })).toEqual(theirs);
  });
});
