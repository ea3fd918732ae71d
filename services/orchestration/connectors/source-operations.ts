import { resolveHost } from "../source-process/resolve-host.ts";
import { postgresqlOperations } from "./postgresql/operations.ts";

/** What a source's process can be asked for. */
export const operations = { resolveHost, ...postgresqlOperations };

export type SourceOperations = typeof operations;
