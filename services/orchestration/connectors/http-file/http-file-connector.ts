import { posix } from "node:path";
import type { OpenSource } from "../connector.ts";
import { tableFileSource } from "../file/table-file-source.ts";
import { type FetchDeps, fetchedFiles } from "../http/fetched-files.ts";
import {
  httpSecretsOf,
  insecureHttpLoginOf,
  originOf,
  parseHttpSettings,
  serverOf,
} from "../http/server-settings.ts";
import type { fetchFile, testFile } from "./fetch-file.ts";
import { httpFileName, httpFileSettings } from "./settings.ts";

/** Fetches a file from an HTTP server, and reads it as a stored one. */
export const createOpenHttpFile = (deps: FetchDeps): OpenSource => {
  const files = fetchedFiles(deps, httpFileName);
  return (settings, field) => {
    const { reuseSeconds, tableName, ...parsed } = parseHttpSettings(httpFileSettings, settings, field);
    const server = serverOf(parsed);
    const reading = Object.fromEntries(Object.entries(parsed).filter(([name]) => !(name in server)));
    const { path } = server;
    return {
      secrets: httpSecretsOf(httpFileName, server),
      insecureLogin: insecureHttpLoginOf(server),
      ...tableFileSource(deps, {
        settings: { ...reading, tableName: tableName ?? (posix.parse(path).name || "file") },
        borrow: (limit) =>
          files.borrow(
            { name: originOf(server) + path, settings: server, limit, reuseSeconds },
            (process, { login, outputPath, etag }, signal) =>
              process.request<typeof fetchFile>(
                "fetchFile",
                { login, settings: server, outputPath, etag, timeoutMs: limit.timeoutMs },
                { signal },
              ),
          ),
        test: (limit) =>
          files.request(server, limit, (process, login, signal) =>
            process.request<typeof testFile>(
              "testFile",
              { login, settings: server, timeoutMs: limit.timeoutMs },
              { signal },
            ),
          ),
      }),
    };
  };
};
