import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { currentContext } from '../common/request-context.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { changedRows } from '../database/rows.js';
import type { Envelope, LetterVariables } from './envelope.js';
import { LetterHooks, type LocaleHook, type RenderingHook } from './letter-hooks.js';
import { type LetterDefinition, Letters } from './letters.js';
import { lookUpLocale } from './locale.js';
import { TemplateFiles } from './template-files.js';

export type { Envelope };

/** Finds the facts of a letter, makes its one-time link, and says to whom it goes; null: to nobody. */
export type Composer<Data> = (data: Data, manager: EntityManager) => Promise<Envelope | null>;

/** At most one letter for `key` in any `seconds` (at most a day). */
export interface Pace {
  key: string;
  seconds: number;
}

/**
 * The letters that wait to be sent. A letter is queued together with the change that it tells of, and written
 * later, by the worker: so a request costs the same whether or not its address is known, no secret link is
 * ever stored, and a slow mail server slows nobody (parity ML-01; security.md, "Mail").
 */
@Injectable()
export class Outbox {
  private readonly composers = new Map<string, Composer<object>[]>();
  private wake: () => void = () => {};

  constructor(
    private readonly database: Database,
    private readonly config: AppConfig,
    private readonly letters: Letters,
    private readonly hooks: LetterHooks,
    private readonly files: TemplateFiles,
  ) {}

  /**
   * Tells of a feature's letters; call it from `onModuleInit`. `folder` holds `<letter>.txt.hbs` and
   * `<letter>.html.hbs` of each.
   */
  define(folder: string, letters: Readonly<Record<string, LetterDefinition>>): void {
    this.letters.add(folder, letters);
  }

  /**
   * Says who writes a letter; call it from `onModuleInit`. The composer runs in a transaction of its own, once
   * for each attempt to send, and may find that there is nothing to say any more. Several modules may know what to
   * say; the first that does, does.
   */
  compose<Data extends object>(letter: string, composer: Composer<Data>): void {
    this.composers.set(letter, [
      ...(this.composers.get(letter) ?? []),
      composer as unknown as Composer<object>,
    ]);
  }

  /**
   * Lets a host application see each letter before it is rendered, and add to it or change what it says (parity ML-04);
   * call it from `onModuleInit`. Its values are escaped like all others. It runs for each attempt to send, outside of
   * any transaction; when it throws, the letter waits for the next one.
   * @param samples values of the variables that it adds, as templates are tried with at the start
   */
  onRendering(hook: RenderingHook, samples?: LetterVariables): void {
    this.hooks.onRendering(hook, samples);
  }

  /** Lets a module tell in what language somebody wants to be written to; call it from `onModuleInit`. */
  localeOf(hook: LocaleHook): void {
    this.hooks.localeOf(hook);
  }

  /**
   * Queues a letter in the caller's transaction: it is sent after the commit, or never.
   * False when `pace` forbids it; whether to tell anybody is the caller's decision. One conditional statement
   * decides, so of many requests at once a single one gets its letter.
   * @param data what the composer needs: ids and addresses, never a secret
   * @param manager without one it is queued at once
   */
  async queue(
    letter: string,
    data: object,
    manager: EntityManager = this.database.manager,
    pace?: Pace,
  ): Promise<boolean> {
    this.composersOf(letter);
    const paced = this.config.rateLimit ? pace : undefined;
    const rows = await changedRows(manager, QUEUE, [
      uuidv7(),
      letter,
      JSON.stringify(data),
      paced?.key ?? null,
      paced?.seconds ?? 0,
      lookUpLocale(currentContext()?.languages, this.files.languages),
    ]);
    await this.database.afterCommit(manager, () => this.wake());
    return rows.length > 0;
  }

  /** What a queued letter says; null when there is nothing to send. @throws Error for one that nobody writes */
  async write(letter: string, data: object, manager: EntityManager): Promise<Envelope | null> {
    for (const composer of this.composersOf(letter)) {
      const envelope = await composer(data, manager);
      if (envelope) return envelope;
    }
    return null;
  }

  /** Calls `wake` when letters were committed in this process; those of other replicas are found by polling. */
  onCommit(wake: () => void): void {
    this.wake = wake;
  }

  private composersOf(letter: string): Composer<object>[] {
    const composers = this.composers.get(letter);
    if (!composers) throw new Error(`Nobody composes the letter "${letter}".`);
    return composers;
  }
}

/** A paced letter takes the place of its predecessor, with a new id: results of older attempts miss it. */
const QUEUE = `
  INSERT INTO mail_outbox (id, letter, data, pace_key, locale) VALUES ($1, $2, $3, $4, $6)
  ON CONFLICT (pace_key) DO UPDATE SET id = excluded.id, letter = excluded.letter, data = excluded.data,
    locale = excluded.locale, state = 'waiting', attempts = 0, next_attempt_at = now(), leased_until = NULL, created_at = now(),
    finished_at = NULL, last_error = NULL
  WHERE mail_outbox.created_at <= now() - make_interval(secs => $5)
  RETURNING id`;
