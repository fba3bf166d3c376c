import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import Handlebars from 'handlebars';
import { canonicalTag } from '../common/language-tag.js';
import { AppConfig } from '../config/app-config.js';
import { ConfigurationError } from '../config/load-config.js';
import { LetterHooks } from './letter-hooks.js';
import { LetterTemplates, PARTIALS } from './letter-templates.js';
import { harmless, variablesOf } from './letter-variables.js';
import { type Letter, Letters } from './letters.js';
import { FORMS, type Form, TemplateFiles } from './template-files.js';

const ADA = { email: 'ada@example.com', username: 'ada', firstName: 'Ada', lastName: 'Lovelace' };
const PEOPLE = [ADA, { ...ADA, username: null, firstName: null, lastName: null }];

/**
 * Tries every letter in every language at the start, with samples: a broken template of an operator is found then, and
 * not by the first person who waits for their link (parity ML-06).
 */
@Injectable()
export class TemplateCheck implements OnApplicationBootstrap {
  constructor(
    private readonly config: AppConfig,
    private readonly letters: Letters,
    private readonly files: TemplateFiles,
    private readonly templates: LetterTemplates,
    private readonly hooks: LetterHooks,
  ) {}

  /** @throws ConfigurationError with every problem at once */
  onApplicationBootstrap(): void {
    const odd = [...this.files.replacements].flatMap(([path, source]) => this.problemsOfFile(path, source));
    const broken = this.letters
      .all()
      .flatMap((letter) => this.files.languages.flatMap((language) => this.problemsOf(letter, language)));
    const problems = [...new Set([...odd, ...broken])];
    if (problems.length > 0) throw new ConfigurationError(problems);
  }

  private problemsOfFile(path: string, source: string): string[] {
    const [, language, name = '', form] = /^(?:([^/]+)\/)?([^/]+)\.(txt|html)\.hbs$/.exec(path) ?? [];
    if (language !== undefined && canonicalTag(language) !== language) {
      return [`MAIL_TEMPLATES: the folder of ${path} is not called like a language, e.g. de or pt-BR.`];
    }
    const known = [...this.letters.all().map((letter) => letter.name), ...(PARTIALS[form as Form] ?? [])];
    if (!known.includes(name)) return [`MAIL_TEMPLATES: ${path} is called like no letter.`];
    if (form !== 'html' || !printsRaw(source)) return [];
    return [`MAIL_TEMPLATES: ${path} has {{{ }}} or {{& }}, by which a name could become markup.`];
  }

  private problemsOf(letter: Letter, language: string): string[] {
    try {
      const [txt, html] = FORMS.map((form) => this.files.find(letter.name, form, language, letter.folder));
      const names = `${txt?.path} and ${html?.path}`;
      if (txt?.language !== html?.language) return [`Mail templates: ${names} are of two languages.`];
      return this.tries(letter, language).map((reason) => `Mail templates: ${names}: ${reason}.`);
    } catch (error) {
      return [`Mail templates: ${letter.name}: ${reasonOf(error)}.`];
    }
  }

  private tries({ name, sample }: Letter, language: string): string[] {
    return PEOPLE.flatMap((person) => {
      const variables = { ...sample, ...this.hooks.samples };
      const all = variablesOf(this.config, { to: person.email, person, variables });
      try {
        this.templates.render(name, language, harmless(this.config, all));
        return [];
      } catch (error) {
        return [reasonOf(error)];
      }
    });
  }
}

/** Whether anything is written as it is. What cannot be read is found where it is tried. */
function printsRaw(source: string): boolean {
  const finder = new RawFinder();
  try {
    finder.accept(Handlebars.parse(source));
  } catch {
    return false;
  }
  return finder.found;
}

class RawFinder extends Handlebars.Visitor {
  found = false;

  override MustacheStatement(statement: hbs.AST.MustacheStatement): void {
    if (!statement.escaped) this.found = true;
    super.MustacheStatement(statement);
  }
}

/** The parser's messages have lines, of which the first and the last say something. */
function reasonOf(error: unknown): string {
  const message = (error instanceof Error ? error.message : String(error)).replace(' in [object Object]', '');
  const lines = message.trim().split('\n');
  return lines.length > 1 ? `${lines[0]} ${lines.at(-1)}` : (lines[0] ?? '');
}
