import type { DomainEvent, EventType } from '../events/domain-event.js';
import type { LetterVariables } from '../mail/envelope.js';
import type { Whence } from './occasion.js';

/** A letter that tells people what happened to their account; its two templates are in `folder`. */
export interface NoticeDefinition {
  letter: string;
  folder: string;
  /** A value for each of its variables, as templates are tried with. */
  sample?: LetterVariables;
}

export interface NoticeOptions {
  /** Another address than the person's. */
  to?: string;
  /** What it says besides who, when and whence. */
  variables?: Readonly<Record<string, string | number>>;
  /** Further variables; a letter has them in its language. */
  dates?: Readonly<Record<string, Date>>;
  /** When it happened, unless now. */
  at?: Date;
  /** Whence it was done, unless by the request being served; null: nobody's business. */
  whence?: Whence | null;
}

/** A notice that is sent whenever an event is published. */
export interface EventNotice<T extends EventType> extends NoticeDefinition {
  on: T;
  /** What the event adds; null where nobody needs to be told. */
  tell?: (event: DomainEvent<T>) => Pick<NoticeOptions, 'to' | 'variables' | 'dates'> | null;
}
