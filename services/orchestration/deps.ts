import type { NamespacePolicies } from "../lib/clients/require-namespace.ts";
import type { Engine } from "./engine/engine.ts";
import type { ExecutionDeps } from "./executions/run-execution.ts";
import type { LentFolder } from "./lent/lent-folder.ts";
import type { Forwarder } from "./lineage/forward/forwarder.ts";
import type { ResultFiles } from "./results/result-files.ts";
import type { Snapshots } from "./snapshots/snapshots.ts";
import type { Secrets } from "./sources/secrets.ts";

/** Dependencies of the handlers. */
export type OrchestrationDeps = ExecutionDeps & {
  readonly policies: NamespacePolicies;
  readonly secrets: Secrets;
  readonly engine: Pick<Engine, "status">;
  readonly forwarder: Pick<Forwarder, "queue">;
  readonly snapshots: Snapshots;
  readonly resultFiles: ResultFiles;
  readonly lentFolder: LentFolder;
};
