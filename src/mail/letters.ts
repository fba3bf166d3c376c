import { Injectable } from '@nestjs/common';
import type { LetterVariables } from './envelope.js';

/**
 * `required`: without it people cannot go on. `notice`: what concerns the safety of an account. Both always go out;
 * any `other` does not, to people whose mail is blocked (parity ML-01, ML-03, ML-05).
 */
export type LetterKind = 'required' | 'notice' | 'other';

/** What a feature says of a letter of its own. */
export interface LetterDefinition {
  kind: LetterKind;
  /** A value for each variable that it has besides those of every letter: templates are tried with them. */
  sample?: LetterVariables;
}

export interface Letter extends LetterDefinition {
  readonly name: string;
  /** Where its two templates are. */
  readonly folder: string;
}

/** Samples of what a letter with a one-time link says. */
export const SAMPLE_LINK = { link: new URL('https://app.example/page?token=sample'), minutes: 60 };

/** Every letter that somebody may be sent, as features have defined them. */
@Injectable()
export class Letters {
  private readonly letters = new Map<string, Letter>();

  add(folder: string, definitions: Readonly<Record<string, LetterDefinition>>): void {
    for (const [name, definition] of Object.entries(definitions)) {
      if (this.letters.has(name)) throw new Error(`The letter "${name}" is defined twice.`);
      this.letters.set(name, { ...definition, name, folder });
    }
  }

  all(): Letter[] {
    return [...this.letters.values()];
  }

  /** @throws Error when nobody has defined it */
  find(name: string): Letter {
    const letter = this.letters.get(name);
    if (!letter) throw new Error(`The letter "${name}" is not defined.`);
    return letter;
  }
}
