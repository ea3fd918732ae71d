import { and, count, getTableColumns, is, type SQL, type Subquery, sql } from "drizzle-orm";
import { type PgColumn, PgTable } from "drizzle-orm/pg-core";
import type { Db } from "../database/database.ts";
import type { Field, Fields } from "./fields.ts";
import { filterCondition } from "./filter-sql.ts";
import { afterCursor, cursorOf, orderOf } from "./keyset.ts";
import { digestRequest, readToken, writeToken } from "./page-token.ts";
import { type OrderTerm, parseOrder } from "./parse-order.ts";

const pageSizeDefault = 50;
/** Counting stops here: clients show `10000+`. */
const totalMax = 10_000;

/** The fields that every request for a page of a list has. */
export type ListRequest = {
  readonly $typeName: string;
  readonly pageSize: number;
  readonly pageToken: string;
  readonly orderBy: string;
  readonly filter: string;
  readonly showTotal: boolean;
};

/** The fields that every response with a page of a list has, beside its rows. */
type PageInfo = {
  readonly nextPageToken: string;
  readonly totalSize: number;
  readonly totalSizeExceeded: boolean;
};
export type Page<Row> = PageInfo & { readonly rows: Row[] };

export type ListDescription<Table extends PgTable | Subquery> = {
  readonly table: Table;
  /** Columns to select. Default: all of a table. */
  readonly columns?: Readonly<Record<string, PgColumn | SQL | SQL.Aliased>>;
  /** What `filter` may name. */
  readonly filterable: Fields;
  /** What `order_by` may name: each has an index after the organisation. */
  readonly orderable: Fields;
  /** Default order; must be of `orderable`. */
  readonly defaultOrder?: string;
  /** Makes every order total: the id, or what identifies a row within the list. */
  readonly key: Field;
};

export type List<Row> = {
  /** A page of the rows that match `where` and the request. Throws INVALID_ARGUMENT for what the request names wrongly. */
  readonly read: (db: Db, request: ListRequest, where: SQL | undefined) => Promise<Page<Row>>;
};

/** A list, from one description: filter, order, page tokens and total follow from it. */
export function listOf<
  Table extends PgTable | Subquery,
  Row = Table extends PgTable ? Table["$inferSelect"] : never,
>(description: ListDescription<Table>): List<Row> {
  const { table, columns = is(table, PgTable) ? getTableColumns(table) : {}, filterable } = description;
  return {
    async read(db, request, where) {
      const terms = orderTerms(description, request.orderBy);
      const digest = digestRequest(request);
      const matching = and(where, filterCondition(filterable, request.filter));
      const after =
        request.pageToken &&
        readToken(
          request.pageToken,
          digest,
          terms.map(({ field }) => field),
        );
      const pageSize = request.pageSize || pageSizeDefault;
      const [found, total] = await Promise.all([
        db
          .select({ row: columns, cursor: cursorOf(terms) })
          .from(table as PgTable)
          .where(and(matching, after ? afterCursor(terms, after) : undefined))
          .orderBy(...orderOf(terms))
          .limit(pageSize + 1),
        request.showTotal ? countMatching(db, table, matching) : 0,
      ]);
      const kept = found.slice(0, pageSize);
      const last = found.length > pageSize ? kept.at(-1) : undefined;
      return {
        rows: kept.map(({ row }) => row as Row),
        nextPageToken: last ? writeToken(JSON.parse(last.cursor), digest) : "",
        totalSize: Math.min(total, totalMax),
        totalSizeExceeded: total > totalMax,
      };
    },
  };
}

/** The key comes last, in the direction of the field before it, so that an index of both serves the order. */
function orderTerms<Table extends PgTable | Subquery>(
  { orderable, defaultOrder = "create_time desc", key }: ListDescription<Table>,
  orderBy: string,
): OrderTerm[] {
  const given = parseOrder(orderable, orderBy);
  const terms = given.length > 0 ? given : parseOrder(orderable, defaultOrder);
  return terms.some(({ field }) => field === key)
    ? terms
    : [...terms, { field: key, isDescending: terms.at(-1)?.isDescending ?? true }];
}

async function countMatching(db: Db, table: PgTable | Subquery, where: SQL | undefined): Promise<number> {
  const matches = db
    .select({ one: sql`1`.as("one") })
    .from(table as PgTable)
    .where(where)
    .limit(totalMax + 1)
    .as("matches");
  const [row] = await db.select({ total: count() }).from(matches);
  return row?.total ?? 0;
}
