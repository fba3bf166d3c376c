import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import type { AppConfig } from '../../../src/config/app-config.js';
import { SmtpMailer } from '../../../src/mail/smtp-mailer.js';

const config = { mail: { from: 'House <a@example.com>' } } as unknown as AppConfig;
const MESSAGE = { letter: 'x', to: 'ada@example.com', subject: 'Hi', text: 't', html: '<p>h</p>' };

let close = async (): Promise<void> => {};

/** A server with a certificate that nobody trusts. */
async function listen(secure: boolean): Promise<{ port: number; encrypted: boolean[] }> {
  const encrypted: boolean[] = [];
  const server = new SMTPServer({
    secure,
    authOptional: true,
    onData: (stream, session, done) => {
      encrypted.push(session.secure);
      stream.resume().on('end', done);
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () => new Promise((resolve) => server.close(resolve));
  return { port: (server.server.address() as AddressInfo).port, encrypted };
}

async function send(url: string, signal = AbortSignal.timeout(10_000)): Promise<void> {
  const mailer = new SmtpMailer(url, config, 1);
  await mailer.send(MESSAGE, signal).finally(() => mailer.close());
}

describe('SmtpMailer', () => {
  afterEach(() => close());

  it('speaks to a server on this machine as it is, although it offers STARTTLS with a foreign certificate', async () => {
    const { port, encrypted } = await listen(false);
    await send(`smtp://127.0.0.1:${port}`);
    expect(encrypted).toEqual([false]);
  });

  it('does not trust an unknown certificate', async () => {
    const { port, encrypted } = await listen(true);
    await expect(send(`smtps://127.0.0.1:${port}`)).rejects.toThrow(/certificate/);
    expect(encrypted).toEqual([]);
  });

  it('lets parameters of the URL win', async () => {
    const { port, encrypted } = await listen(true);
    await send(`smtps://127.0.0.1:${port}?tls.rejectUnauthorized=false`);
    expect(encrypted).toEqual([true]);
  });

  it('ends with its signal', async () => {
    const { port } = await listen(false);
    await expect(send(`smtp://127.0.0.1:${port}`, AbortSignal.abort())).rejects.toThrow();
  });
});
