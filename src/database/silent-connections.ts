import { QueryFailedError, type QueryRunner } from 'typeorm';

/** `pg`'s words for `query_timeout`. */
const SILENCE = 'Query read timeout';

/**
 * A connection that gave no answer in time is closed at once. Nothing else may be asked of it, since that would wait as
 * long again: neither the end of its transaction nor, back in the pool, what others ask.
 */
export function closeWhenSilent(runner: QueryRunner): QueryRunner {
  const query = runner.query.bind(runner) as (...parameters: unknown[]) => Promise<never>;
  runner.query = async (...parameters: unknown[]): Promise<never> => {
    try {
      return await query(...parameters);
    } catch (error) {
      if (isSilence(error)) await fail(runner, error.driverError);
      throw error;
    }
  };
  return runner;
}

function isSilence(error: unknown): error is QueryFailedError<Error> {
  return error instanceof QueryFailedError && (error.driverError as Error).message === SILENCE;
}

/** As if the connection itself had told: its runner then gives it back to the pool as broken. */
async function fail(runner: QueryRunner, reason: Error): Promise<void> {
  const connection = (await runner.connect()) as NodeJS.EventEmitter;
  connection.emit('error', reason);
}
