import { createHash } from "node:crypto";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type {
  Connector,
  Content,
  DataSource,
  FileQuery,
  LentTable,
  Query,
  Repeatable,
} from "../connectors/connector.ts";
import { withEngineFailures } from "../connectors/engine-failures.ts";
import type { Quarantine } from "../crashes/quarantine.ts";
import type { FilledTable } from "../engine/catalog-statement.ts";
import type { Engine, NewTask } from "../engine/engine.ts";
import { tableChanged } from "../errors.ts";
import type { QueryResult } from "../results/query-result.ts";
import { openSource } from "../sources/open-source.ts";
import type { Limit } from "../timing/limit.ts";
import { formatReference, type MatchedTable } from "./match-tables.ts";
import { type MoveDeps, moveRows } from "./move-rows.ts";
import {
  nameTables,
  type PlannedTable,
  planStatement,
  type SourcedTable,
  type StatementPlan,
} from "./plan-catalog-statement.ts";
import { resolveTables } from "./resolve-tables.ts";

export type FederationDeps = MoveDeps & {
  readonly db: Db;
  readonly engine: Pick<Engine, "run">;
  readonly quarantine: Quarantine;
  readonly connectors: ReadonlyMap<string, Connector>;
};

/** A statement whose tables were found. It fails like the sources that it reads. */
export type CatalogStatement = Pick<DataSource, "query" | "writeResult"> & {
  /** The content of all tables; undefined if it can change unnoticed. */
  identify(signal: AbortSignal): Promise<Content | undefined>;
  readonly sourceIds: readonly string[];
  plan(maxRows: number | undefined, limit: Limit): Promise<StatementPlan>;
};

type OpenRequest = { readonly sql: string; readonly namespace: string };

/**
 * Finds the tables of a statement over the catalog. The scope is that of one namespace. InvalidArgument (SQL_INVALID,
 * STATEMENT_REFUSED, TABLE_NAME_INVALID).
 */
export async function openCatalogStatement(
  deps: FederationDeps,
  scope: Scope,
  request: OpenRequest,
  limit: Limit,
): Promise<CatalogStatement> {
  const names = await nameTables(watchedEngine(deps, request.sql), request.sql, limit);
  return statementOver(deps, scope, request, await resolveTables(deps.db, scope, names));
}

/** A statement over tables that are known. */
export function statementOver(
  deps: FederationDeps,
  scope: Scope,
  { sql, namespace }: OpenRequest,
  found: readonly MatchedTable[],
): CatalogStatement {
  const opened = new Map<string, DataSource>();
  const tables = found.map((table): SourcedTable => {
    const { source } = table;
    const dataSource = opened.get(source.sourceId) ?? openSource(deps, source);
    opened.set(source.sourceId, dataSource);
    return { ...table, dataSource };
  });
  const engine = watchedEngine(deps, sql);
  const owner = { orgId: scope.orgId, userId: scope.principal.userId };
  const plan = (maxRows: number | undefined, limit: Limit) =>
    planStatement(engine, { sql, maxRows }, tables, limit);

  /** Plans, moves and lends, then runs a task of an engine on it. */
  async function run(maxRows: number | undefined, limit: Limit, taskOf: (input: Input) => NewTask) {
    const planned = await plan(maxRows, limit);
    await using input = await fill(deps, owner, planned.tables, limit);
    const running = { ...limit, signal: input.signal };
    const reply = await withEngineFailures("the statement", () => engine.run(taskOf(input), running));
    return { reply, contentId: contentIdOf(input.contentIds) };
  }

  return {
    sourceIds: [...opened.keys()],
    plan,
    async identify(signal) {
      const contents: Content[] = [];
      for (const { dataSource } of tables) {
        const content = await dataSource.identify?.(signal);
        if (!content) return undefined;
        contents.push(content);
      }
      const contentId = contentIdOf(contents.map((content) => content.contentId));
      return contentId === undefined || contents.length === 0 ? undefined : { contentId, namespace };
    },
    async query({ maxRows }: Query, limit): Promise<QueryResult & Repeatable> {
      const { reply, contentId } = await run(maxRows, limit, (input) => ({
        ...inputOf(input),
        kind: "queryCatalog",
        sql,
        tables: input.tables,
        maxRows,
      }));
      if (reply.kind !== "queried") throw new Error("the engine answered something else");
      return { ...reply.result, contentId: reply.isRepeatable ? contentId : undefined };
    },
    async writeResult({ maxRows, format, outputPath }: FileQuery, limit) {
      const { reply } = await run(maxRows, limit, (input) => ({
        ...inputOf(input),
        kind: "write",
        rows: { kind: "catalog", tables: input.tables, sql },
        maxRows,
        format,
        outputPath,
      }));
      if (reply.kind !== "written") throw new Error("the engine answered something else");
      return reply.result;
    },
  };
}

/** What a task of the engine reads. */
type Input = {
  readonly tables: readonly FilledTable[];
  readonly inputPaths: readonly string[];
  /** Contents of the tables; undefined for those that can change unnoticed. */
  readonly contentIds: readonly (string | undefined)[];
  readonly signal: AbortSignal;
};

const inputOf = ({ inputPaths }: Input) => ({ path: "", fileName: "the statement", inputPaths });

/** Undefined if a content is not known. */
function contentIdOf(contentIds: readonly (string | undefined)[]): string | undefined {
  if (contentIds.includes(undefined)) return undefined;
  return createHash("sha256").update(JSON.stringify(contentIds)).digest("hex");
}

/** A crash is one of the statement: its files change with each snapshot. */
const watchedEngine = ({ engine, quarantine }: FederationDeps, sql: string): Pick<Engine, "run"> => ({
  run: (task, limit) => quarantine.watch({ file: catalogFile, sql }, () => engine.run(task, limit)),
});

const catalogFile = { name: "", sha256: createHash("sha256").update("catalog").digest("hex") };

async function fill(
  deps: FederationDeps,
  owner: { readonly orgId: string; readonly userId: string },
  tables: readonly PlannedTable[],
  limit: Limit,
): Promise<Input & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const lent = new Map<PlannedTable, LentTable>();
  for (const table of tables) {
    const file = await table.dataSource.lend?.(limit);
    if (!file) continue;
    lent.set(table, stack.use(file));
    checkLent(table, file);
  }
  const rest = tables.filter((table) => !lent.has(table));
  const rows = stack.use(await moveRows(deps, owner, rest, limit));
  const inputPaths: string[] = [];
  const filled = tables.map((table): FilledTable => {
    const { reference: name, columns: found, read } = table;
    const file = lent.get(table);
    const paths = file ? [file.path] : (rows.moved.find((one) => one.table === table)?.paths ?? []);
    const inputs = paths.map((path) => inputPaths.push(path) - 1);
    const columns = found.map(({ name: column, dataType }) => ({ name: column, dataType }));
    return { name, columns, inputs, ...(file ? { reading: file.reading } : { read: read.wanted }) };
  });
  const owned = stack.move();
  return {
    tables: filled,
    inputPaths,
    contentIds: tables.map((table) => lent.get(table)?.contentId),
    signal: rows.signal,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The statement was planned with the table that the catalog has. */
function checkLent({ reference, columns, table }: PlannedTable, lent: LentTable): void {
  const isSame =
    lent.name === table.name &&
    lent.columns.length === columns.length &&
    lent.columns.every(
      ({ name, dataType }, index) => columns[index]?.name === name && columns[index].dataType === dataType,
    );
  if (!isSame) throw tableChanged(formatReference(reference));
}
