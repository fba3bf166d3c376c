/** ASCII only, so no look-alikes; no `@`, so a username is never taken for an address. */
const USERNAME = /^[A-Za-z0-9._-]{2,255}$/;

/** Names that people would take for the service itself, or programs for something else. */
const RESERVED = new Set([
  'abuse', 'account', 'admin', 'administrator', 'anonymous', 'api', 'auth', 'guest', 'help', 'hostmaster',
  'info', 'login', 'logout', 'mail', 'me', 'moderator', 'noreply', 'null', 'official', 'owner',
  'postmaster', 'register', 'registered', 'root', 'security', 'self', 'service', 'settings', 'signin', 'signup',
  'staff', 'superuser', 'support', 'sysadmin', 'system', 'tokenhouse', 'undefined', 'user', 'users', 'webmaster',
]); // prettier-ignore

/** Whether `name` may be chosen as a username (parity RG-05). */
export function isUsername(name: string): boolean {
  // `_admin` and `ad.min` look like `admin`.
  return USERNAME.test(name) && !RESERVED.has(name.toLowerCase().replace(/[._-]/g, ''));
}
