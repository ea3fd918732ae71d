import type { ConnectorDefinition } from "../definition.ts";
import { sqliteName, sqliteSettings } from "./settings.ts";

export const sqliteDefinition: ConnectorDefinition = {
  name: sqliteName,
  description: "A SQLite database in a stored file or an allowed folder: its tables and views",
  settings: sqliteSettings,
  capabilities: {
    manyTables: true,
    nativeSql: true,
    parallelChunks: false,
    repeatableSnapshots: false,
    tls: false,
    secrets: false,
  },
  createOpen: async (deps) => (await import("./sqlite-connector.ts")).createOpenSqlite(deps),
  createRows: async () => (await import("./sqlite-rows.ts")).createSqliteRows(),
};
