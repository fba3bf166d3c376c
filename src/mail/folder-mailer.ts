import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { createTransport, type SendMailOptions } from 'nodemailer';
import type { Clock } from '../common/clock.js';
import type { AppConfig } from '../config/app-config.js';
import { type MailMessage, Mailer } from './mailer.js';
import { mimeMessage } from './mime-message.js';

/** Without a mail server: every message becomes an `.eml` file in the data folder, the newest sorting last. */
export class FolderMailer extends Mailer {
  private readonly logger = new Logger(FolderMailer.name);
  private readonly transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  private readonly folder: string;
  private lastMs = 0;
  private count = 0;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {
    super();
    this.folder = join(config.database.dataDir, 'outbox');
  }

  /** The file appears whole or not at all, and only its owner can read it: it holds working links. */
  async send(message: MailMessage): Promise<void> {
    const mail = legible(mimeMessage(this.config.mail.from, message), message);
    const { message: bytes } = await this.transport.sendMail(mail);
    await mkdir(this.config.database.dataDir, { recursive: true });
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const name = this.nextName(message.letter);
    const draft = join(this.folder, `.${name}.tmp`);
    try {
      await writeFile(draft, bytes, { mode: 0o600, flag: 'wx' });
      await rename(draft, join(this.folder, name));
    } catch (error) {
      // On a full disk each attempt would leave its beginning, and take what room others make.
      await rm(draft, { force: true });
      throw error;
    }
    this.logger.log(`Mail "${message.letter}" is in ${join(this.folder, name)}`);
  }

  close(): void {}

  /** Time, a number that grows within the process, and something random in case another shares the folder. */
  private nextName(letter: string): string {
    this.lastMs = Math.max(this.lastMs, this.clock.nowMs());
    this.count += 1;
    const time = new Date(this.lastMs).toISOString().replaceAll(':', '-');
    const unique = `${String(this.count).padStart(6, '0')}-${randomBytes(3).toString('hex')}`;
    return `${time}-${unique}-${letter.replace(/[^a-z0-9-]/gi, '_')}.eml`;
  }
}

/** Its parts as they are: people copy links from these files, and quoted-printable would break every one. */
function legible(mail: SendMailOptions, { text, html }: MailMessage): SendMailOptions {
  const alternatives = [rawPart('text/plain', text), rawPart('text/html', html)];
  return { ...mail, text: undefined, html: undefined, alternatives };
}

function rawPart(type: string, content: string): { raw: string } {
  const headers = [`Content-Type: ${type}; charset=utf-8`, 'Content-Transfer-Encoding: 8bit'];
  return { raw: [...headers, '', content].join('\r\n') };
}
