import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { LineageKind } from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { withinCall } from "../../lib/call.ts";
import { hasReason } from "../../lib/errors.ts";
import { datasetIdOf } from "../../lib/ids.ts";
import type { StagingDeps } from "../deps.ts";
import { findJob } from "../job-repository.ts";
import type { Errand } from "../queues.ts";
import type { PlannedTable } from "../schema.ts";
import { callOfHousekeeper } from "./calls.ts";

/** Tables of one record: they have up to 2000 columns each, a record up to 100,000. */
const tablesPerRecord = 20;
const nameMax = 1024;
/** Longer columns have no place in the graph: their tables do. */
const columnNameMax = 255;

/** What a repeat of the same record would be answered as well. */
const finalCodes = new Set([
  Code.InvalidArgument,
  Code.NotFound,
  Code.FailedPrecondition,
  Code.OutOfRange,
  Code.ResourceExhausted,
]);

/** Records what a job read and wrote; again if it has to, which changes nothing. A record that is refused is given up. */
export const recordLineage =
  ({ db, lineage, log }: StagingDeps) =>
  ({ orgId, jobId }: Errand): Promise<void> =>
    withinCall(callOfHousekeeper(orgId), async () => {
      const job = await findJob(db, { orgId }, jobId);
      const tables = job?.plannedTables ?? [];
      for (let at = 0; at < tables.length; at += tablesPerRecord) {
        try {
          await lineage.recordLineage(recordOf(jobId, tables.slice(at, at + tablesPerRecord)));
        } catch (error) {
          if (!isFinal(error)) throw error;
          log.error({ err: error, jobId }, "the lineage of a staging job was refused: it is not recorded");
        }
      }
    });

const isFinal = (error: unknown): boolean =>
  error instanceof ConnectError && finalCodes.has(error.code) && !hasReason(error, ErrorReason.DISK_FULL);

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
      table.columns
        .map(({ name, sourceName }) => ({
          inputEntityId: table.tableId,
          inputColumn: sourceName,
          outputEntityId: outputOf(table),
          outputColumn: name,
        }))
        .filter(({ inputColumn, outputColumn }) => hasPlace(inputColumn) && hasPlace(outputColumn)),
    ),
  };
}

const hasPlace = (column: string): boolean => column.length <= columnNameMax;

const nameOf = ({ schemaName, name }: PlannedTable): string =>
  (schemaName === "" ? name : `${schemaName}.${name}`).slice(0, nameMax);
