import { checkReply } from "../sql/check-reply.ts";
import type { RowSource, SqlSession } from "../sql/row-source.ts";
import { listTables } from "./catalog/list-tables.ts";
import { versionReply } from "./catalog/replies.ts";
import { toRowsFailure } from "./session/failures.ts";
import { type Execute, type Session, withSession } from "./session/session.ts";
import { createSessionPool } from "./session/session-pool.ts";
import { copyRange, describeRows } from "./statements/describe-rows.ts";
import { openCursor } from "./statements/open-cursor.ts";
import { openStatement } from "./statements/open-statement.ts";
import { takeSnapshot } from "./statements/take-snapshot.ts";
import { bindParameters } from "./statements/where-of.ts";
import type { Target } from "./target/target.ts";

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
  listTables: (schemas, tablesMax, table) => listTables(execute, schemas, tablesMax, table),
  openCursor: (sql, rowCount) => openCursor(execute, sql, rowCount),
  takeSnapshot: () => takeSnapshot(execute),
  describeRows: (table, format) => describeRows(execute, table, format),
  readRange: (table, range) => ({
    async writeTo(sink) {
      try {
        await bindParameters(execute, table.parameters);
        return await copyOut(copyRange(table, range), sink);
      } catch (error) {
        throw toRowsFailure(error, table.label);
      }
    },
  }),
  openStatement: (sql, rowsMax) => openStatement(execute, copyOut, sql, rowsMax),
});
