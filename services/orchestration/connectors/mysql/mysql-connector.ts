import { insecureConnection } from "../../errors.ts";
import type { Connector } from "../connector.ts";
import { type LoginDeps, prepareLogin } from "../network/prepare-login.ts";
import { insecureLoginOf, parseServerSettings, secretUsesOf } from "../network/server-settings.ts";
import { createSqlConnector, type SqlConnectorDeps } from "../sql/sql-connector.ts";
import type { SqlDatabase } from "../sql/sql-database.ts";
import { quoteName } from "./catalog/quote-name.ts";
import { type MysqlSettings, mysqlName, mysqlSettings } from "./target/settings.ts";
import { serverOf, type Target } from "./target/target.ts";

/** Reads MySQL and MariaDB databases. */
export const createMysqlConnector = ({
  engine,
  processes,
  ...login
}: SqlConnectorDeps & LoginDeps): Connector =>
  createSqlConnector({ engine, processes }, mysqlDatabase(login));

const mysqlDatabase = (deps: LoginDeps): SqlDatabase<MysqlSettings, Target> => ({
  name: mysqlName,
  description: "A MySQL or MariaDB database: its tables and views, read in a read-only transaction",
  settings: mysqlSettings,
  parseSettings: (settings, field) => parseServerSettings(mysqlSettings, settings, field),
  schemasOf: ({ schemas }) => schemas,
  quoteName,
  secretsOf: (settings) => secretUsesOf(mysqlName, settings),
  insecureLoginOf,
  async prepareLogin(settings, lookup, signal) {
    const login = await prepareLogin(deps, mysqlName, settings, lookup, signal);
    if (login.route.security.passwordMethods !== "any") throw insecureConnection(guessable(settings));
    return { settings, ...login };
  },
});

/** None of MySQL's methods makes guessing costly. */
const guessable = (settings: MysqlSettings) =>
  `only settings.caSecret vouches for ${serverOf(settings)}, and a login of MySQL lets it guess the password: ` +
  "an administrator may set allowInsecureLogin";
