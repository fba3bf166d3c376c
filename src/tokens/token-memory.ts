/** Of whom a remembered token speaks. */
export interface TokenSubjectIds {
  readonly sid: string;
  readonly sub: string;
}

interface Entry<T> extends TokenSubjectIds {
  /** The whole text. */
  readonly token: string;
  readonly value: T;
  readonly untilMs: number;
}

const KEY_CHARACTERS = 32;
const TOKENS_A_GENERATION = 10_000;
/** Of token text, because a host's claims may make tokens long. */
const CHARACTERS_A_GENERATION = 16 * 1024 * 1024;

/**
 * What is known of tokens that were verified: until their time is over, or until their session or user is forgotten.
 * Looked up by the end of a token, and compared as a whole. It holds two generations. When the young one is full the old one goes, save what was asked for
 * meanwhile: so a flood takes a bounded memory and constant time, and does not wash away what is in use.
 */
export class TokenMemory<T> {
  private young = new Generation<T>();
  private old = new Generation<T>();

  /** Undefined for a token that is not known, or not any more. */
  recall(token: string, nowMs: number): T | undefined {
    const key = keyOf(token);
    const entry = this.young.entries.get(key) ?? this.rejuvenate(key);
    return entry?.token === token && nowMs < entry.untilMs ? entry.value : undefined;
  }

  keep(token: string, { sid, sub }: TokenSubjectIds, value: T, untilMs: number): void {
    // A part of a header would keep the whole header alive.
    const own = Buffer.from(token, 'latin1').toString('latin1');
    this.add({ token: own, sid, sub, value, untilMs });
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

  private add(entry: Entry<T>): void {
    if (this.young.isFull) {
      this.old = this.young;
      this.young = new Generation();
    }
    this.young.add(entry);
  }

  private rejuvenate(key: string): Entry<T> | undefined {
    const entry = this.old.entries.get(key);
    if (entry) this.add(entry);
    return entry;
  }
}

/** What was kept over some time. It only grows, until it goes as a whole. */
class Generation<T> {
  readonly entries = new Map<string, Entry<T>>();
  private readonly keysBySid = new Map<string, string[]>();
  private readonly sidsBySub = new Map<string, string[]>();
  private tokens = 0;
  private characters = 0;

  get isFull(): boolean {
    return this.tokens >= TOKENS_A_GENERATION || this.characters >= CHARACTERS_A_GENERATION;
  }

  add(entry: Entry<T>): void {
    const key = keyOf(entry.token);
    this.entries.set(key, entry);
    append(this.keysBySid, entry.sid, key);
    append(this.sidsBySub, entry.sub, entry.sid);
    this.tokens += 1;
    this.characters += entry.token.length;
  }

  forgetSession(sid: string): void {
    for (const key of this.keysBySid.get(sid) ?? []) this.entries.delete(key);
    this.keysBySid.delete(sid);
  }

  forgetUser(sub: string): void {
    for (const sid of this.sidsBySub.get(sub) ?? []) this.forgetSession(sid);
    this.sidsBySub.delete(sub);
  }
}

/** Of the signature, so that no two good tokens share it; a Map would take longer to hash the whole text than all else. */
function keyOf(token: string): string {
  return token.slice(-KEY_CHARACTERS);
}

function append(index: Map<string, string[]>, key: string, value: string): void {
  const values = index.get(key);
  if (values) values.push(value);
  else index.set(key, [value]);
}
