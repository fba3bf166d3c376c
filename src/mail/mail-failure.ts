import { failureText } from '../common/failure-text.js';
import { UnsendableMail } from './mail.errors.js';

/** A server that refuses this recipient for good (RFC 5321, section 4.2.1) is asked only a few times more. */
const ATTEMPTS_AFTER_REFUSAL = 6;

/** What nodemailer adds to its errors. */
interface SmtpError extends Error {
  code?: string;
  command?: string;
  responseCode?: number;
}

/** What went wrong, for the log and the operator. */
export function describeFailure(error: unknown): string {
  const { message, code, command } = error as SmtpError;
  return failureText(code, command && `at ${command}`, message ?? String(error));
}

/** Whether a further attempt could not end better. */
export function isHopeless(error: unknown, attempts: number): boolean {
  if (error instanceof UnsendableMail) return true;
  const { command, responseCode = 0 } = error as SmtpError;
  return command === 'RCPT TO' && responseCode >= 500 && attempts >= ATTEMPTS_AFTER_REFUSAL;
}
