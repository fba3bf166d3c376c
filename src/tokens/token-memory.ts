/** Of whom a remembered token speaks. */
export interface TokenSubjectIds {
  readonly sid: string;
  readonly sub: string;
}

interface Entry<T> extends TokenSubjectIds {
  readonly value: T;
  readonly untilMs: number;
}

const TOKENS_A_GENERATION = 10_000;
/** Of token text, because a host's claims may make tokens long. */
const CHARACTERS_A_GENERATION = 16 * 1024 * 1024;

/**
 * What is known of tokens that were verified, by the whole text of each: until their time is over, or until their session
 * or user is forgotten. It holds two generations. When the young one is full the old one goes, save what was asked for
 * meanwhile: so a flood takes a bounded memory and constant time, and does not wash away what is in use.
 */
export class TokenMemory<T> {
  private young = new Generation<T>();
  private old = new Generation<T>();

  /** Undefined for a token that is not known, or not any more. */
  recall(token: string, nowMs: number): T | undefined {
    const entry = this.young.entries.get(token) ?? this.rejuvenate(token);
    return entry && nowMs < entry.untilMs ? entry.value : undefined;
  }

  keep(token: string, { sid, sub }: TokenSubjectIds, value: T, untilMs: number): void {
    this.add(token, { sid, sub, value, untilMs });
  }

  forgetSession(sid: string): void {
    this.young.forgetSession(sid);
    this.old.forgetSession(sid);
  }

  forgetUser(sub: string): void {
    this.young.forgetUser(sub);
    this.old.forgetUser(sub);
  }

  clear(): void {
    this.young = new Generation();
    this.old = new Generation();
  }

  private add(token: string, entry: Entry<T>): void {
    if (this.young.isFull) {
      this.old = this.young;
      this.young = new Generation();
    }
    this.young.add(token, entry);
  }

  private rejuvenate(token: string): Entry<T> | undefined {
    const entry = this.old.entries.get(token);
    if (entry) this.add(token, entry);
    return entry;
  }
}

/** What was kept over some time. It only grows, until it goes as a whole. */
class Generation<T> {
  readonly entries = new Map<string, Entry<T>>();
  private readonly tokensBySid = new Map<string, string[]>();
  private readonly sidsBySub = new Map<string, string[]>();
  private tokens = 0;
  private characters = 0;

  get isFull(): boolean {
    return this.tokens >= TOKENS_A_GENERATION || this.characters >= CHARACTERS_A_GENERATION;
  }

  add(token: string, entry: Entry<T>): void {
    this.entries.set(token, entry);
    append(this.tokensBySid, entry.sid, token);
    append(this.sidsBySub, entry.sub, entry.sid);
    this.tokens += 1;
    this.characters += token.length;
  }

  forgetSession(sid: string): void {
    for (const token of this.tokensBySid.get(sid) ?? []) this.entries.delete(token);
    this.tokensBySid.delete(sid);
  }

  forgetUser(sub: string): void {
    for (const sid of this.sidsBySub.get(sub) ?? []) this.forgetSession(sid);
    this.sidsBySub.delete(sub);
  }
}

function append(index: Map<string, string[]>, key: string, value: string): void {
  const values = index.get(key);
  if (values) values.push(value);
  else index.set(key, [value]);
}
