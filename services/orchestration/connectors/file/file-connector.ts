import { LRUCache } from "lru-cache";
import { currentCall } from "../../../lib/call.ts";
import type { BlobCache, BorrowedBlob } from "../../blobs/blob-cache.ts";
import type { Quarantine } from "../../crashes/quarantine.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Inspection } from "../../engine/protocol.ts";
import { sourceDataInvalid } from "../../errors.ts";
import type { Connector, DataSource, Limit } from "../connector.ts";
import { withEngineFailures } from "../engine-failures.ts";
import { parseSettings } from "../settings.ts";
import { openFileSnapshot } from "./file-snapshot.ts";
import { fileNamed, tableNameOf } from "./names.ts";
import { type FileSettings, fileSettings } from "./settings.ts";

/** Files whose inspection is remembered. */
const inspectionsMax = 1000;

export type FileConnectorDeps = {
  readonly blobs: BlobCache;
  readonly engine: Engine;
  readonly quarantine: Quarantine;
};

/** Reads files of the storage service with DuckDB: CSV, JSON, NDJSON, Parquet. */
export function createFileConnector(deps: FileConnectorDeps): Connector {
  const { engine, quarantine } = deps;
  // What was found in some bytes stays true: the key has their hash.
  const inspections = new LRUCache<string, Inspection>({ max: inspectionsMax });

  async function inspect(blob: BorrowedBlob, { format }: FileSettings, limit: Limit): Promise<Inspection> {
    // What a process found in one organisation's file is believed by that organisation only.
    const key = JSON.stringify([currentCall()?.principal?.orgId, blob.sha256, blob.name, format]);
    const known = inspections.get(key);
    if (known) return known;
    const task = { kind: "inspect" as const, path: blob.path, fileName: blob.name, format };
    const reply = await quarantine.watch({ file: blob }, () => engine.run(task, limit));
    if (reply.kind !== "inspected") throw new Error("the engine answered something else");
    inspections.set(key, reply.inspection);
    return reply.inspection;
  }

  return {
    name: "file",
    description: "A stored file: CSV, JSON, NDJSON or Parquet, as one table",
    settings: fileSettings,
    open: (settings, field) => fileSource(deps, parseSettings(fileSettings, settings, field), inspect),
  };
}

type Inspect = (blob: BorrowedBlob, settings: FileSettings, limit: Limit) => Promise<Inspection>;

function fileSource(
  { blobs, engine, quarantine }: FileConnectorDeps,
  settings: FileSettings,
  inspect: Inspect,
): DataSource {
  return {
    async test({ signal }) {
      const { sizeBytes } = await blobs.head(settings.fileId, signal);
      if (sizeBytes === 0n) throw sourceDataInvalid("the file is empty");
      return { serverVersion: "" };
    },
    async discover(limit) {
      using blob = await blobs.borrow(settings.fileId, limit.signal);
      return withEngineFailures(fileNamed(blob), async () => {
        const { columns, rowCount } = await inspect(blob, settings, limit);
        return [{ schemaName: "", name: tableNameOf(blob, settings), columns, rowCount: BigInt(rowCount) }];
      });
    },
    async query({ sql, maxRows }, limit) {
      using blob = await blobs.borrow(settings.fileId, limit.signal);
      return withEngineFailures(fileNamed(blob), async () => {
        const { reading } = await inspect(blob, settings, limit);
        const tableName = tableNameOf(blob, settings);
        const { path, name: fileName } = blob;
        const task = { kind: "query" as const, path, fileName, reading, tableName, sql, maxRows };
        const reply = await quarantine.watch({ file: blob, sql }, () => engine.run(task, limit));
        if (reply.kind !== "queried") throw new Error("the engine answered something else");
        return reply.result;
      });
    },
    async writeResult({ sql, ...query }, limit) {
      using blob = await blobs.borrow(settings.fileId, limit.signal);
      return withEngineFailures(fileNamed(blob), async () => {
        const { reading } = await inspect(blob, settings, limit);
        const rows = { kind: "statement" as const, reading, tableName: tableNameOf(blob, settings), sql };
        const task = { kind: "write" as const, path: blob.path, fileName: blob.name, rows, ...query };
        const reply = await quarantine.watch({ file: blob, sql }, () => engine.run(task, limit));
        if (reply.kind !== "written") throw new Error("the engine answered something else");
        return reply.result;
      });
    },
    openSnapshot: (request, limit) =>
      openFileSnapshot({ blobs, engine, quarantine, settings, inspect }, request, limit),
  };
}
