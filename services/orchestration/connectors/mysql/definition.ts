import type { ConnectorDefinition } from "../definition.ts";
import { mysqlName, mysqlSettings } from "./target/settings.ts";

export const mysqlDefinition: ConnectorDefinition = {
  name: mysqlName,
  description: "A MySQL or MariaDB database: its tables and views, read in a read-only transaction",
  settings: mysqlSettings,
  capabilities: {
    manyTables: true,
    nativeSql: true,
    parallelChunks: false,
    repeatableSnapshots: false,
    tls: true,
    secrets: true,
  },
  createOpen: async (deps) => (await import("./mysql-connector.ts")).createOpenMysql(deps),
  createRows: async () => (await import("./mysql-rows.ts")).createMysqlRows(),
};
