import { randomUUID } from "node:crypto";
import { sourceDataInvalid } from "../../errors.ts";
import type { RowSource, SqlSession } from "../sql/row-source.ts";
import { listTables } from "./catalog/list-tables.ts";
import { type Session, withSession } from "./session/session.ts";
import { copyTable, describeTypes } from "./snapshot/copy-table.ts";
import { createSpool, type Spool, type TableCopy } from "./snapshot/spool.ts";
import { openCursor } from "./statements/open-cursor.ts";
import { openStatement } from "./statements/open-statement.ts";
import type { TrinoLogin } from "./trino-login.ts";

/** Reads catalogs of Trino over its HTTP protocol. A snapshot is a copy, which belongs to one session. */
export function createTrinoRows(): RowSource<TrinoLogin> {
  return {
    sharesSnapshots: false,
    withSession: (login, limit, work) =>
      withSession(login, limit, async (session) => {
        await using spool = createSpool(login.spoolDirectory);
        return await work(toSqlSession(session, spool, limit.signal));
      }),
  };
}

function toSqlSession(session: Session, spool: Spool, signal: AbortSignal): SqlSession {
  const copies = new Map<string, TableCopy>();
  return {
    closed: session.closed,
    async version() {
      const [[found = ""] = []] = await session.readAll("select version()");
      const [version] = /\d[\w.-]{0,30}/.exec(found) ?? [];
      if (version === undefined) throw sourceDataInvalid("the source's version can't be used");
      return `Trino ${version}`;
    },
    listTables: (schemas, tablesMax, table) => listTables(session, schemas, tablesMax, table),
    openCursor: (sql, rowCount) => openCursor(session, sql, rowCount),
    takeSnapshot: async () => ({ name: randomUUID(), time: new Date() }),
    async describeRows(table) {
      const { copy, description } = await copyTable(session, spool, table, signal);
      copies.set(description.select, copy);
      return description;
    },
    describeTypes: (table) => describeTypes(session, table),
    readRange: ({ label, select }, range) => ({
      writeTo(sink) {
        const copy = copies.get(select);
        if (!copy) throw new Error(`there is no copy of ${label}`);
        return copy.write(range, sink);
      },
    }),
    openStatement: (sql, rowsMax) => openStatement(session, sql, rowsMax),
  };
}
