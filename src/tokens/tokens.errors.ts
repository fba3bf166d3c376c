import { DomainError } from '../common/domain-error.js';

const CHALLENGE = { 'WWW-Authenticate': 'Bearer' };
/** RFC 6750, section 3.1: only when a bearer token was sent and refused. */
const INVALID_TOKEN = { 'WWW-Authenticate': 'Bearer error="invalid_token"' };

export class TokenMissing extends DomainError {
  constructor() {
    super(401, 'token_missing', 'This needs a bearer token.', { headers: CHALLENGE });
  }
}

/** Not an access token of ours, for whatever reason; clients never learn which. */
export class TokenInvalid extends DomainError {
  /** @param reason for the log; quotes nothing of the token but through `quoted` */
  constructor(reason?: unknown) {
    super(401, 'token_invalid', 'The bearer token is not valid.', { cause: reason, headers: INVALID_TOKEN });
  }
}

/** Not ours, as far as the keys known here tell; those of a service elsewhere may have grown meanwhile. */
export class KeyUnknown extends TokenInvalid {}

/** Ours, and late. */
export class TokenExpired extends DomainError {
  constructor() {
    super(401, 'token_expired', 'The bearer token has expired.', { headers: INVALID_TOKEN });
  }
}

/** Ours, and its session is over. */
export class SessionRevoked extends DomainError {
  /** @param credential what named the session; a refresh token is no bearer token */
  constructor(credential: 'bearer' | 'refresh' = 'bearer') {
    const headers = credential === 'bearer' ? INVALID_TOKEN : CHALLENGE;
    super(401, 'session_revoked', 'The session of this token is over; sign in again.', { headers });
  }
}

export class RefreshTokenInvalid extends DomainError {
  constructor() {
    super(401, 'refresh_token_invalid', 'The refresh token is not valid.', { headers: CHALLENGE });
  }
}

export class RefreshTokenReused extends DomainError {
  constructor() {
    super(401, 'refresh_token_reused', 'The refresh token has been used before.', { headers: CHALLENGE });
  }
}

/** Whether an error says that a token does not count, and not that nobody can tell. */
export function isRefusal(error: unknown): boolean {
  return error instanceof DomainError && error.status === 401;
}
