import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import type { LineageEntitySchema, LineageService } from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import type { MeshClient } from "../mesh/mesh-client.ts";
import { hasReason } from "../rpc/errors.ts";
import type { Logger } from "../telemetry/log.ts";

type Entity = MessageInitShape<typeof LineageEntitySchema>;
type Column = Record<"inputEntityId" | "inputColumn" | "outputEntityId" | "outputColumn", string>;
type LineageRecord = {
  job: Entity & { entityId: string };
  inputs: Entity[];
  outputs: Entity[];
  namespace: string;
  columns: Column[];
};

/** Tables per record: a table has up to 2000 columns, a record up to 100,000. */
const tablesPerRecord = 20;
/** Longer column names are left out of the graph; their tables are in it. */
const columnNameMax = 255;
const recordTimeoutMs = 60_000;

/** Codes that a repetition of the same record would get again. */
const finalCodes = new Set([
  Code.InvalidArgument,
  Code.NotFound,
  Code.FailedPrecondition,
  Code.OutOfRange,
  Code.ResourceExhausted,
]);

/**
 * Records the inputs and outputs of a run, in batches of tables. Repeating a batch changes nothing. A batch that is
 * rejected permanently is dropped and logged.
 */
export async function recordLineage<Table>(
  { lineage, log }: { lineage: Pick<MeshClient<typeof LineageService>, "recordLineage">; log: Logger },
  tables: readonly Table[],
  recordOf: (tables: readonly Table[]) => LineageRecord,
): Promise<void> {
  for (let at = 0; at < tables.length; at += tablesPerRecord) {
    const record = recordOf(tables.slice(at, at + tablesPerRecord));
    try {
      await lineage.recordLineage(
        { ...record, columns: record.columns.filter(hasPlace) },
        { timeoutMs: recordTimeoutMs },
      );
    } catch (error) {
      if (!isFinal(error)) throw error;
      log.error({ err: error, job: record.job.entityId }, "lineage was refused: it is not recorded");
    }
  }
}

const hasPlace = ({ inputColumn, outputColumn }: Column): boolean =>
  inputColumn.length <= columnNameMax && outputColumn.length <= columnNameMax;

const isFinal = (error: unknown): boolean =>
  error instanceof ConnectError && finalCodes.has(error.code) && !hasReason(error, ErrorReason.DISK_FULL);
