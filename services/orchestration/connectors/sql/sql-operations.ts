import type { QueryResult } from "../../results/query-result.ts";
import type { Operation } from "../../source-process/operation.ts";
import type {
  DiscoveredTable,
  Query,
  ReadDescription,
  SnapshotRequest,
  SnapshotTable,
} from "../connector.ts";
import { describeTables } from "./describe-tables.ts";
import { createHeldSnapshots } from "./held-snapshots.ts";
import { holdSnapshot, type SnapshotPlan } from "./hold-snapshot.ts";
import { bytesOf, listTables, type TablesRequest } from "./list-tables.ts";
import { queryRows } from "./query-rows.ts";
import { type RangeRequest, readRange } from "./read-range.ts";
import { readStatement, type StatementPlan, type StatementRequest } from "./read-statement.ts";
import type { RowSource, RowSources } from "./row-source.ts";

/** Which database an operation works on. */
export type Target = { readonly connector: string; readonly login: unknown };

type Request<Rest = unknown> = Target & { readonly timeoutMs: number } & Rest;

/** Size of one part of a discovery, about: the receiver decodes a part at once. */
const partBytes = 64 * 1024;

export type SqlOperations = ReturnType<typeof createSqlOperations>;

/** Operations of a source's process on SQL databases. */
export function createSqlOperations(sources: RowSources) {
  const held = createHeldSnapshots();
  const find = ({ connector }: Target): RowSource => {
    const source = sources.get(connector);
    if (!source) throw new Error(`there is no row source ${connector}`);
    return source;
  };

  const testDatabase: Operation<Request, { serverVersion: string }> = async (request, { signal }) => {
    const limit = { signal, timeoutMs: request.timeoutMs };
    return find(request).withSession(request.login, limit, async (session) => ({
      serverVersion: await session.version(),
    }));
  };

  const discoverDatabase: Operation<Request<TablesRequest>, undefined, DiscoveredTable[]> = async (
    request,
    { signal, send },
  ) => {
    const limit = { signal, timeoutMs: request.timeoutMs };
    const tables = await find(request).withSession(request.login, limit, (session) =>
      listTables(session, request),
    );
    for (const part of partsOf(tables)) send(part);
    return undefined;
  };

  const queryDatabase: Operation<Request<{ readonly query: Query }>, QueryResult> = (request, { signal }) => {
    const limit = { signal, timeoutMs: request.timeoutMs };
    const work = queryRows(request.query);
    return find(request).withSession(request.login, limit, work, { isPooled: true });
  };

  const holdDatabase: Operation<Request<{ readonly request: SnapshotRequest }>, void, SnapshotPlan> = (
    request,
    context,
  ) => holdSnapshot(find(request), held, request, context);

  const describeDatabase: Operation<
    Request<{ readonly tables: readonly SnapshotTable[] }>,
    ReadDescription[]
  > = (request, { signal }) => {
    const limit = { signal, timeoutMs: request.timeoutMs };
    const work = describeTables(request.tables);
    return find(request).withSession(request.login, limit, work, { isPooled: true });
  };

  const readDatabaseRange: Operation<Request<RangeRequest>, number | undefined> = (request, context) =>
    readRange(find(request), held, request, context);

  const readDatabaseStatement: Operation<Request<StatementRequest>, number | undefined, StatementPlan> = (
    request,
    context,
  ) => readStatement(find(request), request, context);

  return {
    testDatabase,
    discoverDatabase,
    queryDatabase,
    describeDatabase,
    holdSnapshot: holdDatabase,
    readRange: readDatabaseRange,
    readStatement: readDatabaseStatement,
  };
}

/** At least one part. */
function* partsOf(tables: readonly DiscoveredTable[]): Generator<DiscoveredTable[]> {
  let part: DiscoveredTable[] = [];
  let sizeBytes = 0;
  for (const table of tables) {
    part.push(table);
    sizeBytes += bytesOf(table);
    if (sizeBytes < partBytes) continue;
    yield part;
    part = [];
    sizeBytes = 0;
  }
  yield part;
}
