import type { BlobCache } from "../blobs/blob-cache.ts";
import type { BlobFolder } from "../blobs/blob-folder.ts";
import type { Quarantine } from "../crashes/quarantine.ts";
import type { Engine } from "../engine/engine.ts";
import type { PreparedFiles } from "../prepared/prepared-files.ts";
import type { SourceProcesses } from "../source-process/source-processes.ts";
import type { ConnectorDescription, OpenSource } from "./connector.ts";
import type { FolderCopies } from "./database-file/copy-from-folder.ts";
import type { LoginDeps } from "./network/prepare-login.ts";
import type { RowSource } from "./sql/row-source.ts";

/** What the service gives to its connectors. */
export type ConnectorDeps = LoginDeps & {
  readonly engine: Engine;
  readonly processes: SourceProcesses;
  readonly blobs: BlobCache;
  /** Where connectors keep the bytes that they fetch. */
  readonly fetched: BlobFolder;
  readonly folderCopies: FolderCopies;
  readonly quarantine: Quarantine;
  readonly prepared: PreparedFiles;
  /** Sluice's own database, which must not be a source. */
  readonly databaseUrl: string;
};

/**
 * A connector as the registry lists it. Its two sides run in different processes, so the functions import their code when
 * they are called: the definition itself imports nothing but the schema of its settings.
 */
export type ConnectorDefinition = ConnectorDescription & {
  /** The side of the service. */
  createOpen(deps: ConnectorDeps): Promise<OpenSource>;
  /** The side of a source's process, which reads a SQL database. Missing if the connector needs none. */
  // biome-ignore lint/suspicious/noExplicitAny: the other side makes the login.
  createRows?(): Promise<RowSource<any>>;
};
