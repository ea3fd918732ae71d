import type { BlobCache } from "../../blobs/blob-cache.ts";
import type { Quarantine } from "../../crashes/quarantine.ts";
import type { Engine } from "../../engine/engine.ts";
import type { PreparedFiles } from "../../prepared/prepared-files.ts";

export type FileConnectorDeps = {
  readonly blobs: BlobCache;
  readonly engine: Engine;
  readonly quarantine: Quarantine;
  readonly prepared: PreparedFiles;
};
