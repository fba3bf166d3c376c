import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppConfig } from '../../src/config/app-config.js';
import { LetterTemplates, type RenderedLetter } from '../../src/mail/letter-templates.js';
import { harmless, variablesOf } from '../../src/mail/letter-variables.js';
import { type Letter, Letters } from '../../src/mail/letters.js';
import { startApp, type TestApp } from '../support/app.js';

const SOURCE = join(import.meta.dirname, '../../src');
const ADA = { email: 'ada@example.com', username: 'ada', firstName: 'Ada', lastName: null };

describe('the letters of all features', () => {
  let target: TestApp;
  let letters: Letter[];

  beforeAll(async () => {
    target = await startApp();
    letters = target.app.get(Letters, { strict: false }).all();
  });
  afterAll(() => target.close());

  function render({ name, sample }: Letter, person = ADA): RenderedLetter {
    const config = target.app.get<AppConfig>(AppConfig);
    const variables = variablesOf(config, { to: person.email, person, variables: sample });
    return target.app.get(LetterTemplates, { strict: false }).render(name, 'en', harmless(config, variables));
  }

  it('are those whose templates lie in the folders, each in both forms', () => {
    const defined = letters.flatMap(({ name, folder }) =>
      ['html', 'txt'].map((form) => join(folder, `${name}.${form}.hbs`)),
    );
    const folders = readdirSync(SOURCE).map((name) => join(SOURCE, name, 'templates'));
    const files = folders
      .filter((folder) => existsSync(folder) && !folder.endsWith('mail/templates'))
      .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)));
    expect(files.sort()).toEqual(defined.sort());
  });

  it('are in the table of docs/mail.md', async () => {
    const [, table = ''] = (await readFile('docs/mail.md', 'utf8')).split('## The letters');
    const rows = [...table.matchAll(/^\| (`.*?`) \|/gm)].map(([, names = '']) => names);
    const named = rows.flatMap((names) => names.replaceAll('`', '').split(', '));
    expect(letters.map(({ name }) => name).filter((name) => !named.includes(name))).toEqual([]);
  });

  it('say what they say in both forms, and load nothing from anywhere', () => {
    for (const letter of letters) {
      const { subject, text, html } = render(letter);
      expect(subject, letter.name).toMatch(/^[A-Z][\w '-]+$/);
      expect(text, letter.name).toMatch(/^Hello Ada,\n\n[A-Z]/);
      expect(text, letter.name).toMatch(/\n-- \nTokenhouse\nhttp:\S+\n$/);
      expect(html, letter.name).toContain('<p>Hello Ada,</p>');
      expect(html, letter.name).toContain(`<title>${subject.replaceAll("'", '&#x27;')}</title>`);
      for (const form of [text, html]) expect(form, letter.name).not.toMatch(/\{\{|undefined|\[object|NaN/);
      expect(html, letter.name).not.toMatch(/<img|<script|<iframe|url\(|@import|<link/i);
    }
  });

  it('have the link and its time in both forms, if they have one', () => {
    const withLink = letters.filter(({ sample }) => sample?.link !== undefined);
    expect(withLink.length).toBeGreaterThan(0);
    for (const letter of withLink) {
      const { text, html } = render(letter);
      expect(text, letter.name).toContain(`\n${letter.sample?.link?.href}\n`);
      expect(html.split(`href="${letter.sample?.link?.href}"`), letter.name).toHaveLength(3);
      for (const form of [text, html]) expect(form, letter.name).toContain('60 minutes');
    }
  });

  it('greet a person without a name', () => {
    for (const letter of letters) {
      const { text, html } = render(letter, { ...ADA, firstName: '' });
      expect(text, letter.name).toMatch(/^Hello,\n/);
      expect(html, letter.name).toContain('<p>Hello,</p>');
    }
  });
});
