import type { Engine } from "../../engine/engine.ts";
import type { SourceProcesses } from "../../source-process/source-processes.ts";
import type { DiscoveredTable, OpenSource } from "../connector.ts";
import { previewTable } from "./preview-table.ts";
import type { SqlDatabase } from "./sql-database.ts";
import { createSqlProcess } from "./sql-process.ts";
import { openSqlSnapshot } from "./sql-snapshot.ts";
import { writeSqlResult } from "./write-sql-result.ts";

export type SqlConnectorDeps = { readonly engine: Engine; readonly processes: SourceProcesses };

/** Opens databases of a kind of SQL database, whose row source the source processes serve. */
export const createOpenSql =
  <S, Login>({ engine, processes }: SqlConnectorDeps, database: SqlDatabase<S, Login>): OpenSource =>
  (settings, field) => {
    const parsed = database.parseSettings(settings, field);
    const process = createSqlProcess(processes, database, parsed);
    return {
      secrets: database.secretsOf(parsed),
      insecureLogin: database.insecureLoginOf(parsed),
      test: ({ signal, timeoutMs }) => process.request("testDatabase", { timeoutMs }, { signal }),
      async discover({ signal, timeoutMs }, table) {
        const tables: DiscoveredTable[] = [];
        const onPart = (part: DiscoveredTable[]) => void tables.push(...part);
        const request = { timeoutMs, schemas: database.schemasOf(parsed), table };
        await process.request("discoverDatabase", request, { signal, onPart });
        return tables;
      },
      query: (query, { signal, timeoutMs }) =>
        process.request("queryDatabase", { timeoutMs, query }, { signal }),
      preview: (request, { signal, timeoutMs }) =>
        previewTable(request, database.quoteName, (query) =>
          process.request("queryDatabase", { timeoutMs, query }, { signal }),
        ),
      writeResult: (query, limit) => writeSqlResult(engine, process, query, limit),
      openSnapshot: (request, limit) => openSqlSnapshot(engine, process, request, limit),
      describeTables: (tables, { signal, timeoutMs }) =>
        process.request("describeDatabase", { timeoutMs, tables }, { signal }),
    };
  };
