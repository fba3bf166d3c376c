import { UnsendableMail } from './mail.errors.js';

const MAX_LENGTH = 300;
/** A server that refuses this recipient for good (RFC 5321, section 4.2.1) is asked only a few times more. */
const ATTEMPTS_AFTER_REFUSAL = 6;

/** What nodemailer adds to its errors. */
interface SmtpError extends Error {
  code?: string;
  command?: string;
  responseCode?: number;
}

/** What went wrong, for the log and the operator: mail servers repeat addresses, and errors may quote links. */
export function describeFailure(error: unknown): string {
  const { message, code, command } = error as SmtpError;
  const words = [code, command && `at ${command}`, message ?? String(error)].filter(Boolean).join(' ');
  return words
    .replace(/https?:\S+/gi, '<link>')
    .replace(/[^\s<>@]+@[^\s<>@]+/g, '<address>')
    .replace(/\s+/g, ' ')
    .slice(0, MAX_LENGTH);
}

/** Whether a further attempt could not end better. */
export function isHopeless(error: unknown, attempts: number): boolean {
  if (error instanceof UnsendableMail) return true;
  const { command, responseCode = 0 } = error as SmtpError;
  return command === 'RCPT TO' && responseCode >= 500 && attempts >= ATTEMPTS_AFTER_REFUSAL;
}
