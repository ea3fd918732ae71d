import type { BlobCache } from "../../blobs/blob-cache.ts";
import { sourceDataInvalid } from "../../errors.ts";
import type { OpenSource } from "../connector.ts";
import { parseSettings } from "../settings.ts";
import { contentIdOf } from "./content-id.ts";
import type { FileReaderDeps, TableFile } from "./deps.ts";
import { fileSettings } from "./settings.ts";
import { tableFileSource } from "./table-file-source.ts";

/** Reads files of the storage service with DuckDB: CSV, JSON, NDJSON, Parquet. */
export const createOpenFile =
  (deps: FileReaderDeps & { readonly blobs: BlobCache }): OpenSource =>
  (settings, field) => {
    const { fileId, ...table } = parseSettings(fileSettings, settings, field);
    return tableFileSource(deps, storedFile(deps.blobs, fileId, table));
  };

const storedFile = (blobs: BlobCache, fileId: string, settings: TableFile["settings"]): TableFile => ({
  settings,
  borrow: ({ signal }) => blobs.borrow(fileId, signal),
  async identify(signal) {
    const head = await blobs.head(fileId, signal);
    return { contentId: contentIdOf(head, settings), namespace: head.namespace };
  },
  async test({ signal }) {
    const { sizeBytes } = await blobs.head(fileId, signal);
    if (sizeBytes === 0n) throw sourceDataInvalid("the file is empty");
    return { serverVersion: "" };
  },
});
