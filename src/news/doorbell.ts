import type pg from 'pg';

/**
 * Tells every replica that there is news to read, at once. It carries nothing: a ring that is lost costs the time until
 * the next look, never the truth.
 */
export interface Doorbell {
  /** For the other replicas; news has been found that nobody rang for. */
  ring(): void;
  /** Calls `onRing` from now on; once for each `connection` that the follower makes. */
  listen(connection: pg.Client, onRing: () => void): Promise<void>;
  close(): void;
}

export const DOORBELL = Symbol('doorbell');
