import type { Requirement } from '../guard/requirements.js';
import { EmailNotVerified } from './auth.errors.js';
import type { Principal } from './principal.js';

/** The caller's address is proven, else 403 `email_not_verified`. */
export const emailVerified: Requirement<Principal> = ({ user }) => {
  if (user.emailVerifiedAt === null) throw new EmailNotVerified();
};
