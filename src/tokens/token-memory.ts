/** Of whom a remembered token speaks. */
export interface TokenSubjectIds {
  readonly sid: string;
  readonly sub: string;
}

interface Entry<T> extends TokenSubjectIds {
  readonly value: T;
  readonly untilMs: number;
}

const MAX_TOKENS = 20_000;
/** Of token text, because a host's claims may make tokens long. */
const MAX_CHARACTERS = 32 * 1024 * 1024;

/**
 * What is known of tokens that were verified, by the whole text of each: forgotten when their time is over, by session
 * or by user, and the oldest when there are too many, so that no flood takes more than a bounded memory.
 */
export class TokenMemory<T> {
  /** A Map keeps the order of insertion: the first is the oldest. */
  private readonly entries = new Map<string, Entry<T>>();
  private readonly tokensBySid = new Index();
  private readonly sidsBySub = new Index();
  private characters = 0;

  /** How many tokens it holds. */
  get size(): number {
    return this.entries.size;
  }

  /** Undefined for a token that is not known, or not any more. */
  recall(token: string, nowMs: number): T | undefined {
    const entry = this.entries.get(token);
    return entry && nowMs < entry.untilMs ? entry.value : undefined;
  }

  keep(token: string, { sid, sub }: TokenSubjectIds, value: T, untilMs: number): void {
    this.forget(token);
    this.entries.set(token, { sid, sub, value, untilMs });
    this.characters += token.length;
    this.tokensBySid.add(sid, token);
    this.sidsBySub.add(sub, sid);
    while (this.entries.size > MAX_TOKENS || this.characters > MAX_CHARACTERS) {
      this.forget(this.entries.keys().next().value as string);
    }
  }

  forgetSession(sid: string): void {
    for (const token of this.tokensBySid.get(sid)) this.forget(token);
  }

  forgetUser(sub: string): void {
    for (const sid of this.sidsBySub.get(sub)) this.forgetSession(sid);
  }

  clear(): void {
    this.entries.clear();
    this.tokensBySid.clear();
    this.sidsBySub.clear();
    this.characters = 0;
  }

  private forget(token: string): void {
    const entry = this.entries.get(token);
    if (!entry) return;
    this.entries.delete(token);
    this.characters -= token.length;
    if (this.tokensBySid.remove(entry.sid, token)) this.sidsBySub.remove(entry.sub, entry.sid);
  }
}

/** Several values for a key; no key without a value. */
class Index {
  private readonly values = new Map<string, Set<string>>();

  get(key: string): Iterable<string> {
    return this.values.get(key) ?? [];
  }

  add(key: string, value: string): void {
    const values = this.values.get(key);
    if (values) values.add(value);
    else this.values.set(key, new Set([value]));
  }

  /** True when that was the key's last value. */
  remove(key: string, value: string): boolean {
    const values = this.values.get(key);
    values?.delete(value);
    return values?.size === 0 && this.values.delete(key);
  }

  clear(): void {
    this.values.clear();
  }
}
