import { stat } from "node:fs/promises";
import type { DataSource } from "../connector.ts";
import { withEngineFailures } from "../engine-failures.ts";
import { contentIdOf } from "./content-id.ts";
import type { FileReaderDeps, TableFile } from "./deps.ts";
import { openFileSnapshot } from "./file-snapshot.ts";
import { fileNamed, tableNameOf } from "./names.ts";
import { previewFile } from "./preview-file.ts";
import { readingSettingsOf } from "./settings.ts";

/** A source that is one file, read with DuckDB as one table. */
export function tableFileSource(deps: FileReaderDeps, table: TableFile): DataSource {
  const { engine, quarantine, prepared } = deps;
  const { settings } = table;
  return {
    isOneTable: true,
    ...(table.identify && { identify: table.identify }),
    test: table.test,
    async discover(limit, wanted) {
      using blob = await table.borrow(limit);
      return withEngineFailures(fileNamed(blob), async () => {
        using file = await prepared.borrow(blob, readingSettingsOf(settings), limit);
        const { columns: found, rowCount } = file.preparation;
        const columns = found.map(({ name, dataType, nullable }) => ({ name, dataType, nullable }));
        const name = tableNameOf(blob, settings);
        if (wanted && (wanted.schemaName !== "" || wanted.name !== name)) return [];
        const details = { sizeBytes: BigInt((await stat(blob.path)).size) };
        return [{ schemaName: "", name, columns, rowCount: BigInt(rowCount), details }];
      });
    },
    async query({ sql, maxRows }, limit) {
      using blob = await table.borrow(limit);
      return withEngineFailures(fileNamed(blob), async () => {
        using file = await prepared.borrow(blob, readingSettingsOf(settings), limit);
        const tableName = tableNameOf(blob, settings);
        const { path, reading } = file;
        const { name: fileName } = blob;
        const task = { kind: "query" as const, path, fileName, reading, tableName, sql, maxRows };
        const reply = await quarantine.watch({ file: blob, sql }, () => engine.run(task, limit));
        if (reply.kind !== "queried") throw new Error("the engine answered something else");
        return { ...reply.result, contentId: reply.isRepeatable ? contentIdOf(blob, settings) : undefined };
      });
    },
    async lend(limit) {
      using stack = new DisposableStack();
      const blob = stack.use(await table.borrow(limit));
      const borrow = () => prepared.borrow(blob, readingSettingsOf(settings), limit);
      const file = stack.use(await withEngineFailures(fileNamed(blob), borrow));
      const { preparation, path, reading } = file;
      const owned = stack.move();
      return {
        name: tableNameOf(blob, settings),
        columns: preparation.columns.map(({ name, dataType, nullable }) => ({ name, dataType, nullable })),
        path,
        reading,
        contentId: contentIdOf(blob, settings),
        [Symbol.dispose]: () => owned.dispose(),
      };
    },
    preview: (request, limit) => previewFile(deps, table, request, limit),
    openSnapshot: (request, limit) => openFileSnapshot(deps, table, request, limit),
    async writeResult({ sql, ...query }, limit) {
      using blob = await table.borrow(limit);
      return withEngineFailures(fileNamed(blob), async () => {
        using file = await prepared.borrow(blob, readingSettingsOf(settings), limit);
        const { path, reading } = file;
        const rows = { kind: "statement" as const, reading, tableName: tableNameOf(blob, settings), sql };
        const task = { kind: "write" as const, path, fileName: blob.name, rows, ...query };
        const reply = await quarantine.watch({ file: blob, sql }, () => engine.run(task, limit));
        if (reply.kind !== "written") throw new Error("the engine answered something else");
        return reply.result;
      });
    },
  };
}
