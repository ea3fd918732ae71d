import { stat } from "node:fs/promises";
import { sourceDataInvalid } from "../../errors.ts";
import type { DataSource, OpenSource } from "../connector.ts";
import { withEngineFailures } from "../engine-failures.ts";
import { parseSettings } from "../settings.ts";
import { contentIdOf } from "./content-id.ts";
import type { FileConnectorDeps } from "./deps.ts";
import { openFileSnapshot } from "./file-snapshot.ts";
import { fileNamed, tableNameOf } from "./names.ts";
import { previewFile } from "./preview-file.ts";
import { type FileSettings, fileSettings, readingSettingsOf } from "./settings.ts";

/** Reads files of the storage service with DuckDB: CSV, JSON, NDJSON, Parquet. */
export const createOpenFile =
  (deps: FileConnectorDeps): OpenSource =>
  (settings, field) =>
    fileSource(deps, parseSettings(fileSettings, settings, field));

function fileSource(deps: FileConnectorDeps, settings: FileSettings): DataSource {
  const { blobs, engine, quarantine, prepared } = deps;
  return {
    isOneTable: true,
    async test({ signal }) {
      const { sizeBytes } = await blobs.head(settings.fileId, signal);
      if (sizeBytes === 0n) throw sourceDataInvalid("the file is empty");
      return { serverVersion: "" };
    },
    async identify(signal) {
      const head = await blobs.head(settings.fileId, signal);
      return { contentId: contentIdOf(head, settings), namespace: head.namespace };
    },
    async discover(limit, table) {
      using blob = await blobs.borrow(settings.fileId, limit.signal);
      return withEngineFailures(fileNamed(blob), async () => {
        using file = await prepared.borrow(blob, readingSettingsOf(settings), limit);
        const { columns: found, rowCount } = file.preparation;
        const columns = found.map(({ name, dataType, nullable }) => ({ name, dataType, nullable }));
        const name = tableNameOf(blob, settings);
        if (table && (table.schemaName !== "" || table.name !== name)) return [];
        const details = { sizeBytes: BigInt((await stat(blob.path)).size) };
        return [{ schemaName: "", name, columns, rowCount: BigInt(rowCount), details }];
      });
    },
    async query({ sql, maxRows }, limit) {
      using blob = await blobs.borrow(settings.fileId, limit.signal);
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
      const blob = stack.use(await blobs.borrow(settings.fileId, limit.signal));
      const file = stack.use(
        await withEngineFailures(fileNamed(blob), () =>
          prepared.borrow(blob, readingSettingsOf(settings), limit),
        ),
      );
      const columns = file.preparation.columns.map(({ name, dataType, nullable }) => ({
        name,
        dataType,
        nullable,
      }));
      const owned = stack.move();
      return {
        name: tableNameOf(blob, settings),
        columns,
        path: file.path,
        reading: file.reading,
        file: { name: blob.name, sha256: blob.sha256 },
        contentId: contentIdOf(blob, settings),
        [Symbol.dispose]: () => owned.dispose(),
      };
    },
    preview: (request, limit) => previewFile(deps, settings, request, limit),
    openSnapshot: (request, limit) => openFileSnapshot(deps, settings, request, limit),
    async writeResult({ sql, ...query }, limit) {
      using blob = await blobs.borrow(settings.fileId, limit.signal);
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
