import { resolveHost } from "../source-process/resolve-host.ts";
import type { RowSources } from "./sql/row-source.ts";
import { createSqlOperations } from "./sql/sql-operations.ts";

/** Operations that a source's process offers. */
export const createOperations = (sources: RowSources) => ({ resolveHost, ...createSqlOperations(sources) });
