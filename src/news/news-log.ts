import type { NewsItem } from './news-item.js';

/** Up to where somebody has read, as text: the snapshots of `READ`, and the last item's number. */
export type NewsCursor = string;

export interface NewsPage {
  items: (NewsItem & { toldAt: string })[];
  cursor: NewsCursor;
  /** Whether there was more than a page holds: only the last page says that this was all. */
  hasMore: boolean;
}

/** A connection of `pg`, or what TypeORM makes of one. */
interface Reader {
  query(sql: string, values: unknown[]): Promise<unknown>;
}

interface Row {
  items: (NewsPage['items'][number] & { id: string })[];
  present: string;
  foreign: boolean;
}

/** Before everything, so that what a dump brought along from another server is read, too. */
export const BEGINNING_OF_NEWS: NewsCursor = '1:1:';

const PAGE_SIZE = 5_000;

/**
 * What was committed after the snapshot `$1`, whose xmin is `$2`, no more and no less. Numbers in the order of insertion
 * would not do: a transaction that began early and commits late would be passed over for ever. They only part the pages:
 * `$3` is the last one that was read. One statement, so that items and snapshot belong together.
 */
const READ = `
  SELECT pg_current_snapshot()::text AS present,
    pg_snapshot_xmax($1::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot()) AS foreign, (
    SELECT coalesce(json_agg(json_strip_nulls(to_json(item)) ORDER BY id), '[]') FROM (
      SELECT id, sid, sub, kid, reason, revokes, told_at AS "toldAt" FROM news
      WHERE xid >= $2::xid8 AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot) AND id > $3
        AND ($1::text = '${BEGINNING_OF_NEWS}' OR xid < pg_snapshot_xmax(pg_current_snapshot()))
      ORDER BY id LIMIT ${PAGE_SIZE}
    ) AS item
  ) AS items`;

/** A page of the news since `cursor`, and the cursor to go on from. */
export async function readNews(cursor: NewsCursor, reader: Reader): Promise<NewsPage> {
  const [since = '', until, last = '0'] = cursor.split(' ');
  const { items, present, foreign } = firstRow<Row>(
    await reader.query(READ, [since, since.split(':', 1)[0], last]),
  );
  // Of another server, as after a move of the database: its numbers mean nothing here.
  if (foreign) return readNews(BEGINNING_OF_NEWS, reader);
  // What is committed while the pages are read is not visible in the first page's snapshot, and comes after them.
  const end = until ?? present;
  const hasMore = items.length === PAGE_SIZE;
  return {
    items: items.map(({ id: _id, ...item }) => item),
    hasMore,
    cursor: hasMore ? `${since} ${end} ${items.at(-1)?.id}` : end,
  };
}

/** The cursor to go on from for somebody who needs nothing that was told before. */
export async function presentOfNews(reader: Reader): Promise<NewsCursor> {
  const row = firstRow<Row>(await reader.query('SELECT pg_current_snapshot()::text AS present', []));
  return row.present;
}

function firstRow<T>(result: unknown): T {
  const rows = Array.isArray(result) ? (result as T[]) : (result as { rows: T[] }).rows;
  return rows[0] as T;
}
