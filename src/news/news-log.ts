import type { NewsItem } from './news-item.js';

/** Up to where somebody has read: a `pg_snapshot`, as text. */
export type NewsCursor = string;

export interface NewsPage {
  items: (NewsItem & { toldAt: string })[];
  cursor: NewsCursor;
}

/** A connection of `pg`, or what TypeORM makes of one. */
interface Reader {
  query(sql: string, values: unknown[]): Promise<unknown>;
}

/**
 * What was committed between the snapshot `$1` and now, no more and no less. Numbers in the order of insertion would
 * not do: a transaction that began early and commits late would be passed over for ever.
 * One statement, so that items and cursor are of the same snapshot.
 */
const READ = `
  SELECT pg_current_snapshot()::text AS cursor, (
    SELECT coalesce(json_agg(json_strip_nulls(json_build_object(
      'sid', sid, 'sub', sub, 'kid', kid, 'reason', reason, 'revokes', revokes, 'toldAt', told_at)) ORDER BY id), '[]')
    FROM news
    WHERE $1::text IS NULL
       OR xid >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot)
  ) AS items`;

/** The news since `cursor` (null: all that are kept), and the cursor to go on from. */
export async function readNews(cursor: NewsCursor | null, reader: Reader): Promise<NewsPage> {
  return firstRow(await reader.query(READ, [cursor]));
}

/** The cursor to go on from for somebody who needs nothing that was told before. */
export async function presentOfNews(reader: Reader): Promise<NewsCursor> {
  return firstRow(await reader.query('SELECT pg_current_snapshot()::text AS cursor', [])).cursor;
}

function firstRow(result: unknown): NewsPage {
  const rows = Array.isArray(result) ? (result as NewsPage[]) : (result as { rows: NewsPage[] }).rows;
  return rows[0] as NewsPage;
}
