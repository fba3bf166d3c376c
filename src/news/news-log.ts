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

/** Before everything. */
export const BEGINNING_OF_NEWS: NewsCursor = '1:1:';

/**
 * What was committed between the snapshot `$1`, whose xmin is `$2`, and now, no more and no less. Numbers in the order
 * of insertion would not do: a transaction that began early and commits late would be passed over for ever.
 * One statement, so that items and cursor are of the same snapshot.
 */
const READ = `
  SELECT pg_current_snapshot()::text AS cursor,
    pg_snapshot_xmax($1::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot()) AS foreign, (
    SELECT coalesce(json_agg(json_strip_nulls(json_build_object(
      'sid', sid, 'sub', sub, 'kid', kid, 'reason', reason, 'revokes', revokes, 'toldAt', told_at)) ORDER BY id), '[]')
    FROM news WHERE xid >= $2::xid8 AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot)
  ) AS items`;

/** The news since `cursor`, and the cursor to go on from. */
export async function readNews(cursor: NewsCursor, reader: Reader): Promise<NewsPage> {
  const page = firstRow(await reader.query(READ, [cursor, cursor.split(':', 1)[0]]));
  // Of another server, as after a move of the database: its numbers mean nothing here.
  return page.foreign ? readNews(BEGINNING_OF_NEWS, reader) : page;
}

/** The cursor to go on from for somebody who needs nothing that was told before. */
export async function presentOfNews(reader: Reader): Promise<NewsCursor> {
  return firstRow(await reader.query('SELECT pg_current_snapshot()::text AS cursor', [])).cursor;
}

function firstRow(result: unknown): NewsPage & { foreign?: boolean } {
  const rows = Array.isArray(result) ? (result as NewsPage[]) : (result as { rows: NewsPage[] }).rows;
  return rows[0] as NewsPage;
}
