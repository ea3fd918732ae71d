import { z } from "zod";
import type { Connector } from "../../../services/orchestration/connectors/connector.ts";
import { parseSettings, settingText } from "../../../services/orchestration/connectors/settings.ts";
import {
  createSqlConnector,
  type SqlConnectorDeps,
} from "../../../services/orchestration/connectors/sql/sql-connector.ts";

export const sqliteName = "sqlite";

const sqliteSettings = z.strictObject({ path: settingText(4096).describe("Path of the database.") });

export type SqliteSettings = z.output<typeof sqliteSettings>;

/** Reads SQLite databases on the local disk: the second SQL database, for the tests of the seam. */
export const createSqliteConnector = (deps: SqlConnectorDeps): Connector =>
  createSqlConnector<SqliteSettings, SqliteSettings>(deps, {
    name: sqliteName,
    description: "A SQLite database",
    settings: sqliteSettings,
    parseSettings: (settings, field) => parseSettings(sqliteSettings, settings, field),
    schemasOf: () => undefined,
    secretsOf: () => [],
    insecureLoginOf: () => undefined,
    prepareLogin: async (settings) => settings,
  });
