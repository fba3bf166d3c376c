import { isIP } from 'node:net';
import type { AppConfig } from '../config/app-config.js';
import type { Envelope, LetterVariables } from './envelope.js';
import { addressText, nameText } from './user-text.js';

type VariablesConfig = Pick<AppConfig, 'links' | 'mail' | 'users'>;

/** What a letter may say, as text in HTML and elsewhere: made harmless. */
export type SafeVariables = Record<string, string | number | URL | Date>;

/** Names of variables that hold a mail address. */
const ADDRESS = /(?:email|login|recipient)$/i;
/** Names of variables that hold the address of a computer. */
const IP = /^ip$|Ip$/;

/** Everything a letter may name (parity ML-04). What is unknown about a person is an empty string. */
export function variablesOf(
  config: VariablesConfig,
  { to, person, variables }: Omit<Envelope, 'letter'>,
): LetterVariables {
  const firstName = person.firstName ?? '';
  const lastName = person.lastName ?? '';
  return {
    recipient: to,
    firstName,
    lastName,
    fullName: `${firstName} ${lastName}`.trim(),
    email: person.email,
    username: person.username ?? '',
    login: loginOf(config, person),
    ...variables,
    appName: appName(config),
    appUrl: new URL(config.links.appUrl),
  };
}

/** Text can neither break a line nor become a link; only values of type `URL` stay links (INJ-16). */
export function harmless(config: VariablesConfig, variables: LetterVariables): SafeVariables {
  const own = appName(config);
  const entries = Object.entries(variables).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const trusted = typeof value !== 'string' || (name === 'appName' && value === own);
    return [[name, trusted ? value : harmlessText(name, value)] as const];
  });
  return Object.fromEntries(entries);
}

function harmlessText(name: string, value: string): string {
  if (IP.test(name) && isIP(value) !== 0) return value;
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
