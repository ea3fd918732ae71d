import type { Db } from "../lib/database/database.ts";
import type { Logger } from "../lib/telemetry/log.ts";
import type { Connector } from "./connectors/connector.ts";
import type { Engine } from "./engine/engine.ts";
import type { Cancellations } from "./executions/cancellations.ts";
import type { FairScheduler } from "./executions/fair-scheduler.ts";
import type { Unfinished } from "./executions/unfinished.ts";
import type { LentFolder } from "./lent/lent-folder.ts";
import type { ExecutionRecorder } from "./lineage/execution-recorder.ts";
import type { ResultFiles } from "./results/result-files.ts";
import type { Secrets } from "./secrets.ts";
import type { Snapshots } from "./snapshots/snapshots.ts";

/** What handlers work with. */
export type OrchestrationDeps = {
  readonly db: Db;
  readonly log: Logger;
  /** By name, in the order of their names. */
  readonly connectors: ReadonlyMap<string, Connector>;
  readonly secrets: Secrets;
  readonly engine: Pick<Engine, "status">;
  /** Has the permits of executions, discoveries, connection tests, plans and chunks. */
  readonly scheduler: FairScheduler;
  readonly cancellations: Cancellations;
  /** Aborts when the process stops. */
  readonly stop: AbortSignal;
  readonly unfinished: Unfinished;
  readonly recorder: ExecutionRecorder;
  readonly snapshots: Snapshots;
  readonly resultFiles: ResultFiles;
  readonly lentFolder: LentFolder;
  /** Marks the executions that this process runs. */
  readonly processId: string;
};
