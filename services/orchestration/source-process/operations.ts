import type { RowSources } from "../connectors/sql/row-source.ts";
import { createSqlOperations } from "../connectors/sql/sql-operations.ts";
import { resolveHost } from "./resolve-host.ts";

/** Operations that a source's process offers. */
export const createOperations = (sources: RowSources) => ({ resolveHost, ...createSqlOperations(sources) });

export type SourceOperations = ReturnType<typeof createOperations>;
