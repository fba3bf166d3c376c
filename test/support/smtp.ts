import type { AddressInfo } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { expect } from 'vitest';

export interface ReceivedMail {
  /** The addresses of the SMTP conversation, which decide where a mail goes. */
  readonly recipients: string[];
  readonly mail: ParsedMail;
  readonly raw: string;
}

/**
 * How the server behaves: `busy` answers connections with 421, `hang` takes connections and says nothing,
 * `refuse` accepts no recipient (550). A number is a delay in milliseconds before each mail is accepted.
 */
export type SmtpMood = 'well' | 'busy' | 'hang' | 'refuse' | number;

/** A real SMTP server in this process. Takes a port of its own, which it keeps through `stop` and `start`. */
export class SmtpTestServer {
  readonly received: ReceivedMail[] = [];
  mood: SmtpMood = 'well';
  /** Addresses whose mails are put off (451) for as long as they are here. */
  readonly deferred = new Set<string>();
  /** Connections and mails attempted, whatever became of them. */
  attempts = 0;
  private port = 0;
  private server?: SMTPServer;
  private readonly hung: (() => void)[] = [];

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  async start(): Promise<this> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      closeTimeout: 50,
      onConnect: (_session, done) => this.greet(done),
      onRcptTo: ({ address }, _session, done) => done(this.refusalOf(address)),
      onData: (stream, session, done) => void this.receive(stream, session).then(() => done(), done),
    });
    server.on('error', () => {});
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.server.address() as AddressInfo).port;
    return this;
  }

  /** Connections that wait for a word. */
  get hanging(): number {
    return this.hung.length;
  }

  /** Ends it; connections are then refused by the operating system. */
  async stop(): Promise<void> {
    this.hung.splice(0).forEach((release) => release());
    await new Promise<void>((resolve) => this.server?.close(resolve) ?? resolve());
  }

  /** The newest mail to an address, once one has come that `fits`. */
  async mailTo(address: string, fits: (mail: ParsedMail) => boolean = () => true): Promise<ParsedMail> {
    const find = (): ReceivedMail | undefined =>
      this.received.findLast(({ recipients, mail }) => recipients.includes(address) && fits(mail));
    await expect.poll(find, { timeout: 15_000, interval: 20 }).toBeDefined();
    return (find() as ReceivedMail).mail;
  }

  clear(): void {
    this.received.length = 0;
  }

  private greet(done: (error?: Error) => void): void {
    this.attempts += 1;
    if (this.mood === 'hang') this.hung.push(() => done(answer(421, 'Going down')));
    else done(this.mood === 'busy' ? answer(421, 'Too busy') : undefined);
  }

  private refusalOf(address: string): Error | null {
    if (this.deferred.has(address)) return answer(451, 'Come again later');
    return this.mood === 'refuse' ? answer(550, 'No such mailbox') : null;
  }

  private async receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const { mood } = this;
    if (typeof mood === 'number') await new Promise((resolve) => setTimeout(resolve, mood));
    const recipients = session.envelope.rcptTo.map(({ address }) => address);
    this.received.push({ recipients, mail: await simpleParser(raw), raw: raw.toString('utf8') });
  }
}

/** The one-time secret in a mail's link; fails the test when there is none. */
export function tokenIn(mail: ParsedMail): string {
  const [, token] = /[?&]token=([\w-]+)/.exec(mail.text ?? '') ?? [];
  expect(token, `a link in "${mail.subject}"`).toBeDefined();
  return token as string;
}

function answer(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
