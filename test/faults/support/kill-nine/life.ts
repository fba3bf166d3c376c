import type { Random } from '../random.js';
import * as deeds from './deeds.js';
import type { Letter, LetterBox, LetterKind } from './letter-box.js';
import type { Deed, Person } from './person.js';

const MAX_SESSIONS = 3;
/** A letter may be written while the link in it is revoked by a change, or its process dies before it is committed. */
const LETTER_RACE_MS = 3_000;

/** What people do with their accounts, one thing after the other, as chance has it. */
export class Life {
  private count = 0;

  constructor(
    readonly person: Person,
    private readonly random: Random,
    private readonly letters: LetterBox,
    /** When something was killed. */
    private readonly killedAtMs: readonly number[],
  ) {}

  /** Goes on until the signal, or until an answer does not come. */
  async live(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.person.open) {
      const choices = await this.choices();
      if (signal.aborted) return;
      await this.person.do(this.random.pick(choices)());
    }
  }

  private async choices(): Promise<(() => Deed)[]> {
    const { person } = this;
    if (!person.registered) return [() => deeds.register(person)];
    await this.letters.look();
    return [...this.comingAndGoing(), ...this.ofSessions(), ...this.ofFactors(), ...this.ofLetters()];
  }

  private comingAndGoing(): (() => Deed)[] {
    const { person } = this;
    const choices: (() => Deed)[] = [];
    if (person.sessions.length < MAX_SESSIONS) choices.push(() => deeds.signIn(person));
    if (person.sessions.length === MAX_SESSIONS) choices.push(() => deeds.signOut(person));
    if (person.resetAsked === 'no') choices.push(() => deeds.askForReset(person));
    return choices;
  }

  private ofSessions(): (() => Deed)[] {
    const { person } = this;
    if (person.sessions.length === 0) return [];
    const refresh = (): Deed => deeds.refresh(person, this.random.pick(person.sessions));
    return [refresh, refresh, () => deeds.changePassword(person, this.newPassword())];
  }

  private ofFactors(): (() => Deed)[] {
    const { person } = this;
    const { pocket, pending, challenge } = person;
    const choices: (() => Deed)[] = [];
    const isSignedIn = person.verified && person.sessions.length > 0;
    if (!pocket && isSignedIn) {
      const confirm = pending?.hasCode && ((): Deed => deeds.confirmFactor(person, pending));
      if (confirm) choices.push(confirm, confirm, confirm);
      if (!pending)
        choices.push(
          () => deeds.startFactor(person),
          () => deeds.startFactor(person),
        );
    }
    const proof = pocket && this.proof();
    if (pocket && proof && challenge) {
      const answer = (): Deed => deeds.answerChallenge(person, pocket, challenge, proof());
      choices.push(answer, answer);
    }
    if (pocket && isSignedIn) choices.push(() => deeds.replaceCodes(person, pocket));
    if (pocket && proof && isSignedIn) choices.push(() => deeds.turnOff(person, proof()));
    return choices;
  }

  /** Null when nothing can be shown now. */
  private proof(): (() => { code: string } | { recoveryCode: string }) | null {
    const { pocket } = this.person;
    const recoveryCode = pocket?.recoveryCodes?.[0];
    if (recoveryCode !== undefined && this.random.next() < 0.6) return () => ({ recoveryCode });
    if (pocket?.hasCode) return () => ({ code: pocket.code() });
    return recoveryCode === undefined ? null : () => ({ recoveryCode });
  }

  private ofLetters(): (() => Deed)[] {
    const { person } = this;
    const choices: (() => Deed)[] = [];
    const verifying = person.verified ? undefined : this.link('verify-email');
    if (verifying) choices.push(() => this.perhapsDead(verifying, deeds.verify(person, verifying)));
    const resetting = this.link('reset-password');
    if (resetting) {
      choices.push(() => this.perhapsDead(resetting, deeds.reset(person, resetting, this.newPassword())));
    }
    return choices;
  }

  /** The newest letter of a kind, if its link should work. */
  private link(kind: LetterKind): Letter | undefined {
    const { email, deadTokens, linksDiedAtMs } = this.person;
    const letter = this.letters.find(email, kind).at(-1);
    const isAlive =
      letter && !deadTokens.has(letter.token) && letter.writtenAtMs > linksDiedAtMs + LETTER_RACE_MS;
    return isAlive ? letter : undefined;
  }

  /** Of a letter that was under way when something was killed: it comes again, with another link. */
  private perhapsDead({ writtenAtMs }: Letter, deed: Deed): Deed {
    const isDoubtful = this.killedAtMs.some((at) => Math.abs(at - writtenAtMs) < LETTER_RACE_MS);
    return isDoubtful ? { ...deed, unless: 'link_invalid' } : deed;
  }

  private newPassword(): string {
    this.count += 1;
    return `correct horse battery ${this.count}`;
  }
}
