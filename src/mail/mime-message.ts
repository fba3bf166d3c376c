import type { SendMailOptions } from 'nodemailer';
import { UnsendableMail } from './mail.errors.js';
import type { MailMessage } from './mailer.js';

/** One plain address: whatever a mail library could read as a list, a group, a name or a route is none. */
const ONE_ADDRESS = /^[^\s,;:<>()[\]\\"@]+@[^\s,;:<>()[\]\\"@]+$/;

/**
 * A message in nodemailer's terms: one recipient, no line breaks in headers (INJ-16), and marked as written
 * by a machine, so that out-of-office replies stay away (RFC 3834, section 5).
 * @throws UnsendableMail
 */
export function mimeMessage(from: string, { to, subject, text, html }: MailMessage): SendMailOptions {
  if (!ONE_ADDRESS.test(to)) throw new UnsendableMail('The recipient is not one mail address.');
  // eslint-disable-next-line no-control-regex -- finding control characters is its purpose
  if (/[\x00-\x1f\x7f]/.test(from + subject)) throw new UnsendableMail('A header has a control character.');
  return {
    from,
    // As an object, so that nothing parses it as a list (INJ-20).
    to: { name: '', address: to },
    subject,
    text,
    html,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
