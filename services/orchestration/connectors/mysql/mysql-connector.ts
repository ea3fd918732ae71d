import { insecureConnection } from "../../errors.ts";
import type { OpenSource } from "../connector.ts";
import { type LoginDeps, prepareLogin } from "../network/prepare-login.ts";
import { insecureLoginOf, parseServerSettings, secretUsesOf } from "../network/server-settings.ts";
import { createOpenSql, type SqlConnectorDeps } from "../sql/sql-connector.ts";
import type { SqlDatabase } from "../sql/sql-database.ts";
import { quoteName } from "./catalog/quote-name.ts";
import { type MysqlSettings, mysqlName, mysqlSettings } from "./target/settings.ts";
import { serverOf, type Target } from "./target/target.ts";

/** Opens MySQL and MariaDB databases. */
export const createOpenMysql = ({ engine, processes, ...login }: SqlConnectorDeps & LoginDeps): OpenSource =>
  createOpenSql({ engine, processes }, mysqlDatabase(login));

const mysqlDatabase = (deps: LoginDeps): SqlDatabase<MysqlSettings, Target> => ({
  name: mysqlName,
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
