import { join } from 'node:path';
import type { AppConfig } from './config/app-config.js';
import { ConfigurationError } from './config/load-config.js';
import { EmbeddedPostgresError } from './database/embedded/embedded-postgres.error.js';
import { SigningKeyUnreadable } from './tokens/key-store.js';

/** What somebody who started the service wants to know first. */
export function greeting({ http, mail, database }: AppConfig): string {
  const mails = mail.smtpUrl === undefined ? join(database.dataDir, 'outbox') : new URL(mail.smtpUrl).host;
  const lines = [
    '',
    `Tokenhouse is listening on ${http.publicUrl} (port ${http.port})`,
    ...(http.docs ? [`  API documentation  ${http.publicUrl}/docs`] : []),
    `  Mails              ${mails}`,
    `  Database           ${database.url === undefined ? join(database.dataDir, 'postgres') : 'DATABASE_URL'}`,
    '',
    'Try it:',
    `  curl ${http.publicUrl}/api/auth/register -H 'content-type: application/json' \\`,
    `    -d '{"email":"ada@example.com","password":"correct horse battery","firstName":"Ada","username":"ada"}'`,
    '',
    'Ctrl-C stops it.',
    '',
  ];
  return lines.join('\n');
}

/** Why the service did not start, in words for the person at the terminal. */
export function reasonForNotStarting(error: unknown): string {
  const explained = [ConfigurationError, EmbeddedPostgresError, SigningKeyUnreadable];
  if (explained.some((kind) => error instanceof kind)) return (error as Error).message;
  const { code, port, address } = error as { code?: string; port?: number; address?: string };
  if (code === 'EADDRINUSE') {
    return `Port ${port} on ${address} is in use already, perhaps by another Tokenhouse. Stop that one, or set PORT.`;
  }
  if (code === 'EACCES' && port !== undefined) {
    return `This user may not listen on port ${port}. Set PORT to a number above 1023.`;
  }
  return `Tokenhouse could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
