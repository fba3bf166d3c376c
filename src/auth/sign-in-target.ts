import type { User } from '../users/user.entity.js';

/** Whom somebody wants to sign in as; the same for a login that nobody has. */
export interface SignInTarget {
  /** One for every way to name somebody: address, username, whatever their spelling. */
  readonly key: string;
  readonly user: Pick<User, 'id'> | null;
}

export function targetOf(user: Pick<User, 'id'>): SignInTarget {
  return { user, key: `user ${user.id}` };
}
