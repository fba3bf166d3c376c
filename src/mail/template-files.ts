import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { canonicalTag } from '../common/language-tag.js';
import { AppConfig } from '../config/app-config.js';
import { ConfigurationError } from '../config/load-config.js';
import { withParents } from './locale.js';

/** A letter is a text and the same in HTML. */
export const FORMS = ['txt', 'html'] as const;
export type Form = (typeof FORMS)[number];

/** In what language the templates that come with the service, and with host applications, are. */
const OWN_LANGUAGE = 'en';
const EXTENSION = '.hbs';

export interface TemplateFile {
  /** For people: where it is. */
  readonly path: string;
  readonly source: string;
  readonly language: string;
}

/**
 * Finds templates: those of `MAIL_TEMPLATES`, in a folder for each language or, for the language of `MAIL_LOCALE`, right
 * there; else the ones that came with the letter (parity ML-06). The folder is read once, at the start.
 */
@Injectable()
export class TemplateFiles {
  /** Of `MAIL_TEMPLATES`, by the path below it. */
  readonly replacements: ReadonlyMap<string, string>;
  /** Every language that there are letters in; the first is the one of those whose language is unknown. */
  readonly languages: readonly string[];

  constructor({ mail }: AppConfig) {
    this.replacements = mail.templatesDir === undefined ? new Map() : readTemplates(mail.templatesDir);
    const folders = [...this.replacements.keys()].flatMap((path) => path.split('/').slice(0, -1));
    const languages = folders.filter((name) => canonicalTag(name) === name);
    this.languages = [...new Set([mail.locale, ...languages, OWN_LANGUAGE])];
  }

  /** @param folder where the one is that came with it. @throws Error when there is none there either */
  find(name: string, form: Form, language: string, folder: string): TemplateFile {
    const file = `${name}.${form}${EXTENSION}`;
    const [fallback = OWN_LANGUAGE] = this.languages;
    for (const candidate of new Set([...withParents(language), ...withParents(fallback), OWN_LANGUAGE])) {
      for (const path of candidate === fallback ? [`${candidate}/${file}`, file] : [`${candidate}/${file}`]) {
        const source = this.replacements.get(path);
        if (source !== undefined) return { path, source, language: candidate };
      }
      if (candidate === OWN_LANGUAGE) break;
    }
    const path = join(folder, file);
    return { path, source: readFileSync(path, 'utf8'), language: OWN_LANGUAGE };
  }
}

/** What is hidden is passed over: mounted volumes keep their own affairs there. */
function readTemplates(folder: string): Map<string, string> {
  try {
    const names = visible(folder);
    const languages = names.filter((name) => statSync(join(folder, name)).isDirectory());
    const paths = [
      ...names.filter((name) => !languages.includes(name)),
      ...languages.flatMap((language) =>
        visible(join(folder, language)).map((name) => `${language}/${name}`),
      ),
    ];
    return new Map(paths.map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    throw new ConfigurationError([`MAIL_TEMPLATES has something that cannot be read (${code}).`]);
  }
}

function visible(folder: string): string[] {
  return readdirSync(folder).filter((name) => !name.startsWith('.'));
}
