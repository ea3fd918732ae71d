import { createHash } from "node:crypto";
import type { DataSource, OpenSource } from "../connector.ts";
import type { BorrowedDatabase } from "../database-file/borrow-database.ts";
import { type FileLocation, parseFileSettings } from "../database-file/settings.ts";
import { withEngineFailures } from "../engine-failures.ts";
import { previewTable } from "../sql/preview-table.ts";
import { borrowDuckdb, type DuckdbDeps, databaseNamed } from "./borrow.ts";
import { openDuckdbSnapshot } from "./duckdb-snapshot.ts";
import { readTables } from "./read-tables.ts";
import { duckdbSettings } from "./settings.ts";

/** Reads databases of DuckDB in the confined processes of the engine. Each request reads bytes that do not change. */
export const createOpenDuckdb =
  (deps: DuckdbDeps): OpenSource =>
  (settings, field) =>
    duckdbSource(deps, parseFileSettings(duckdbSettings, settings, field).location);

function duckdbSource(deps: DuckdbDeps, location: FileLocation): DataSource {
  const { blobs, engine, quarantine } = deps;

  const query: DataSource["query"] = async ({ sql, maxRows }, limit) => {
    using file = await borrowDuckdb(deps, location, limit.signal);
    return withEngineFailures(databaseNamed(file), async () => {
      const task = { kind: "queryDatabase" as const, path: file.path, fileName: file.name, sql, maxRows };
      const reply = await quarantine.watch({ file, sql }, () => engine.run(task, limit));
      if (reply.kind !== "queried") throw new Error("the engine answered something else");
      return { ...reply.result, contentId: reply.isRepeatable ? contentIdOf(file) : undefined };
    });
  };

  return {
    async test(limit) {
      using file = await borrowDuckdb(deps, location, limit.signal);
      const { version } = await readTables(deps, file, [], limit);
      return { serverVersion: version };
    },
    // The content of a file in a folder is not known before it is copied.
    ...(location.kind === "stored" && {
      async identify(signal: AbortSignal) {
        const head = await blobs.head(location.fileId, signal);
        return { contentId: contentIdOf(head), namespace: head.namespace };
      },
    }),
    async discover(limit) {
      using file = await borrowDuckdb(deps, location, limit.signal);
      const { tables } = await readTables(deps, file, undefined, limit);
      return tables.map(({ schemaName, name, columns, rowCount }) => ({
        schemaName,
        name,
        columns: columns.map(({ written, ...column }) => column),
        rowCount: rowCount === undefined ? undefined : BigInt(rowCount),
      }));
    },
    query,
    preview: (request, limit) => previewTable(request, undefined, (sql) => query(sql, limit)),
    async writeResult({ sql, ...output }, limit) {
      using file = await borrowDuckdb(deps, location, limit.signal);
      return withEngineFailures(databaseNamed(file), async () => {
        const rows = { kind: "database" as const, sql };
        const task = { kind: "write" as const, path: file.path, fileName: file.name, rows, ...output };
        const reply = await quarantine.watch({ file, sql }, () => engine.run(task, limit));
        if (reply.kind !== "written") throw new Error("the engine answered something else");
        return reply.result;
      });
    },
    openSnapshot: (request, limit) => openDuckdbSnapshot(deps, location, request, limit),
  };
}

/** Identifies the bytes of a database: nothing else decides how it is read. */
const contentIdOf = ({ sha256 }: Pick<BorrowedDatabase, "sha256">): string =>
  createHash("sha256").update(`duckdb ${sha256}`).digest("hex");
