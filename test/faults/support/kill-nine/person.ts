import type { EventType } from '../../../../src/events/domain-event.js';
import type { AnyBody, Answer } from '../answer.js';
import type { HttpClient } from '../http-client.js';
import { someEmail } from '../visitor.js';
import type { Ledger } from './ledger.js';
import type { Pocket } from './pocket.js';

/** Something a person asks for, which happens wholly or not at all. */
export interface Deed {
  readonly what: string;
  /** What the service keeps of it in the same transaction. */
  readonly events: readonly EventType[];
  readonly expects: number;
  /** The code of a refusal that would be all right. */
  readonly unless?: string;
  /** Of the link that it spends. */
  readonly token?: string;
  send(): Promise<Answer>;
  /** What is true from then on. @param body null when nobody saw the answer */
  take(body: AnyBody): void;
}

interface HeldSession {
  token: string;
  refreshToken: string;
  /** Refresh tokens of before, the newest last. */
  readonly spent: string[];
}

/** Somebody, and all that must be true of them because it was acknowledged. */
export class Person {
  readonly email = someEmail();
  registered = false;
  verified = false;
  password = 'correct horse battery 0';
  formerPassword?: string;
  sessions: HeldSession[] = [];
  /** Refresh tokens of sessions that ended. */
  ended: string[] = [];
  readonly spentLinks: { path: string; token: string }[] = [];
  readonly deadTokens = new Set<string>();
  /** Letters from before bring links that are dead. */
  linksDiedAtMs = 0;
  resetAsked: 'no' | 'perhaps' | 'yes' = 'no';
  /** Turned on. */
  pocket?: Pocket;
  /** Waits to be confirmed. */
  pending?: Pocket;
  challenge?: string;
  spentChallenge?: string;
  /** Sent, and not acknowledged: it may have happened. */
  open?: Deed;
  readonly events = new Map<EventType, number>();

  constructor(
    readonly client: HttpClient,
    private readonly ledger: Ledger,
  ) {}

  /** @returns whether it was acknowledged. @throws when the answer is a lie, by what was acknowledged before */
  async do(deed: Deed): Promise<boolean> {
    const answer = await this.send(deed.what, () => deed.send());
    if (answer.is(deed.expects)) this.settle(deed, answer.body);
    else if (answer.isLost || answer.isRefused) this.open = deed;
    else if (deed.token && answer.code === deed.unless) this.deadTokens.add(deed.token);
    else this.fail(deed.what, String(answer));
    return answer.is(deed.expects);
  }

  /** What must be refused. */
  async expectRefused(what: string, code: string, send: () => Promise<Answer>): Promise<void> {
    const answer = await this.send(what, send);
    if (answer.code !== code) this.fail(what, String(answer));
  }

  settle(deed: Deed, body: AnyBody): void {
    for (const type of deed.events) this.events.set(type, (this.events.get(type) ?? 0) + 1);
    if (deed.token) this.deadTokens.add(deed.token);
    deed.take(body);
  }

  /** `do`, where nothing is in the way. */
  async mustDo(deed: Deed): Promise<void> {
    if (!(await this.do(deed))) this.fail(deed.what, 'refused');
  }

  hold(bundle: AnyBody): void {
    if (bundle) {
      this.sessions.push({ token: bundle.token, refreshToken: bundle.refreshToken, spent: [] });
    }
  }

  /** All sessions end, or all but one. */
  endSessions(except?: HeldSession): void {
    const others = this.sessions.filter((session) => session !== except);
    this.ended.push(...others.map(({ refreshToken }) => refreshToken));
    this.sessions = except ? [except] : [];
  }

  setPassword(password: string, except?: HeldSession): void {
    this.formerPassword = this.password;
    this.password = password;
    this.endSessions(except);
    this.challenge = undefined;
    this.linksDiedAtMs = Date.now();
  }

  fail(what: string, answer: string): never {
    throw new Error(`${what}: ${answer}, for ${this.email}, who did:\n${this.ledger.historyOf(this.email)}`);
  }

  private async send(what: string, send: () => Promise<Answer>): Promise<Answer> {
    const entry = this.ledger.write(this.email, what);
    entry.answer = await send();
    return entry.answer;
  }
}
