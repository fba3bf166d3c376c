/** What an item of news is about: a session, a user, or a signing key. */
export type NewsSubject = { sid: string } | { sub: string } | { kid: string };

/** Something that every replica must know: whatever it remembers of the subject is no longer true. */
export type NewsItem = NewsSubject & {
  /** lower_snake, for operators and for those who follow `GET /api/revocations`. */
  reason: string;
  /** The tokens of the subject that are out count no more, wherever they are checked. */
  revokes: boolean;
};

/** Whoever remembers something that news may end. */
export interface NewsListener {
  hear(item: NewsItem): void;
  /** News may have been missed: what is remembered may all be untrue. */
  missed(): void;
}
