/** Header containers that frameworks hand out: `Headers`, Node's plain object, a list of pairs. */
export type HeadersLike =
  | { get(name: string): string | null }
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** A fetch `Request`, a Node `IncomingMessage`, a request of Express, Fastify or NestJS, or just `{ headers }`. */
export interface RequestLike {
  readonly headers: HeadersLike;
  readonly method?: string;
}

/** An h3 event: `node.req` in h3 v1 (Nitro 2, Nuxt 3 and 4), a fetch `Request` as `req` in h3 v2. */
export interface EventLike {
  readonly node?: { readonly req: RequestLike };
  readonly req?: RequestLike;
}

/** What is read of a request, whichever framework it comes from. */
export interface RequestHead {
  /** Upper case; undefined when the request does not tell, as with a bare `{ headers }`. */
  readonly method?: string;
  /** Every `Authorization` value; more than one is ambiguous and names nobody. */
  readonly authorization: readonly string[];
  /** The `Cookie` header, empty when none was sent. */
  readonly cookie: string;
}

/**
 * The parts of a request that can carry a token.
 * @throws TypeError when neither `req` nor `event` is a request: a mistake in the program, not in the request.
 */
export function readRequestHead(source: { req?: RequestLike; event?: EventLike }): RequestHead {
  const request = source.req ?? source.event?.node?.req ?? source.event?.req;
  if (!request?.headers) {
    throw new TypeError('getToken needs a request: pass `req` (with its headers) or an h3 `event`.');
  }
  return {
    method: request.method?.toUpperCase(),
    authorization: authorizationOf(request),
    // RFC 6265, section 5.4: one header, but HTTP/2 may split it; the parts are joined as RFC 9113 8.2.3 says.
    cookie: valuesOf(request.headers, 'cookie').join('; '),
  };
}

function authorizationOf(request: RequestLike): readonly string[] {
  const lines = linesOnTheWire(request, 'authorization');
  return lines.length > 1 ? lines : valuesOf(request.headers, 'authorization');
}

/** Node keeps the first of two `Authorization` lines in `headers` without a word; `rawHeaders` has them all. */
function linesOnTheWire(request: RequestLike, name: string): string[] {
  const { rawHeaders, raw } = request as { rawHeaders?: unknown; raw?: { rawHeaders?: unknown } };
  const flat = rawHeaders ?? raw?.rawHeaders;
  if (!Array.isArray(flat)) return [];
  const lines: string[] = flat.map(String);
  return lines.filter((_value, i) => i % 2 === 1 && lines[i - 1]?.toLowerCase() === name);
}

function valuesOf(headers: HeadersLike, name: string): string[] {
  if ('get' in headers && typeof headers.get === 'function') return present(headers.get(name));
  const entries = Symbol.iterator in headers ? [...headers] : Object.entries(headers);
  return entries.flatMap(([key, value]) => (key.toLowerCase() === name ? present(value) : []));
}

function present(value: unknown): string[] {
  return [value].flat().filter((one): one is string => typeof one === 'string');
}
