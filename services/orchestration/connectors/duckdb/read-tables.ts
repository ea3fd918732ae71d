import type { DescribedTable, StoredTable } from "../../engine/described-table.ts";
import type { Limit } from "../../timing/limit.ts";
import type { BorrowedDatabase } from "../database-file/borrow-database.ts";
import { withEngineFailures } from "../engine-failures.ts";
import { type DuckdbDeps, databaseNamed } from "./borrow.ts";

export type FoundTables = { readonly version: string; readonly tables: readonly DescribedTable[] };

/** Describes all tables of a database, or some as they are written. */
export const readTables = (
  { engine, quarantine }: DuckdbDeps,
  file: BorrowedDatabase,
  tables: readonly StoredTable[] | undefined,
  limit: Limit,
): Promise<FoundTables> =>
  withEngineFailures(databaseNamed(file), async () => {
    const task = { kind: "tables" as const, path: file.path, fileName: file.name, tables };
    const reply = await quarantine.watch({ file }, () => engine.run(task, limit));
    if (reply.kind !== "tables") throw new Error("the engine answered something else");
    return reply;
  });
