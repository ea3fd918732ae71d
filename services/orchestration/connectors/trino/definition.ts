import type { ConnectorDefinition } from "../definition.ts";
import { trinoName, trinoSettings } from "./settings.ts";

export const trinoDefinition: ConnectorDefinition = {
  name: trinoName,
  description: "A catalog of Trino: its tables and views, read in a read-only transaction",
  settings: trinoSettings,
  capabilities: {
    manyTables: true,
    nativeSql: true,
    parallelChunks: false,
    repeatableSnapshots: false,
    tls: true,
    secrets: true,
  },
  createOpen: async (deps) => (await import("./trino-connector.ts")).createOpenTrino(deps),
  createRows: async () => (await import("./trino-rows.ts")).createTrinoRows(),
};
