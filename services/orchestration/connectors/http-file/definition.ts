import type { ConnectorDefinition } from "../definition.ts";
import { httpFileName, httpFileSettings } from "./settings.ts";

export const httpFileDefinition: ConnectorDefinition = {
  name: httpFileName,
  description: "A file that an HTTP server has: CSV, JSON, NDJSON or Parquet, as one table",
  settings: httpFileSettings,
  capabilities: {
    manyTables: false,
    nativeSql: false,
    parallelChunks: true,
    repeatableSnapshots: true,
    tls: true,
    secrets: true,
  },
  createOpen: async (deps) => (await import("./http-file-connector.ts")).createOpenHttpFile(deps),
};
