import type { ConnectorDefinition } from "../definition.ts";
import { httpJsonName, httpJsonSettings } from "./settings.ts";

export const httpJsonDefinition: ConnectorDefinition = {
  name: httpJsonName,
  description: "A JSON API over HTTP, read page by page as one table",
  settings: httpJsonSettings,
  capabilities: {
    manyTables: false,
    nativeSql: false,
    parallelChunks: true,
    repeatableSnapshots: true,
    tls: true,
    secrets: true,
  },
  createOpen: async (deps) => (await import("./http-json-connector.ts")).createOpenHttpJson(deps),
};
