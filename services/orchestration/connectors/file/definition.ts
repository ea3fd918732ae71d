import type { ConnectorDefinition } from "../definition.ts";
import { fileSettings } from "./settings.ts";

export const fileDefinition: ConnectorDefinition = {
  name: "file",
  description: "A stored file: CSV, JSON, NDJSON, Parquet or XLSX, as one table",
  settings: fileSettings,
  capabilities: {
    manyTables: false,
    nativeSql: false,
    parallelChunks: true,
    repeatableSnapshots: true,
    tls: false,
    secrets: false,
  },
  createOpen: async (deps) => (await import("./file-connector.ts")).createOpenFile(deps),
};
