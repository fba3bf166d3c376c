import type { AppConfig } from '../config/app-config.js';
import { parseEmailAddress } from './email-address.js';

type LoginAttribute = AppConfig['users']['loginAttribute'];

/**
 * What somebody typed to sign in, as `LOGIN_ATTRIBUTE` reads it, in the one spelling of all that mean the same; also
 * where nobody has it. Usernames have no `@`.
 */
export function parseLogin(
  login: string,
  attribute: LoginAttribute,
): { by: 'email' | 'username'; value: string } {
  const byEmail = attribute === 'both' ? login.includes('@') : attribute === 'email';
  const value = ((byEmail && parseEmailAddress(login)) || login).toLowerCase();
  return { by: byEmail ? 'email' : 'username', value };
}
