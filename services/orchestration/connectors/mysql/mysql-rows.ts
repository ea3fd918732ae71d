import { randomUUID } from "node:crypto";
import { sourceDataInvalid } from "../../errors.ts";
import type { RowSource, SqlSession } from "../sql/row-source.ts";
import { listTables } from "./catalog/list-tables.ts";
import { readAll } from "./catalog/read-all.ts";
import { type Session, withSession } from "./session/session.ts";
import { createSessionPool } from "./session/session-pool.ts";
import { describeRows, readRange } from "./statements/describe-rows.ts";
import { openCursor } from "./statements/open-cursor.ts";
import { openStatement } from "./statements/open-statement.ts";
import type { Target } from "./target/target.ts";

/**
 * Reads MySQL and MariaDB databases. A snapshot belongs to one session, which no other can join, so that session reads all
 * its ranges. Rows come in the binary format: the text format rounds numbers.
 */
export function createMysqlRows(): RowSource<Target> {
  // The process belongs to one source of one organisation, and so do its connections.
  const pool = createSessionPool();
  return {
    sharesSnapshots: false,
    withSession: (target, limit, work, { isPooled } = {}) =>
      withSession(target, limit, (session) => work(toSqlSession(session)), isPooled ? pool : undefined),
  };
}

const toSqlSession = (session: Session): SqlSession => ({
  closed: session.closed,
  async version() {
    const [[found] = []] = await readAll(session, "select version()");
    const [version] = /^\d[\d.]{0,30}/.exec(String(found)) ?? [];
    if (version === undefined) throw sourceDataInvalid("the source's version can't be used");
    return `${session.isMariaDb ? "MariaDB" : "MySQL"} ${version}`;
  },
  listTables: (schemas, tablesMax) => listTables(session, schemas, tablesMax),
  openCursor: (sql, rowCount, rowsMax) => openCursor(session, sql, rowCount, rowsMax),
  takeSnapshot: async () => ({ name: randomUUID(), time: await serverTime(session) }),
  describeRows: (table) => describeRows(session, table),
  readRange: (table, range, timeoutMs) => ({ batches: readRange(session, table, range, timeoutMs) }),
  openStatement: (sql, rowsMax) => openStatement(session, sql, rowsMax),
});

async function serverTime(session: Session): Promise<Date> {
  const [[found] = []] = await readAll(session, "select cast(unix_timestamp(now(6)) * 1000 as signed)");
  const milliseconds = Number(found);
  if (!/^\d{1,15}$/.test(String(found))) throw sourceDataInvalid("the source's time can't be used");
  return new Date(milliseconds);
}
