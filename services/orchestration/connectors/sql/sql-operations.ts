import type { QueryResult } from "../../results/query-result.ts";
import type { Operation } from "../../source-process/operation.ts";
import type { DiscoveredTable, Query } from "../connector.ts";
import { checkAnswer, versionAnswer } from "../postgresql/answers.ts";
import { type CopyPlan, type CopyQueryRequest, copyQuery } from "../postgresql/copy-statement.ts";
import { bytesOf, discoverTables } from "./list-tables.ts";
import { type CopyRequest, feedRows } from "./read-rows.ts";
import { type HoldRequest, holdSnapshot, type SnapshotPlan } from "./hold-snapshot.ts";
import { queryRows } from "../postgresql/open-cursor.ts";
import { withSession } from "../postgresql/session.ts";
import { createSessionPool } from "../postgresql/session-pool.ts";
import type { Target } from "../postgresql/target.ts";

type Request<Rest = unknown> = { readonly target: Target; readonly timeoutMs: number } & Rest;

/** What one part of a discovery takes, in bytes, about: what is sent at once is what the receiver reads at once. */
const partBytes = 64 * 1024;

const testDatabase: Operation<Request, { serverVersion: string }> = ({ target, timeoutMs }, { signal }) =>
  withSession(target, { signal, timeoutMs }, async (ask) => {
    const [row] = await ask("select current_setting('server_version') as version");
    const { version } = checkAnswer(versionAnswer, row, "version");
    return { serverVersion: `PostgreSQL ${version.split(" ")[0]}` };
  });

const discoverDatabase: Operation<Request, undefined, DiscoveredTable[]> = async (
  { target, timeoutMs },
  { signal, send },
) => {
  const tables = await withSession(target, { signal, timeoutMs }, (ask) =>
    discoverTables(ask, target.settings.schemas),
  );
  let part: DiscoveredTable[] = [];
  let bytes = 0;
  for (const table of tables) {
    part.push(table);
    bytes += bytesOf(table);
    if (bytes < partBytes) continue;
    send(part);
    part = [];
    bytes = 0;
  }
  send(part);
  return undefined;
};

/** The process is one source's of one organisation, and so are its connections. */
const pool = createSessionPool();

const queryDatabase: Operation<Request<{ readonly query: Query }>, QueryResult> = (
  { target, timeoutMs, query },
  { signal },
) => withSession(target, { signal, timeoutMs }, (ask) => queryRows(ask, query), { pool });

const hold: Operation<HoldRequest, void, SnapshotPlan> = holdSnapshot;
const copyResult: Operation<CopyQueryRequest, number | undefined, CopyPlan> = copyQuery;
const copy: Operation<CopyRequest, number | undefined> = feedRows;

/** What a source's process does with a PostgreSQL database. */
export const postgresqlOperations = {
  testDatabase,
  discoverDatabase,
  queryDatabase,
  holdSnapshot: hold,
  copyRows: copy,
  copyQuery: copyResult,
};
