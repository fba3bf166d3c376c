/** What a sign-in answers that is not complete: the person has to prove themself in one more way. */
export class Challenge {
  constructor(
    /** A secret of 256 bits: whoever has it has given the right password. */
    readonly id: string,
    /** How it can be answered, e.g. `totp`. */
    readonly methods: readonly string[],
    readonly expiresInSeconds: number,
  ) {}
}
