import { checkReply } from "../sql/check-reply.ts";
import type { RowSource, SqlSession } from "../sql/row-source.ts";
import { copyRange, describeRows } from "./describe-rows.ts";
import { toRowsFailure } from "./failures.ts";
import { listTables } from "./list-tables.ts";
import { openCursor } from "./open-cursor.ts";
import { openStatement } from "./open-statement.ts";
import { versionReply } from "./replies.ts";
import { type Execute, type Session, withSession } from "./session.ts";
import { createSessionPool } from "./session-pool.ts";
import { takeSnapshot } from "./take-snapshot.ts";
import type { Target } from "./target.ts";

/** Reads PostgreSQL databases. Rows of tables and statements pass through COPY. */
export function createPostgresqlRows(): RowSource<Target> {
  // The process belongs to one source of one organisation, and so do its connections.
  const pool = createSessionPool();
  return {
    sharesSnapshots: true,
    withSession: (target, limit, work, { snapshot, isPooled } = {}) =>
      withSession(target, limit, (execute, session) => work(toSqlSession(execute, session)), {
        ...(snapshot !== undefined && { snapshot }),
        ...(isPooled && { pool }),
      }),
  };
}

const toSqlSession = (execute: Execute, { copyOut, closed }: Session): SqlSession => ({
  closed,
  async version() {
    const [row] = await execute("select current_setting('server_version') as version");
    const { version } = checkReply(versionReply, row, "version");
    return `PostgreSQL ${version.split(" ")[0]}`;
  },
  listTables: (schemas, tablesMax) => listTables(execute, schemas, tablesMax),
  openCursor: (sql, rowCount) => openCursor(execute, sql, rowCount),
  takeSnapshot: () => takeSnapshot(execute),
  describeRows: (table, format) => describeRows(execute, table, format),
  readRange: (table, range) => ({
    writeTo: (sink) =>
      copyOut(copyRange(table, range), sink).catch((error) => {
        throw toRowsFailure(error, table.label);
      }),
  }),
  openStatement: (sql, rowsMax) => openStatement(execute, copyOut, sql, rowsMax),
});
