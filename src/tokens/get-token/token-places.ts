/** Where tokens are looked for in a request besides the `Authorization` header. */
export interface TokenPlaces {
  /** Cookies of our own access token, whatever the method. */
  readonly ownCookies: readonly string[];
  /** Further cookies of our own access token, for safe methods only. */
  readonly safeMethodCookies: readonly string[];
  /** Cookies of an Auth.js token, the first first; each may be chunked. */
  readonly authjsCookies: readonly string[];
  /** Salts of an Auth.js token from the header, where no cookie name tells. */
  readonly headerSalts: readonly string[];
  /** Salt of every Auth.js token; undefined: the name of its cookie. */
  readonly salt?: string;
}

/** What the caller says about the places. */
interface PlaceOptions {
  readonly cookieName?: string;
  readonly salt?: string;
  readonly secureCookie?: boolean;
}

/** What the running service says about them, where the caller is silent. */
interface PlaceDefaults {
  readonly secureCookie: boolean;
  readonly cookieNames: readonly string[];
}

/** A `cookieName` of the caller is the only cookie that is looked at; whose token it holds, its shape tells. */
export function tokenPlaces(options: PlaceOptions, defaults?: PlaceDefaults): TokenPlaces {
  const { cookieName, salt } = options;
  const pick = prefixPicker(options.secureCookie, defaults?.secureCookie);
  const authjs = pick('authjs.session-token', '__Secure-authjs.session-token');
  const nextAuth = pick('next-auth.session-token', '__Secure-next-auth.session-token');
  return {
    ownCookies: cookieName ? [cookieName] : pick('session', '__Host-session'),
    safeMethodCookies: cookieName ? [] : (defaults?.cookieNames ?? []),
    authjsCookies: cookieName ? [cookieName] : [...authjs, ...nextAuth],
    headerSalts: salt !== undefined ? [salt] : cookieName ? [cookieName] : authjs,
    salt,
  };
}

/**
 * Which of a plain and a prefixed cookie name counts. Told: exactly one, as in Auth.js. Inferred `true`: the prefixed
 * one alone, since a plain cookie could come from a neighbour on plain HTTP. Inferred `false`, or unknown: both, since
 * browsers send a prefixed cookie only from HTTPS, so a frontend there forwards it to an internal host (parity JA-08).
 */
function prefixPicker(told?: boolean, inferred?: boolean): (plain: string, prefixed: string) => string[] {
  if (told ?? inferred) return (_plain, prefixed) => [prefixed];
  if (told === false) return (plain) => [plain];
  return inferred === false ? (plain, prefixed) => [plain, prefixed] : (plain, prefixed) => [prefixed, plain];
}
