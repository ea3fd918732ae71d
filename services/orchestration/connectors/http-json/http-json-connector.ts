import { posix } from "node:path";
import type { OpenSource } from "../connector.ts";
import type { TableFile } from "../file/deps.ts";
import { tableFileSource } from "../file/table-file-source.ts";
import { type FetchDeps, fetchedFiles } from "../http/fetched-files.ts";
import { httpSecretsOf, insecureHttpLoginOf, originOf } from "../http/server-settings.ts";
import type { fetchRows, testApi } from "./fetch-rows.ts";
import { type HttpJsonSettings, httpJsonName, parseHttpJsonSettings } from "./settings.ts";

/** Reads all pages of an API, and then their rows as a file of NDJSON. */
export const createOpenHttpJson = (deps: FetchDeps): OpenSource => {
  const files = fetchedFiles(deps, httpJsonName);
  return (settings, field) => {
    const parsed = parseHttpJsonSettings(settings, field);
    return {
      secrets: httpSecretsOf(httpJsonName, parsed),
      insecureLogin: insecureHttpLoginOf(parsed),
      ...tableFileSource(deps, tableOf(files, parsed)),
    };
  };
};

function tableOf(files: ReturnType<typeof fetchedFiles>, settings: HttpJsonSettings): TableFile {
  const { columnTypes, columnNames, path } = settings;
  const name = originOf(settings) + path;
  return {
    settings: {
      format: "ndjson",
      compression: "none",
      encoding: "utf-8",
      tableName: settings.tableName ?? (posix.basename(path) || "rows"),
      ...(columnTypes && { columnTypes }),
      ...(columnNames && { columnNames }),
    },
    borrow: (limit) =>
      files.borrow(
        { name, settings, limit, reuseSeconds: settings.reuseSeconds },
        (process, { login, outputPath }, signal) =>
          process.request<typeof fetchRows>(
            "fetchRows",
            { login, settings, outputPath, timeoutMs: limit.timeoutMs },
            { signal },
          ),
      ),
    test: (limit) =>
      files.request(settings, limit, (process, login, signal) =>
        process.request<typeof testApi>(
          "testApi",
          { login, settings, timeoutMs: limit.timeoutMs },
          { signal },
        ),
      ),
  };
}
