import { createPostgresqlRows } from "./postgresql/postgresql-rows.ts";
import { postgresqlName } from "./postgresql/target/settings.ts";
import type { RowSources } from "./sql/row-source.ts";

/** The kinds of databases that source processes read. */
export const createRowSources = (): RowSources => new Map([[postgresqlName, createPostgresqlRows()]]);
