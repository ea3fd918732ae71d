import { currentCall } from "../../../lib/rpc/call.ts";
import type { PartOf, ReplyOf, RequestOf } from "../../source-process/operation.ts";
import type { RequestOptions, SourceClient } from "../../source-process/source-client.ts";
import type { SourceProcesses } from "../../source-process/source-processes.ts";
import type { SourceOperations } from "../source-operations.ts";
import type { OwnDatabase } from "./own-database.ts";
import { type LoginDeps, prepareLogin } from "./prepare-login.ts";
import type { PostgresqlSettings } from "./settings.ts";
import type { Target } from "./target.ts";

export type RemoteDeps = LoginDeps & {
  readonly processes: SourceProcesses;
  readonly ownDatabase: OwnDatabase;
};

/** A database that is spoken to by the process of its source. */
export type Remote = {
  /** Asks the process for something that it opens a session for. */
  ask<Name extends keyof SourceOperations>(
    operation: Name,
    requestTo: (target: Target) => RequestOf<SourceOperations[Name]>,
    options: RequestOptions<PartOf<SourceOperations[Name]>>,
  ): Promise<ReplyOf<SourceOperations[Name]>>;
};

export const createRemote = (deps: RemoteDeps, connector: string, settings: PostgresqlSettings): Remote => ({
  async ask(operation, requestTo, options) {
    using process = deps.processes.lend({ orgId: callersOrg(), connector, settings });
    const target = await findTarget(deps, process.client, settings, options.signal);
    return await process.client.request<SourceOperations[typeof operation]>(
      operation,
      requestTo(target),
      options,
    );
  },
});

function callersOrg(): string {
  const orgId = currentCall()?.principal?.orgId;
  if (orgId === undefined) throw new Error("a source is asked outside of any organisation's call");
  return orgId;
}

async function findTarget(
  { ownDatabase, ...deps }: RemoteDeps,
  client: SourceClient,
  settings: PostgresqlSettings,
  signal: AbortSignal,
): Promise<Target> {
  const lookup = (host: string) =>
    client.request<SourceOperations["resolveHost"]>("resolveHost", { host }, { signal });
  return { settings, ownDatabase, ...(await prepareLogin(deps, settings, lookup, signal)) };
}
