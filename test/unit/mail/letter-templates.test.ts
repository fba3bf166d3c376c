import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AppConfig } from '../../../src/config/app-config.js';
import type { Envelope } from '../../../src/mail/envelope.js';
import { LetterTemplates } from '../../../src/mail/letter-templates.js';

const config = {
  links: { appUrl: 'https://app.example' },
  mail: { from: '"The House" <no-reply@example.com>' },
  users: { loginAttribute: 'both' },
} as unknown as AppConfig;

const LETTERS = [
  'account-exists',
  'change-email',
  'confirm-registration',
  'email-change-requested',
  'password-changed',
  'reset-password',
  'session-theft',
  'verify-email',
];
const WITH_LINK = LETTERS.filter((l) => !['account-exists', 'password-changed', 'session-theft'].includes(l));
const LINK = 'https://app.example/reset-password?lang=en&token=abc_-123';

function envelope(letter: string, name = 'Ada', link?: URL): Envelope {
  const person = { email: 'ada@example.com', username: 'ada', firstName: name, lastName: null };
  const variables = link && { link, minutes: 60, newEmail: 'new@example.com' };
  return { letter, to: 'ada@example.com', person, variables };
}

describe('LetterTemplates', () => {
  const templates = new LetterTemplates(config);

  it('has both forms of each letter', () => {
    const files = readdirSync(new URL('../../../src/mail/templates', import.meta.url));
    const expected = LETTERS.flatMap((letter) => [`${letter}.html.hbs`, `${letter}.txt.hbs`]);
    expect(files.sort()).toEqual([...expected, 'button.html.hbs', 'layout.html.hbs'].sort());
  });

  it.each(LETTERS)('renders %s', (letter) => {
    const link = WITH_LINK.includes(letter) ? new URL(LINK) : undefined;
    const { subject, text, html } = templates.render(envelope(letter, 'Ada', link));
    expect(subject).toMatch(/^[A-Z][\w '-]+$/);
    expect(text).toMatch(/^Hello Ada,\n\n[A-Z]/);
    expect(text).toContain('\n-- \nThe House\nhttps://app.example/\n');
    expect(html).toContain('Hello Ada,');
    expect(html).toContain(`<title>${subject}</title>`);
    for (const form of [text, html]) {
      expect(form).toContain('The House');
      expect(form).not.toMatch(/\{\{|undefined|\[object|NaN/);
    }
    // No remote content: opening a mail tells nobody.
    expect(html).not.toMatch(/<img|<script|<iframe|url\(|@import|<link/i);
  });

  it.each(WITH_LINK)('puts the link and its time into %s, in both forms', (letter) => {
    const { text, html } = templates.render(envelope(letter, 'Ada', new URL(LINK)));
    expect(text).toContain(`\n${LINK}\n`);
    expect(text).toMatch(/for (60 minutes|7 days)/);
    expect(html.split(`href="${LINK.replace('&', '&amp;')}"`)).toHaveLength(3);
  });

  it.each(LETTERS)('greets a person without a name in %s', (letter) => {
    const { text, html } = templates.render(envelope(letter, '', new URL(LINK)));
    expect(text).toMatch(/^Hello,\n/);
    expect(html).toContain('<p>Hello,</p>');
  });

  it.each([
    ['{{7*7}}', '{{7*7}}'],
    ['${x}', '${x}'],
    ['<%= x %>', '&lt;%&#x3D; x %&gt;'],
    ['{{link}}', '{{link}}'],
    ['{{> layout}}', '{{&gt; layout}}'],
  ])('INJ-17: %s in a name stays as typed', (name, inHtml) => {
    const { text, html } = templates.render(envelope('reset-password', name, new URL(LINK)));
    expect(text).toContain(`Hello ${name},`);
    expect(html).toContain(`<p>Hello ${inHtml},</p>`);
  });

  it('INJ-16: markup and links in a name are text', () => {
    const name = '<script>alert(1)</script> <a href="http://evil.test">x</a>';
    const { text, html } = templates.render(envelope('verify-email', name, new URL(LINK)));
    expect(html).not.toContain('<script>');
    expect(html.match(/<a [^>]*href="[^"]*"/g)).toHaveLength(3);
    for (const form of [text, html]) expect(form).not.toMatch(/evil\.test|http:\/\/evil/);
  });

  it('INJ-16: a text can not pose as a link, nor as another line', () => {
    const variables = {
      newEmail: 'https://evil.test/?x@example.com\r\nBcc: b@evil.test',
      link: new URL(LINK),
    };
    const { text } = templates.render({ ...envelope('email-change-requested'), variables });
    expect(text).toContain('to https: //evil. test/?x@ example. com Bcc: b@ evil. test.');
  });

  it('refuses a letter that lacks a variable, or has no templates', () => {
    expect(() => templates.render(envelope('reset-password'))).toThrow(/not defined/);
    expect(() => templates.render(envelope('../secret'))).toThrow(/no templates/);
  });

  it.each([
    [1, '1 minute'],
    [60, '60 minutes'],
    [90, '90 minutes'],
    [120, '2 hours'],
    [1440, '1 day'],
    [4320, '3 days'],
  ])('says %d minutes as %s', (minutes, words) => {
    const variables = { link: new URL(LINK), minutes };
    expect(templates.render({ ...envelope('verify-email'), variables }).text).toContain(
      `once, for ${words}.`,
    );
  });
});
