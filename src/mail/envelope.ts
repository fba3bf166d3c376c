/** The facts about a person that every letter may name (parity ML-04). A `User` is one. */
export interface Person {
  readonly id?: string;
  readonly email: string;
  readonly username: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
}

/**
 * What a letter says besides who the person is. Only a `URL` becomes a link: text is what somebody typed, and is shown so
 * that no mail client makes a link of it. A `Date` is written in the letter's language.
 */
export interface LetterVariables {
  readonly link?: URL;
  /** For how long the link works. */
  readonly minutes?: number;
  readonly [name: string]: string | number | URL | Date | undefined;
}

/** What a composer answers: to whom, and what to say. */
export interface Envelope {
  /** The templates to use: a composer may find that another letter is due than the one that was queued. */
  readonly letter: string;
  /** The one address, in its stored form. */
  readonly to: string;
  readonly person: Person;
  readonly variables?: LetterVariables;
  /** Whoever caused it may have nothing to do with this address, which nobody has proven: few of these are sent a day. */
  readonly uninvited?: boolean;
}
