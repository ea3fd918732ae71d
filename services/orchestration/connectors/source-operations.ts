import { postgresqlOperations } from "../connectors/postgresql/operations.ts";
import { resolveHost } from "./resolve-host.ts";

/** What a source's process can be asked for. */
export const operations = { resolveHost, ...postgresqlOperations };

export type SourceOperations = typeof operations;
