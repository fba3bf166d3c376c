import { expect } from 'vitest';
import type { TestApp } from '../app.js';
import { Client } from '../client.js';
import { decodeToken } from '../forge.js';
import { createRichAccount, ok, type RichAccount } from './rich-account.js';
import type { KnownName } from './values.js';

/** Tables to which a stranger's request may add a row about somebody; what is there they may not touch either. */
const MAY_GROW = new Set([
  // Anybody may ask for a mail to an address.
  'one_time_links',
  // What was refused is noted.
  'domain_events',
]);
/** Work on what was noted. */
const IN_PROGRESS = 'event_deliveries';

/** A row of somebody, as text that differs if anything in it does. */
interface Row {
  table: string;
  row: string;
}

/** Somebody who does nothing while others do everything: a rich account, of which nothing may change or get out. */
export class Bystander {
  private readonly ids: readonly string[];
  private readonly secrets: readonly string[];

  private constructor(
    private readonly target: TestApp,
    private readonly account: RichAccount,
    private readonly known: Partial<Record<KnownName, string>>,
    private rows: Row[],
  ) {
    this.ids = rows.flatMap(({ row }) => (JSON.parse(row) as { id?: string }).id ?? []);
    const given = new Set(Object.values(known));
    const texts = [...account.secrets, ...rows.flatMap(textsOf)];
    this.secrets = [...new Set(texts)].filter((text) => !given.has(text));
  }

  static async create(target: TestApp): Promise<Bystander> {
    const account = await createRichAccount(target);
    const known: Partial<Record<KnownName, string>> = {
      'other.id': account.id,
      'other.email': account.email,
      'other.username': account.username,
      'other.session': decodeToken(account.live.token).payload.sid as string,
      'other.endedToken': account.ended.token,
      'other.endedRefreshToken': account.ended.refreshToken,
    };
    return new Bystander(target, account, known, await rowsOf(target, account.id));
  }

  /** What a name of this person stands for. */
  valueOf(name: KnownName): string {
    const [, index] = /^other\.row\.(\d+)$/.exec(name) ?? [];
    const value = index === undefined ? this.known[name] : this.ids[Number(index) % this.ids.length];
    return value ?? name;
  }

  /** @throws when a row of this person was changed, went, or came */
  async expectUntouched(): Promise<void> {
    const [before, after] = [this.rows, await rowsOf(this.target, this.account.id)];
    const gone = before.filter(({ row }) => !after.some((other) => other.row === row));
    const known = new Set(before.map(({ row }) => row));
    const came = after.filter(({ table, row }) => !MAY_GROW.has(table) && !known.has(row));
    // The next request is judged by what it does itself.
    this.rows = after.filter(({ table, row }) => !MAY_GROW.has(table) || known.has(row));
    expect({ gone, came }, 'rows of somebody else').toEqual({ gone: [], came: [] });
  }

  /** @throws when a text holds something that only this person knows, or only the database */
  expectNothingIn(text: string): void {
    expect(
      this.secrets.filter((secret) => text.includes(secret)),
      'secrets of somebody else',
    ).toEqual([]);
  }

  /** @throws when the tokens of this person do not work as before */
  async expectSignedIn(): Promise<void> {
    const client = new Client(this.target);
    this.target.forget();
    await ok(client.get('/api/user', { token: this.account.live.token }));
    await ok(client.post('/api/auth/refresh', { refreshToken: this.account.live.refreshToken }));
  }
}

/** All rows that name a person, of every table that there is. */
async function rowsOf({ database }: TestApp, id: string): Promise<Row[]> {
  const tables: { table: string; column: string }[] = await database.query(
    `SELECT c.table_name AS "table", c.column_name AS "column"
     FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
     WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.table_name <> $1
       AND (c.column_name IN ('user_id', 'subject_id') OR (c.table_name = 'users' AND c.column_name = 'id'))
     ORDER BY 1`,
    [IN_PROGRESS],
  );
  const parts = tables.map(
    ({ table, column }) =>
      `SELECT '${table}' AS "table", to_jsonb(t)::text AS row FROM ${table} t WHERE t.${column} = $1`,
  );
  return database.query(parts.join(' UNION ALL '), [id]);
}

const NAME = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT/;

/**
 * Texts in a row that nobody else can have by chance: no ids, which are names and no secrets, no times, and none of the log,
 * whose types and reasons are everybody's.
 */
function textsOf({ table, row }: Row): string[] {
  if (table === 'domain_events') return [];
  const texts: string[] = [];
  JSON.parse(row, (_, value: unknown) => {
    if (typeof value === 'string' && value.length >= 16 && !NAME.test(value) && !TIME.test(value))
      texts.push(value);
    return value;
  });
  return texts;
}
