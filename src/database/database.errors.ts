import { QueryFailedError } from 'typeorm';
import { Unavailable } from '../common/common.errors.js';

/** Node's, `pg`'s and TypeORM's words for a server that cannot be reached, does not answer, or went away meanwhile. */
const CONNECTION_CODES = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH',
]); // prettier-ignore
const CONNECTION_MESSAGES =
  /connection terminated|timeout exceeded when trying to connect|query read timeout|not queryable|connection error|query runner (?:was )?already released|cannot use a pool after|driver not connected|connection is not established/i;
/**
 * SQLSTATE: connection exceptions (08), shutdown and start-up (57P), too many connections, read-only standby,
 * statement timeout, and a deadlock or serialisation failure, after which nothing has happened.
 */
const SERVER_CODES = /^(?:08...|57P0[1-5]|53300|25006|57014|40P01|40001)$/;

/** SQLSTATE: deadlock, serialisation failure. */
const CONFLICT_CODES = /^40(?:P01|001)$/;

/** Whether a transaction was undone only because another one was in its way; nothing of it has happened. */
export function isConflict(error: unknown): boolean {
  if (!(error instanceof QueryFailedError)) return false;
  const { code } = error.driverError as { code?: unknown };
  return typeof code === 'string' && CONFLICT_CODES.test(code);
}

/** Whether a prepared statement is not where it was prepared, or is there already; it has not run (SQLSTATE). */
export function isUnprepared(error: unknown): boolean {
  return error instanceof Error && ['26000', '42P05'].includes(String((error as { code?: unknown }).code));
}

/** Whether an error says that the database could not serve just now, not that a statement was wrong. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : error;
  if (!(cause instanceof Error)) return false;
  const { code } = cause as { code?: unknown };
  if (typeof code === 'string' && (CONNECTION_CODES.has(code) || SERVER_CODES.test(code))) return true;
  return CONNECTION_MESSAGES.test(cause.message);
}

/** What to tell a client of an error: that the database is down where it says so, else the error itself. */
export function orUnavailable(error: unknown): unknown {
  return isDatabaseUnavailable(error) ? new Unavailable(error) : error;
}
