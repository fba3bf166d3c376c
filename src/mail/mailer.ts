/** A message that is ready to go. */
export interface MailMessage {
  /** The letter it was made from, for names and logs. */
  readonly letter: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Takes one message to where mails go. */
export abstract class Mailer {
  /**
   * Resolves once the message has been taken over; rejects when it has not, or `signal` aborts first.
   * @throws UnsendableMail when no attempt could ever succeed
   */
  abstract send(message: MailMessage, signal: AbortSignal): Promise<void>;

  /** Ends its connections, also those in use. */
  abstract close(): void;
}
