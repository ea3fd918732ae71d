import { LineageKind } from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { recordLineage } from "../../lib/clients/record-lineage.ts";
import { everywhere } from "../../lib/database/scope.ts";
import { withinCall } from "../../lib/rpc/call.ts";
import { datasetIdOf } from "../../lib/values/ids.ts";
import type { StagingDeps } from "../deps.ts";
import { findJob } from "../job-repository.ts";
import type { FollowUp } from "../queues.ts";
import type { PlannedTable } from "../schema.ts";
import { maintenanceCall } from "./calls.ts";

const nameMax = 1024;

/** Records the lineage of a job. */
export const recordJob =
  (deps: StagingDeps) =>
  ({ orgId, jobId }: FollowUp): Promise<void> =>
    withinCall(maintenanceCall(orgId), async () => {
      const job = await findJob(deps.db, everywhere({ orgId }), jobId);
      await recordLineage(deps, job?.plannedTables ?? [], (tables) => ({
        ...recordOf(jobId, tables),
        namespace: job?.namespace ?? "",
      }));
    });

function recordOf(jobId: string, tables: readonly PlannedTable[]) {
  const outputOf = ({ schemaName, name }: PlannedTable) => datasetIdOf(jobId, schemaName, name);
  return {
    job: { entityId: jobId, kind: LineageKind.JOB, name: `staging job ${jobId}` },
    inputs: tables.map((table) => ({
      entityId: table.tableId,
      kind: LineageKind.TABLE,
      name: nameOf(table),
    })),
    outputs: tables.map((table) => ({
      entityId: outputOf(table),
      kind: LineageKind.DATASET,
      name: nameOf(table),
    })),
    columns: tables.flatMap((table) =>
      table.columns.map(({ name, sourceName }) => ({
        inputEntityId: table.tableId,
        inputColumn: sourceName,
        outputEntityId: outputOf(table),
        outputColumn: name,
      })),
    ),
  };
}

const nameOf = ({ schemaName, name }: PlannedTable): string =>
  (schemaName === "" ? name : `${schemaName}.${name}`).slice(0, nameMax);
