/** A message that no further attempt would make right, e.g. with a line break in its subject. */
export class UnsendableMail extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = new.target.name;
  }
}
