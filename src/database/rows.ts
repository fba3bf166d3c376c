import type { DataSource, EntityTarget, ObjectLiteral } from 'typeorm';

/** Raw rows as `pg` returns them. */
export type Row = Record<string, unknown>;

/**
 * The select list for an entity in hand-written SQL: `alias.column AS alias_column`, …; read the rows back
 * with `hydrate`. It lets one statement change and return what an ORM would need several for.
 */
export function columnsOf<T extends ObjectLiteral>(
  database: DataSource,
  entity: EntityTarget<T>,
  alias: string,
): string {
  const { columns } = database.getMetadata(entity);
  return columns.map(({ databaseName: name }) => `${alias}.${name} AS ${alias}_${name}`).join(', ');
}

/** The entity in a row that was selected with `columnsOf` and the same alias. */
export function hydrate<T extends ObjectLiteral>(
  database: DataSource,
  entity: EntityTarget<T>,
  alias: string,
  row: Row,
): T {
  const metadata = database.getMetadata(entity);
  const result = database.manager.create(entity);
  for (const column of metadata.columns) {
    const value = row[`${alias}_${column.databaseName}`];
    column.setEntityValue(result, database.driver.prepareHydratedValue(value, column));
  }
  return result;
}

/** Runs `INSERT`, `UPDATE` or `DELETE … RETURNING` and gives its rows; TypeORM wraps those of the latter two. */
export async function changedRows(
  runner: { query(sql: string, parameters?: unknown[]): Promise<unknown> },
  sql: string,
  parameters: unknown[],
): Promise<Row[]> {
  const result = (await runner.query(sql, parameters)) as Row[] | [Row[], number];
  return Array.isArray(result[0]) ? result[0] : (result as Row[]);
}
