import type { OpenSource } from "../connector.ts";
import { prepareHttpLogin } from "../http/prepare-http-login.ts";
import { httpSecretsOf, insecureHttpLoginOf } from "../http/server-settings.ts";
import type { LoginDeps } from "../network/prepare-login.ts";
import { createOpenSql, type SqlConnectorDeps } from "../sql/sql-connector.ts";
import { parseTrinoSettings, trinoName } from "./settings.ts";
import type { TrinoLogin } from "./trino-login.ts";

/** Opens catalogs of Trino. */
export const createOpenTrino = ({ engine, processes, ...deps }: SqlConnectorDeps & LoginDeps): OpenSource =>
  createOpenSql(
    { engine, processes },
    {
      name: trinoName,
      parseSettings: parseTrinoSettings,
      schemasOf: ({ schemas }) => schemas,
      secretsOf: (settings) => httpSecretsOf(trinoName, settings),
      insecureLoginOf: insecureHttpLoginOf,
      holdsSnapshots: true,
      async prepareLogin(settings, lookup, signal): Promise<TrinoLogin> {
        const login = await prepareHttpLogin(deps, trinoName, settings, lookup, signal);
        return { ...login, settings, spoolDirectory: engine.pipesDirectory };
      },
    },
  );
