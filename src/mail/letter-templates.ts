import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import Handlebars from 'handlebars';
import { AppConfig } from '../config/app-config.js';
import type { Envelope } from './envelope.js';
import { letterVariables } from './letter-variables.js';

/** Copied to `dist` by the build, see nest-cli.json. */
const FOLDER = join(import.meta.dirname, 'templates');
const SUBJECT = /^Subject: (.+)\r?\n\s*/;

export interface RenderedLetter {
  subject: string;
  text: string;
  html: string;
}

type Template = (variables: object) => string;

/**
 * The letters: `<letter>.txt.hbs`, whose first line is the subject, and `<letter>.html.hbs`, which stands in
 * `layout.html.hbs`. Templates are code; what people typed only ever comes in as a value, and a value is never
 * read as a template (INJ-17).
 */
@Injectable()
export class LetterTemplates {
  private readonly handlebars = Handlebars.create();
  private readonly letters = new Map<string, { text: Template; html: Template }>();

  constructor(private readonly config: AppConfig) {
    this.handlebars.registerHelper('duration', duration);
    for (const partial of ['layout', 'button']) {
      this.handlebars.registerPartial(partial, readFileSync(join(FOLDER, `${partial}.html.hbs`), 'utf8'));
    }
    const names = readdirSync(FOLDER).filter((file) => file.endsWith('.txt.hbs'));
    for (const name of names.map((file) => file.replace('.txt.hbs', ''))) {
      this.letters.set(name, { text: this.compile(name, 'txt'), html: this.compile(name, 'html') });
    }
  }

  /** @throws Error when there is no such letter, or it names something that it was not given */
  render(envelope: Envelope): RenderedLetter {
    const template = this.letters.get(envelope.letter);
    if (!template) throw new Error(`The letter "${envelope.letter}" has no templates.`);
    const values = letterVariables(this.config, envelope);
    const text = template.text(withUrls(values, (url) => url.href));
    const [head, subject] = SUBJECT.exec(text) ?? [];
    if (!head || !subject) throw new Error(`${envelope.letter}.txt.hbs does not start with "Subject: …".`);
    const html = template.html({ ...withUrls(values, hrefInHtml), subject });
    return { subject, text: text.slice(head.length), html };
  }

  private compile(letter: string, kind: 'txt' | 'html'): Template {
    const file = join(FOLDER, `${letter}.${kind}.hbs`);
    return this.handlebars.compile(readFileSync(file, 'utf8'), { strict: true, noEscape: kind === 'txt' });
  }
}

function withUrls(values: Record<string, unknown>, write: (url: URL) => unknown): Record<string, unknown> {
  const entries = Object.entries(values);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value instanceof URL ? write(value) : value]),
  );
}

/** The URL serialiser leaves `&` and, in paths, the apostrophe; Handlebars alone would also write `=` as an entity. */
function hrefInHtml({ href }: URL): Handlebars.SafeString {
  return new Handlebars.SafeString(href.replaceAll('&', '&amp;').replaceAll("'", '&#39;'));
}

/** Minutes in the largest unit that is exact: `60 minutes`, `3 days`. */
function duration(minutes: number): string {
  const [count, unit] =
    minutes % 1440 === 0
      ? [minutes / 1440, 'day']
      : minutes > 60 && minutes % 60 === 0
        ? [minutes / 60, 'hour']
        : [minutes, 'minute'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
