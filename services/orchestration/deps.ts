import type { NamespacePolicies } from "../lib/clients/require-namespace.ts";
import type { Engine } from "./engine/engine.ts";
import type { ExecutionDeps } from "./executions/run-execution.ts";
import type { LentFolder } from "./lent/lent-folder.ts";
import type { Forwarder } from "./lineage/forward/forwarder.ts";
import type { StatementReader } from "./lineage/sql/statement-reader.ts";
import type { Snapshots } from "./snapshots/snapshots.ts";
import type { Secrets } from "./sources/secrets.ts";

/** Dependencies of the handlers. */
export type OrchestrationDeps = ExecutionDeps & {
  readonly policies: NamespacePolicies;
  readonly secrets: Secrets;
  readonly engine: Pick<Engine, "run" | "status">;
  readonly reader: Pick<StatementReader, "read">;
  readonly forwarder: Pick<Forwarder, "queue">;
  readonly snapshots: Snapshots;
  readonly lentFolder: LentFolder;
};
