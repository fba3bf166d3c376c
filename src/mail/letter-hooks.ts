import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { within } from '../common/within.js';
import type { Envelope, LetterVariables, Person } from './envelope.js';

/** A letter that is about to be rendered, as host applications see it (parity ML-04). */
export interface Rendering {
  readonly letter: string;
  readonly to: string;
  readonly person: Person;
  /** The language that is wanted. */
  readonly locale: string;
  /** Everything that the letter may name, its one-time link included. What is added or changed here is said. */
  variables: LetterVariables;
}

export type RenderingHook = (rendering: Rendering) => Promise<void> | void;

/** In what language somebody wants to be written to, as a language tag; null when nobody knows. */
export type LocaleHook = (
  envelope: Envelope,
  manager: EntityManager,
) => Promise<string | null> | string | null;

const HOOK_TIMEOUT_MS = 10_000;

/** What others have to say of letters that are not theirs. */
@Injectable()
export class LetterHooks {
  private readonly renderings: RenderingHook[] = [];
  private readonly locales: LocaleHook[] = [];
  /** Values of the variables that hooks add, as templates are tried with. */
  samples: LetterVariables = {};

  onRendering(hook: RenderingHook, samples: LetterVariables = {}): void {
    this.renderings.push(hook);
    this.samples = { ...this.samples, ...samples };
  }

  localeOf(hook: LocaleHook): void {
    this.locales.push(hook);
  }

  /** What the letter says after all hooks. @throws what a hook throws, or Error when they take too long */
  async rendering(rendering: Rendering): Promise<LetterVariables> {
    const given = { ...rendering };
    const late = (): Error => new Error('a rendering hook takes too long');
    await within(HOOK_TIMEOUT_MS, () => this.run(given), late);
    return given.variables;
  }

  /** What the first hook says that knows. */
  async locale(envelope: Envelope, manager: EntityManager): Promise<string | null> {
    for (const hook of this.locales) {
      const locale = await hook(envelope, manager);
      if (locale !== null) return locale;
    }
    return null;
  }

  private async run(rendering: Rendering): Promise<void> {
    for (const hook of this.renderings) await hook(rendering);
  }
}
