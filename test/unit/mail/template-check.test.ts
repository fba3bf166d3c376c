import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppConfig } from '../../../src/config/app-config.js';
import { ConfigurationError } from '../../../src/config/load-config.js';
import { LetterHooks } from '../../../src/mail/letter-hooks.js';
import { LetterTemplates } from '../../../src/mail/letter-templates.js';
import { Letters, SAMPLE_LINK } from '../../../src/mail/letters.js';
import { TemplateCheck } from '../../../src/mail/template-check.js';
import { TemplateFiles } from '../../../src/mail/template-files.js';

type Files = Record<string, string>;

describe('TemplateCheck', () => {
  let folder: string;
  let letters: Letters;
  let hooks: LetterHooks;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'template-check-'));
    hooks = new LetterHooks();
    letters = new Letters();
    const errand = { errand: { kind: 'required', sample: SAMPLE_LINK } } as const;
    letters.add(join(import.meta.dirname, '../../support/letters'), errand);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** What the start of a service with these templates complains about. */
  function problemsOf(files: Files): readonly string[] {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const config = {
      links: { appUrl: 'https://app.example' },
      mail: { from: 'The House <no-reply@example.com>', locale: 'en', templatesDir: folder },
      users: { loginAttribute: 'both' },
    } as unknown as AppConfig;
    const found = new TemplateFiles(config);
    const templates = new LetterTemplates(letters, found);
    try {
      new TemplateCheck(config, letters, found, templates, hooks).onApplicationBootstrap();
      return [];
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigurationError);
      return (error as ConfigurationError).problems;
    }
  }

  it('finds nothing to complain about in our own, and in none', () => {
    expect(problemsOf({})).toEqual([]);
  });

  it('knows what hooks add', () => {
    const files = { 'errand.txt.hbs': 'Subject: x\n\n{{nickname}}' };
    expect(problemsOf(files)).toHaveLength(1);
    hooks.onRendering(() => {}, { nickname: 'Countess' });
    expect(problemsOf(files)).toEqual([]);
  });

  it('lists all at once', () => {
    const files = { 'errand.txt.hbs': 'x', 'other.txt.hbs': 'x', 'de/layout.html.hbs': '{{{x}}}' };
    expect(problemsOf(files)).toHaveLength(3);
  });

  it.each<[string, Files, RegExp]>([
    [
      'a template that cannot be read',
      { 'errand.txt.hbs': 'Subject: x\n\n{{#if link}}' },
      /errand\.txt\.hbs and .*: Parse error/,
    ],
    [
      'a variable that there is not',
      { 'errand.txt.hbs': 'Subject: x\n\n{{link}} {{nickname}}' },
      /errand\.txt\.hbs and .*: "nickname" not defined/,
    ],
    [
      'one that is missing only of people without a name',
      { 'errand.txt.hbs': 'Subject: x\n\n{{#unless firstName}}{{nickname}}{{/unless}}' },
      /"nickname" not defined/,
    ],
    ['no subject', { 'errand.txt.hbs': 'Hello\n' }, /its first line is not "Subject: …"/],
    ['an unknown part', { 'errand.html.hbs': '{{> footer}}' }, /The partial footer could not be found/],
    [
      'markup that is let through',
      { 'errand.html.hbs': '<p>{{{firstName}}}</p>' },
      /errand\.html\.hbs has \{\{\{ \}\}\}/,
    ],
    [
      'the same in a shared part',
      { 'layout.html.hbs': '{{&firstName}}{{> @partial-block}}' },
      /layout\.html\.hbs has/,
    ],
    [
      'a name that is none of a letter',
      { 'de/erand.txt.hbs': 'x' },
      /de\/erand\.txt\.hbs is called like no letter/,
    ],
    ['another file', { 'README.md': 'x' }, /README\.md is called like no letter/],
    ['a folder that is no language', { 'german/errand.txt.hbs': 'x' }, /is not called like a language/],
    ['another spelling of one', { 'pt-br/layout.html.hbs': 'x' }, /is not called like a language/],
    [
      'one form in another language',
      { 'de/errand.txt.hbs': 'Subject: x\n\nx' },
      /de\/errand\.txt\.hbs and .*errand\.html\.hbs are of two languages/,
    ],
  ])('complains about %s', (_, files, problem) => {
    expect(problemsOf(files)).toEqual([expect.stringMatching(problem)]);
  });
});
