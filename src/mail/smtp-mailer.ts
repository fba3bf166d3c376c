import { createTransport } from 'nodemailer';
import type { AppConfig } from '../config/app-config.js';
import { type MailMessage, Mailer } from './mailer.js';
import { mimeMessage } from './mime-message.js';

/** For each step of the conversation; the worker bounds the whole. */
const STEP_TIMEOUT_MS = 10_000;

/** Sends through the mail server of `SMTP_URL`, over a few connections that stay open while they are used. */
export class SmtpMailer extends Mailer {
  private readonly transport;

  constructor(
    smtpUrl: string,
    private readonly config: AppConfig,
    connections: number,
  ) {
    super();
    this.transport = createTransport({
      pool: true,
      maxConnections: connections,
      // The outbox tries again, later; nodemailer must not do so on its own.
      maxRequeues: 0,
      connectionTimeout: STEP_TIMEOUT_MS,
      greetingTimeout: STEP_TIMEOUT_MS,
      socketTimeout: STEP_TIMEOUT_MS,
      dnsTimeout: STEP_TIMEOUT_MS,
      ...encryption(new URL(smtpUrl)),
      url: smtpUrl,
    });
  }

  async send(message: MailMessage, signal: AbortSignal): Promise<void> {
    await this.transport.sendMail({ ...mimeMessage(this.config.mail.from, message), signal });
  }

  close(): void {
    this.transport.close({ force: true });
  }
}

/**
 * Certificates are always verified. A mail server on this very machine is spoken to as it is: there is no
 * network to protect, and its certificate names another host. Elsewhere STARTTLS is used when offered, and
 * insisted on when there is a password to protect. Parameters of the URL (`?requireTLS=false`) win over this.
 */
function encryption({ hostname, password }: URL): { ignoreTLS?: boolean; requireTLS?: boolean } {
  const local = hostname === 'localhost' || hostname === '[::1]' || /^127\.[\d.]+$/.test(hostname);
  return local ? { ignoreTLS: true } : { requireTLS: password !== '' };
}
