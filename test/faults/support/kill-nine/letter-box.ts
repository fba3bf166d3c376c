import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface Letter {
  /** Of its link. */
  readonly token: string;
  readonly writtenAtMs: number;
}

export type LetterKind = 'verify-email' | 'reset-password';

const LOOK_AGAIN_MS = 50;

/** The letters with links that the service wrote as files. */
export class LetterBox {
  private readonly read = new Set<string>();
  private readonly letters = new Map<string, Letter[]>();
  private lookedAtMs = 0;
  private looking?: Promise<void>;

  constructor(private readonly folder: string) {}

  /** Takes in what has come; often called, it looks now and then. */
  async look(): Promise<void> {
    if (performance.now() - this.lookedAtMs < LOOK_AGAIN_MS) return;
    this.looking ??= this.takeIn().finally(() => {
      this.lookedAtMs = performance.now();
      this.looking = undefined;
    });
    await this.looking;
  }

  /** Those of a kind to somebody, the oldest first. */
  find(to: string, kind: LetterKind): readonly Letter[] {
    return this.letters.get(`${kind} ${to}`) ?? [];
  }

  private async takeIn(): Promise<void> {
    const names = await readdir(this.folder).catch(() => []);
    for (const name of names.sort()) {
      const kind = /-(verify-email|reset-password)\.eml$/.exec(name)?.[1];
      if (kind === undefined || this.read.has(name)) continue;
      this.read.add(name);
      await this.keep(kind, join(this.folder, name));
    }
  }

  private async keep(kind: string, path: string): Promise<void> {
    const text = await readFile(path, 'utf8');
    const to = /^To: .*?([^\s<>]+@[^\s<>]+)/m.exec(text)?.[1] ?? '';
    const token = /[?&]token=([\w-]+)/.exec(text)?.[1] ?? '';
    const key = `${kind} ${to}`;
    const letter = { token, writtenAtMs: (await stat(path)).mtimeMs };
    this.letters.set(key, [...(this.letters.get(key) ?? []), letter]);
  }
}
