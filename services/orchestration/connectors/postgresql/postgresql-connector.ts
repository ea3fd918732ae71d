import type { Engine } from "../../engine/engine.ts";
import type { Connector, DiscoveredTable } from "../connector.ts";
import { openDatabaseSnapshot } from "../sql/sql-snapshot.ts";
import { previewTable } from "../sql/preview-table.ts";
import { createRemote, type RemoteDeps } from "../sql/sql-process.ts";
import {
  insecureLoginOf,
  parsePostgresqlSettings,
  postgresqlName,
  postgresqlSettings,
  secretUsesOf,
} from "./settings.ts";
import { writeDatabaseResult } from "../sql/write-sql-result.ts";

/** Reads PostgreSQL databases. */
export const createPostgresqlConnector = (deps: RemoteDeps & { readonly engine: Engine }): Connector => ({
  name: postgresqlName,
  description: "A PostgreSQL database: its tables and views, read in a read-only transaction",
  settings: postgresqlSettings,
  open(settings, field) {
    const parsed = parsePostgresqlSettings(settings, field);
    const remote = createRemote(deps, postgresqlName, parsed);
    return {
      secrets: secretUsesOf(parsed),
      insecureLogin: insecureLoginOf(parsed),
      test: ({ signal, timeoutMs }) =>
        remote.ask("testDatabase", (target) => ({ target, timeoutMs }), { signal }),
      async discover({ signal, timeoutMs }) {
        const tables: DiscoveredTable[] = [];
        const onPart = (part: DiscoveredTable[]) => void tables.push(...part);
        await remote.ask("discoverDatabase", (target) => ({ target, timeoutMs }), { signal, onPart });
        return tables;
      },
      query: (query, { signal, timeoutMs }) =>
        remote.ask("queryDatabase", (target) => ({ target, timeoutMs, query }), { signal }),
      preview: (request, { signal, timeoutMs }) =>
        previewTable(request, (query) =>
          remote.ask("queryDatabase", (target) => ({ target, timeoutMs, query }), { signal }),
        ),
      writeResult: (query, limit) => writeDatabaseResult(deps.engine, remote, query, limit),
      openSnapshot: (request, limit) => openDatabaseSnapshot(deps.engine, remote, request, limit),
    };
  },
});
