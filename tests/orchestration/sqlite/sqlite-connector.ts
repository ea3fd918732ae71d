import { z } from "zod";
import type { ConnectorDefinition } from "../../../services/orchestration/connectors/definition.ts";
import { parseSettings, settingText } from "../../../services/orchestration/connectors/settings.ts";
import { createOpenSql } from "../../../services/orchestration/connectors/sql/sql-connector.ts";
import { createSqliteRows } from "./sqlite-rows.ts";

const sqliteName = "sqlite";

const sqliteSettings = z.strictObject({ path: settingText(4096).describe("Path of the database.") });

type SqliteSettings = z.output<typeof sqliteSettings>;

/** Reads SQLite databases on the local disk: the second SQL database, for the tests of the seam. */
export const sqliteDefinition: ConnectorDefinition = {
  name: sqliteName,
  description: "A SQLite database",
  settings: sqliteSettings,
  capabilities: {
    manyTables: true,
    nativeSql: true,
    parallelChunks: false,
    repeatableSnapshots: false,
    tls: false,
    secrets: false,
  },
  createOpen: async (deps) =>
    createOpenSql<SqliteSettings, SqliteSettings>(deps, {
      name: sqliteName,
      parseSettings: (settings, field) => parseSettings(sqliteSettings, settings, field),
      schemasOf: () => undefined,
      secretsOf: () => [],
      insecureLoginOf: () => undefined,
      prepareLogin: async (settings) => settings,
    }),
  createRows: async () => createSqliteRows(),
};
