import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import Handlebars from 'handlebars';
import type { SafeVariables } from './letter-variables.js';
import { Letters } from './letters.js';
import { dateText, durationText } from './letter-words.js';
import { type Form, TemplateFiles } from './template-files.js';

/** What letters share. Copied to `dist` by the build, see nest-cli.json. */
const SHARED_FOLDER = join(import.meta.dirname, 'templates');
export const PARTIALS: Readonly<Record<Form, readonly string[]>> = {
  txt: ['occasion'],
  html: ['layout', 'button', 'occasion'],
};
const SUBJECT = /^Subject: (.+)\r?\n\s*/;

export interface RenderedLetter {
  subject: string;
  text: string;
  html: string;
}

interface Template {
  readonly render: (variables: object) => string;
  readonly language: string;
}

type Templates = Readonly<Record<Form, Template>>;

/**
 * The letters: `<letter>.txt.hbs`, whose first line is the subject, and `<letter>.html.hbs`, which stands in
 * `layout.html.hbs`. Templates are code; what people typed only ever comes in as a value, and a value is never
 * read as a template (INJ-17).
 */
@Injectable()
export class LetterTemplates {
  private readonly environments = new Map<string, typeof Handlebars>();
  private readonly compiled = new Map<string, Templates>();

  constructor(
    private readonly letters: Letters,
    private readonly files: TemplateFiles,
  ) {}

  /** @throws Error when there is no such letter, or it names something that it was not given */
  render(letter: string, language: string, variables: SafeVariables): RenderedLetter {
    const { txt, html } = this.templates(letter, language);
    const whole = txt.render(withWords(variables, txt.language, ({ href }) => href));
    const [head, subject] = SUBJECT.exec(whole) ?? [];
    if (!head || !subject) throw new Error('its first line is not "Subject: …"');
    const values = withWords(variables, html.language, hrefInHtml);
    return {
      subject,
      text: whole.slice(head.length),
      html: html.render({ ...values, subject, lang: html.language }),
    };
  }

  private templates(letter: string, language: string): Templates {
    const key = `${letter} ${language}`;
    const templates = this.compiled.get(key) ?? {
      txt: this.compile(letter, 'txt', language),
      html: this.compile(letter, 'html', language),
    };
    this.compiled.set(key, templates);
    return templates;
  }

  private compile(letter: string, form: Form, wanted: string): Template {
    const { folder } = this.letters.find(letter);
    const { source, language } = this.files.find(letter, form, wanted, folder);
    const options = { strict: true, noEscape: form === 'txt' };
    return { language, render: this.environment(form, language).compile(source, options) };
  }

  /** One for each form, because a partial keeps the escaping that it was first compiled with. */
  private environment(form: Form, language: string): typeof Handlebars {
    const key = `${form} ${language}`;
    const known = this.environments.get(key);
    if (known) return known;
    const made = Handlebars.create();
    made.unregisterHelper('log');
    made.registerHelper('duration', (minutes: number) => durationText(minutes, language));
    for (const name of PARTIALS[form]) {
      made.registerPartial(name, this.files.find(name, form, language, SHARED_FOLDER).source);
    }
    this.environments.set(key, made);
    return made;
  }
}

/** Dates in the letter's language, links as its form needs them. */
function withWords(
  values: SafeVariables,
  language: string,
  write: (url: URL) => unknown,
): Record<string, unknown> {
  const entries = Object.entries(values).map(([name, value]) => {
    if (value instanceof URL) return [name, write(value)] as const;
    return [name, value instanceof Date ? dateText(value, language) : value] as const;
  });
  return Object.fromEntries(entries);
}

/** The URL serialiser leaves `&` and, in paths, the apostrophe; Handlebars alone would also write `=` as an entity. */
function hrefInHtml({ href }: URL): Handlebars.SafeString {
  return new Handlebars.SafeString(href.replaceAll('&', '&amp;').replaceAll("'", '&#39;'));
}
