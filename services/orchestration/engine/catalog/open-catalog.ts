import type { DuckDBConnection } from "@duckdb/node-api";
import type { FilledTable } from "../catalog-statement.ts";
import { toEngineFailure } from "../database/duckdb-error.ts";
import { closedOnFailure, openSandbox } from "../database/sandbox.ts";
import { gateCatalogStatement } from "../gate/gate-statement.ts";
import type { Task } from "../protocol.ts";
import { createStandIns, fillTables, standInsOf } from "./open-tables.ts";

type CatalogStatement = { readonly sql: string; readonly tables: readonly FilledTable[] };

type OpenCatalog = { readonly connection: DuckDBConnection; readonly isRepeatable: boolean };

/** Opens a database with the tables of an accepted statement. Its columns are checked before the first file is read. */
export async function openCatalog(task: Task, { sql, tables }: CatalogStatement): Promise<OpenCatalog> {
  const connection = await openSandbox(task);
  return closedOnFailure(connection, async () => {
    const { isRepeatable } = await withFailures("sqlInvalid", async () => {
      await createStandIns(connection, tables);
      return gateCatalogStatement(connection, sql, tables, standInsOf(tables));
    });
    await withFailures("sourceDataInvalid", () => fillTables(connection, tables));
    return { connection, isRepeatable };
  });
}

async function withFailures<T>(
  fallback: "sqlInvalid" | "sourceDataInvalid",
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toEngineFailure(error, fallback);
  }
}
