import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { AppConfig } from '../../../src/config/app-config.js';
import type { Envelope } from '../../../src/mail/envelope.js';
import { LetterTemplates, type RenderedLetter } from '../../../src/mail/letter-templates.js';
import { harmless, variablesOf } from '../../../src/mail/letter-variables.js';
import { Letters } from '../../../src/mail/letters.js';
import { TemplateFiles } from '../../../src/mail/template-files.js';

const config = {
  links: { appUrl: 'https://app.example' },
  mail: { from: '"The House" <no-reply@example.com>', locale: 'en' },
  users: { loginAttribute: 'both' },
} as unknown as AppConfig;

const LINK = 'https://app.example/reset-password?lang=en&token=abc_-123';

function envelope(letter: string, name = 'Ada', link?: URL): Envelope {
  const person = { email: 'ada@example.com', username: 'ada', firstName: name, lastName: null };
  const variables = link && { link, minutes: 60, newEmail: 'new@example.com' };
  return { letter, to: 'ada@example.com', person, variables };
}

const FOLDER = fileURLToPath(new URL('../../support/letters', import.meta.url));

describe('LetterTemplates', () => {
  const letters = new Letters();
  letters.add(FOLDER, { errand: { kind: 'required' }, change: { kind: 'notice' } });
  const templates = new LetterTemplates(letters, new TemplateFiles(config));
  const render = (written: Envelope): RenderedLetter =>
    templates.render(written.letter, 'en', harmless(config, variablesOf(config, written)));

  it.each([
    ['{{7*7}}', '{{7*7}}'],
    ['${x}', '${x}'],
    ['<%= x %>', '&lt;%&#x3D; x %&gt;'],
    ['{{link}}', '{{link}}'],
    ['{{> layout}}', '{{&gt; layout}}'],
  ])('INJ-17: %s in a name stays as typed', (name, inHtml) => {
    const { text, html } = render(envelope('errand', name, new URL(LINK)));
    expect(text).toContain(`Hello ${name},`);
    expect(html).toContain(`<p>Hello ${inHtml},</p>`);
  });

  it('INJ-16: markup and links in a name are text', () => {
    const name = '<script>alert(1)</script> <a href="http://evil.test">x</a>';
    const { text, html } = render(envelope('errand', name, new URL(LINK)));
    expect(html).not.toContain('<script>');
    expect(html.match(/<a [^>]*href="[^"]*"/g)).toHaveLength(3);
    for (const form of [text, html]) expect(form).not.toMatch(/evil\.test|http:\/\/evil/);
  });

  it('INJ-16: a text can not pose as a link, nor as another line', () => {
    const variables = {
      newEmail: 'https://evil.test/?x@example.com\r\nBcc: b@evil.test',
      link: new URL(LINK),
      minutes: 60,
    };
    const { text } = render({ ...envelope('change'), variables });
    expect(text).toContain('to https: //evil. test/?x@ example. com Bcc: b@ evil. test.');
  });

  it('refuses a letter that lacks a variable, or is not defined', () => {
    expect(() => render(envelope('errand'))).toThrow(/not defined/);
    expect(() => render(envelope('../secret'))).toThrow(/not defined/);
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
    expect(render({ ...envelope('errand'), variables }).text).toContain(`once, for ${words}.`);
  });
});
