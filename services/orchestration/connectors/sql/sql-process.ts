import type { PartOf, ReplyOf, RequestOf } from "../../source-process/operation.ts";
import type { resolveHost } from "../../source-process/resolve-host.ts";
import type { RequestOptions } from "../../source-process/source-client.ts";
import type { SourceProcesses } from "../../source-process/source-processes.ts";
import { callersOrg } from "../callers-org.ts";
import type { SqlDatabase } from "./sql-database.ts";
import type { SqlOperations, Target } from "./sql-operations.ts";

/** The process that speaks to one database. */
export type SqlProcess = {
  /** Runs an operation in the process, with a fresh login. */
  request<Name extends keyof SqlOperations>(
    operation: Name,
    request: Omit<RequestOf<SqlOperations[Name]>, keyof Target>,
    options: RequestOptions<PartOf<SqlOperations[Name]>>,
  ): Promise<ReplyOf<SqlOperations[Name]>>;
};

export function createSqlProcess<S, Login>(
  processes: SourceProcesses,
  database: SqlDatabase<S, Login>,
  settings: S,
): SqlProcess {
  const connector = database.name;
  return {
    async request(operation, request, options) {
      const { signal } = options;
      using process = processes.lend({ orgId: callersOrg(), connector, settings });
      const lookup = (host: string) =>
        process.client.request<typeof resolveHost>("resolveHost", { host }, { signal });
      const needsLogin = operation !== "readRange" || !database.holdsSnapshots;
      const login = needsLogin ? await database.prepareLogin(settings, lookup, signal) : undefined;
      using _lease = isDisposable(login) ? login : undefined;
      const body = { ...request, connector, login } as RequestOf<SqlOperations[typeof operation]>;
      return await process.client.request<SqlOperations[typeof operation]>(operation, body, options);
    },
  };
}

const isDisposable = (login: unknown): login is Disposable =>
  typeof login === "object" && login !== null && Symbol.dispose in login;
