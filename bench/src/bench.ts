import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cleanup } from './cleanup.js';
import { createDatabase } from './postgres.js';
import type { Environment } from './tokenhouse.js';

/** What issues and reads tokens: one name for all replicas of a run, whatever port they listen on. */
export const PUBLIC_URL = 'http://localhost:3000';

/** What a claim is measured with. All that it starts and makes is gone when it ends. */
export class Bench {
  readonly cleanup = new Cleanup();
  /** Replicas of one service share it. */
  private readonly appKey = randomBytes(32).toString('base64');

  constructor(
    readonly quick: boolean,
    private readonly adminUrl: string,
    /** Says what is being done. */
    readonly progress: (line: string) => void,
  ) {}

  /** A new, empty database. @returns its URL */
  async database(): Promise<string> {
    const { url, drop } = await createDatabase(this.adminUrl);
    this.cleanup.add(drop);
    return url;
  }

  /** A folder of its own. */
  async folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'tokenhouse-bench-'));
    this.cleanup.add(() => rm(path, { recursive: true, force: true }));
    return path;
  }

  /** What the service is started with: production, and otherwise its defaults. */
  async environment(databaseUrl: string, changes: Environment = {}): Promise<Environment> {
    return {
      NODE_ENV: 'production',
      APP_KEY: this.appKey,
      DATABASE_URL: databaseUrl,
      DATA_DIR: await this.folder(),
      HOST: '127.0.0.1',
      PUBLIC_URL,
      ...changes,
    };
  }
}
