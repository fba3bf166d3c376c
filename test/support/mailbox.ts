import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { expect } from 'vitest';

export interface Mail {
  to: string;
  subject: string;
  text: string;
  html: string;
  /** The `token` of its first link; empty when it has none. */
  token: string;
  link: string;
}

/** The `.eml` files that a service without an SMTP server writes. */
export class Mailbox {
  /** Files never change once they are there. */
  private readonly parsed = new Map<string, Promise<Mail>>();

  constructor(private readonly folder: string) {}

  /** All mails so far, the oldest first; with `to` only those to that address. */
  async all(to?: string): Promise<Mail[]> {
    const names = await readdir(this.folder).catch(() => []);
    const mails = await Promise.all(
      names
        .filter((name) => name.endsWith('.eml'))
        .sort()
        .map((name) => this.mail(name)),
    );
    return mails.filter((mail) => to === undefined || mail.to === to);
  }

  /** Waits until there are `count` mails to an address, and gives the newest that `subject` matches. */
  async newest(to: string, subject: RegExp = /./, count = 1): Promise<Mail> {
    let found: Mail[] = [];
    await expect
      .poll(async () => (found = (await this.all(to)).filter((mail) => subject.test(mail.subject))).length, {
        timeout: 15_000,
        interval: 20,
        message: `${count} mail(s) to ${to} about ${subject}`,
      })
      .toBeGreaterThanOrEqual(count);
    return found.at(-1) as Mail;
  }

  private mail(name: string): Promise<Mail> {
    const mail = this.parsed.get(name) ?? this.read(name);
    this.parsed.set(name, mail);
    return mail;
  }

  private async read(name: string): Promise<Mail> {
    const parsed = await simpleParser(await readFile(join(this.folder, name)));
    const text = parsed.text ?? '';
    const link = /https?:\/\/\S+[?&]token=[\w%-]+/.exec(text)?.[0] ?? '';
    const to = Array.isArray(parsed.to) ? parsed.to[0] : parsed.to;
    return {
      to: to?.value[0]?.address ?? '',
      subject: parsed.subject ?? '',
      text,
      html: parsed.html || '',
      link,
      token: link === '' ? '' : (new URL(link).searchParams.get('token') ?? ''),
    };
  }
}
