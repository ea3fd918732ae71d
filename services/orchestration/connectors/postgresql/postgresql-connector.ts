import type { Engine } from "../../engine/engine.ts";
import type { Connector } from "../connector.ts";
import { openDatabaseSnapshot } from "./database-snapshot.ts";
import { discoverTables } from "./discover.ts";
import { queryRows } from "./query.ts";
import { type SessionDeps, withSession } from "./session.ts";
import {
  insecureLoginOf,
  parsePostgresqlSettings,
  postgresqlName,
  postgresqlSettings,
  secretUsesOf,
} from "./settings.ts";

/** Reads PostgreSQL databases. */
export const createPostgresqlConnector = (deps: SessionDeps & { readonly engine: Engine }): Connector => ({
  name: postgresqlName,
  description: "A PostgreSQL database: its tables and views, read in a read-only transaction",
  settings: postgresqlSettings,
  open(settings, field) {
    const parsed = parsePostgresqlSettings(settings, field);
    return {
      secrets: secretUsesOf(parsed),
      insecureLogin: insecureLoginOf(parsed),
      test: (limit) =>
        withSession(deps, parsed, limit, async (ask) => {
          const [row] = await ask("select current_setting('server_version') as version");
          return { serverVersion: `PostgreSQL ${String(row?.version).split(" ")[0]}` };
        }),
      discover: (limit) => withSession(deps, parsed, limit, (ask) => discoverTables(ask, parsed.schemas)),
      query: (query, limit) => withSession(deps, parsed, limit, (ask) => queryRows(ask, query)),
      openSnapshot: (request, limit) => openDatabaseSnapshot({ ...deps, settings: parsed }, request, limit),
    };
  },
});
