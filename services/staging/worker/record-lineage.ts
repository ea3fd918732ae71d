import { LineageKind } from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { withinCall } from "../../lib/call.ts";
import { datasetIdOf } from "../../lib/ids.ts";
import type { StagingDeps } from "../deps.ts";
import { findJob } from "../job-repository.ts";
import type { Errand } from "../queues.ts";
import type { PlannedTable } from "../schema.ts";
import { callOfHousekeeper } from "./calls.ts";

/** Tables of one record: they have up to 2000 columns each, a record up to 100,000. */
const tablesPerRecord = 20;
const nameMax = 1024;

/** Records what a job read and wrote; again if it has to, which changes nothing. */
export const recordLineage =
  ({ db, lineage }: StagingDeps) =>
  ({ orgId, jobId }: Errand): Promise<void> =>
    withinCall(callOfHousekeeper(orgId), async () => {
      const job = await findJob(db, { orgId }, jobId);
      const tables = (job?.plannedTables ?? []).map((table, index) => ({
        ...table,
        // A file can't have every name that a source can: the columns' own names are those that were asked for.
        sourceColumns: job?.targets[index]?.columns ?? [],
      }));
      for (let at = 0; at < tables.length; at += tablesPerRecord) {
        await lineage.recordLineage(recordOf(jobId, tables.slice(at, at + tablesPerRecord)));
      }
    });

type RecordedTable = PlannedTable & { sourceColumns: readonly string[] };

function recordOf(jobId: string, tables: readonly RecordedTable[]) {
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
      table.columns.map(({ name }, column) => ({
        inputEntityId: table.tableId,
        inputColumn: table.sourceColumns[column] ?? name,
        outputEntityId: outputOf(table),
        outputColumn: name,
      })),
    ),
  };
}

const nameOf = ({ schemaName, name }: PlannedTable): string =>
  (schemaName === "" ? name : `${schemaName}.${name}`).slice(0, nameMax);
