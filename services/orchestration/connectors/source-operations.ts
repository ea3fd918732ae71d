import { resolveHost } from "../source-process/resolve-host.ts";
import { fetchFile, testFile } from "./http-file/fetch-file.ts";
import { fetchRows, testApi } from "./http-json/fetch-rows.ts";
import type { RowSources } from "./sql/row-source.ts";
import { createSqlOperations } from "./sql/sql-operations.ts";

/** Operations that a source's process offers. */
export const createOperations = (sources: RowSources) => ({
  resolveHost,
  fetchRows,
  testApi,
  fetchFile,
  testFile,
  ...createSqlOperations(sources),
});
