import type { BorrowedBlob } from "../../blobs/blob-cache.ts";
import type { Quarantine } from "../../crashes/quarantine.ts";
import type { Engine } from "../../engine/engine.ts";
import type { PreparedFiles } from "../../prepared/prepared-files.ts";
import type { Limit } from "../../timing/limit.ts";
import type { Content } from "../connector.ts";
import type { TableSettings } from "./settings.ts";

/** What reads files with DuckDB. */
export type FileReaderDeps = {
  readonly engine: Engine;
  readonly quarantine: Quarantine;
  readonly prepared: PreparedFiles;
};

/** A file that is one table, wherever its bytes come from. */
export type TableFile = {
  /** Borrows the bytes as they are now. */
  borrow(limit: Limit): Promise<BorrowedBlob>;
  /** Identifies the bytes that `borrow` would return; missing if they can change unnoticed. */
  identify?(signal: AbortSignal): Promise<Content>;
  /** Checks that the file can be had, and returns name and version of the server that has it. */
  test(limit: Limit): Promise<{ serverVersion: string }>;
  readonly settings: TableSettings;
};
