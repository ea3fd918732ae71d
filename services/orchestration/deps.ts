import type { Db } from "../lib/database.ts";
import type { Logger } from "../lib/log.ts";
import type { Connector } from "./connectors/connector.ts";
import type { Engine } from "./engine/engine.ts";
import type { Admission } from "./executions/admission.ts";
import type { Unfinished } from "./executions/unfinished.ts";
import type { ExecutionRecorder } from "./lineage/execution-recorder.ts";
import type { Secrets } from "./secrets.ts";
import type { Snapshots } from "./snapshots/snapshots.ts";

/** What handlers work with. */
export type OrchestrationDeps = {
  readonly db: Db;
  readonly log: Logger;
  /** By name, in the order of their names. */
  readonly connectors: ReadonlyMap<string, Connector>;
  readonly secrets: Secrets;
  /** Of executions and discoveries. */
  readonly admission: Admission;
  /** Of plans and chunks. */
  readonly extractAdmission: Admission;
  readonly engine: Pick<Engine, "status">;
  readonly unfinished: Unfinished;
  readonly recorder: ExecutionRecorder;
  readonly snapshots: Snapshots;
  /** Marks the executions that this process runs. */
  readonly processId: string;
};
