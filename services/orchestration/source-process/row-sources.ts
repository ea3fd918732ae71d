import { createPostgresqlRows } from "../connectors/postgresql/postgresql-rows.ts";
import { postgresqlName } from "../connectors/postgresql/settings.ts";
import type { RowSources } from "../connectors/sql/row-source.ts";

/** The kinds of databases that source processes read. */
export const createRowSources = (): RowSources => new Map([[postgresqlName, createPostgresqlRows()]]);
