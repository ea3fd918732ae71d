import { createMysqlRows } from "./mysql/mysql-rows.ts";
import { mysqlName } from "./mysql/target/settings.ts";
import { createPostgresqlRows } from "./postgresql/postgresql-rows.ts";
import { postgresqlName } from "./postgresql/target/settings.ts";
import type { RowSource, RowSources } from "./sql/row-source.ts";

/** The kinds of databases that source processes read. */
export const createRowSources = (): RowSources =>
  new Map<string, RowSource<never>>([
    [mysqlName, createMysqlRows()],
    [postgresqlName, createPostgresqlRows()],
  ]);
