import type { OpenSource } from "../connector.ts";
import { type LoginDeps, prepareLogin } from "../network/prepare-login.ts";
import { insecureLoginOf, parseServerSettings, secretUsesOf } from "../network/server-settings.ts";
import { createOpenSql, type SqlConnectorDeps } from "../sql/sql-connector.ts";
import type { SqlDatabase } from "../sql/sql-database.ts";
import type { OwnDatabase } from "./target/own-database.ts";
import { type PostgresqlSettings, postgresqlName, postgresqlSettings } from "./target/settings.ts";
import type { Target } from "./target/target.ts";

export type PostgresqlDeps = SqlConnectorDeps & LoginDeps & { readonly ownDatabase: OwnDatabase };

/** Reads PostgreSQL databases. */
export const createOpenPostgresql = ({ engine, processes, ...login }: PostgresqlDeps): OpenSource =>
  createOpenSql({ engine, processes }, postgresqlDatabase(login));

const postgresqlDatabase = ({
  ownDatabase,
  ...deps
}: Omit<PostgresqlDeps, keyof SqlConnectorDeps>): SqlDatabase<PostgresqlSettings, Target> => ({
  name: postgresqlName,
  parseSettings: (settings, field) => parseServerSettings(postgresqlSettings, settings, field),
  schemasOf: ({ schemas }) => schemas,
  secretsOf: (settings) => secretUsesOf(postgresqlName, settings),
  insecureLoginOf,
  async prepareLogin(settings, lookup, signal) {
    return { settings, ownDatabase, ...(await prepareLogin(deps, postgresqlName, settings, lookup, signal)) };
  },
});
