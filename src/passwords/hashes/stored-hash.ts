/** A hash that was understood. */
export interface StoredHash {
  /** Scheme and cost. Hashes of one kind take equally long. */
  readonly kind: string;
  /** How much work trying a password is, about; that for today's hash is 1. */
  readonly effort: number;
  /** False above the caps, where trying a password would stall the service. */
  readonly affordable: boolean;
  /** Tries a password, on the thread pool. Right or wrong takes the same time. */
  matches(password: string): Promise<boolean>;
  /** A hash of the same kind, of nobody's password. */
  decoy(): StoredHash;
}
