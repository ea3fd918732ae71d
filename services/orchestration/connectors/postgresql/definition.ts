import type { ConnectorDefinition } from "../definition.ts";
import { postgresqlName, postgresqlSettings } from "./target/settings.ts";

export const postgresqlDefinition: ConnectorDefinition = {
  name: postgresqlName,
  description: "A PostgreSQL database: its tables and views, read in a read-only transaction",
  settings: postgresqlSettings,
  capabilities: {
    manyTables: true,
    nativeSql: true,
    parallelChunks: true,
    repeatableSnapshots: false,
    tls: true,
    secrets: true,
  },
  async createOpen({ databaseUrl, ...deps }) {
    const { createOpenPostgresql } = await import("./postgresql-connector.ts");
    const { identifyOwnDatabase } = await import("./target/own-database.ts");
    return createOpenPostgresql({ ...deps, ownDatabase: await identifyOwnDatabase(databaseUrl) });
  },
  createRows: async () => (await import("./postgresql-rows.ts")).createPostgresqlRows(),
};
