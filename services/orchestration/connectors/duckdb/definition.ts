import type { ConnectorDefinition } from "../definition.ts";
import { duckdbName, duckdbSettings } from "./settings.ts";

export const duckdbDefinition: ConnectorDefinition = {
  name: duckdbName,
  description: "A DuckDB database in a stored file or an allowed folder: its tables and views",
  settings: duckdbSettings,
  capabilities: {
    manyTables: true,
    nativeSql: true,
    parallelChunks: true,
    repeatableSnapshots: true,
    tls: false,
    secrets: false,
  },
  createOpen: async (deps) => (await import("./duckdb-connector.ts")).createOpenDuckdb(deps),
};
