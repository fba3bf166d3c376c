import type { AppConfig } from '../config/app-config.js';
import type { Envelope } from './envelope.js';
import { addressText, nameText } from './user-text.js';

type VariablesConfig = Pick<AppConfig, 'links' | 'mail' | 'users'>;
type SafeVariables = Record<string, string | number | URL>;

/** Names of variables that hold a mail address. */
const ADDRESS = /(?:email|login|recipient)$/i;

/**
 * Everything a letter may name (parity ML-04), made harmless: text can neither break a line nor become a link.
 * Only values of type `URL` stay links. What is unknown about a person is an empty string.
 */
export function letterVariables(config: VariablesConfig, { to, person, variables }: Envelope): SafeVariables {
  const firstName = person.firstName ?? '';
  const lastName = person.lastName ?? '';
  const all = {
    recipient: to,
    firstName,
    lastName,
    fullName: `${firstName} ${lastName}`.trim(),
    email: person.email,
    username: person.username ?? '',
    login: loginOf(config, person),
    ...variables,
  };
  const safe = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, typeof value === 'string' ? harmless(name, value) : value] as const],
  );
  return { ...Object.fromEntries(safe), appName: appName(config), appUrl: new URL(config.links.appUrl) };
}

function harmless(name: string, value: string): string {
  return ADDRESS.test(name) ? addressText(value) : nameText(value);
}

/** What this person types to sign in. */
function loginOf({ users }: VariablesConfig, { username, email }: Envelope['person']): string {
  return users.loginAttribute === 'username' ? (username ?? email) : email;
}

/** What the service is called: the name in `MAIL_FROM`, else the host of the frontend. */
function appName({ mail, links }: VariablesConfig): string {
  const [, name = ''] = /^\s*"?([^"<]*?)"?\s*</.exec(mail.from) ?? [];
  return name || new URL(links.appUrl).host;
}
