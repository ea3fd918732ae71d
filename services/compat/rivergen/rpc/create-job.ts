import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../../gen/compat/rivergen/v1/staging_pb.ts";
import { answeredBy } from "../../answered-by.ts";
import type { RivergenDeps } from "../deps.ts";
import { formats, toJob } from "../staging-message.ts";
import { succeed } from "../succeed.ts";
import { withOwnFields } from "../with-own-fields.ts";

const ownNames = {
  "job.source_id": "data_source_id",
  "job.tables": "tables",
  "job.chunk_rows": "chunk_rows",
  "job.format": "format",
};

export const createJob =
  ({ jobs }: RivergenDeps): MethodImpl<typeof StagingService.method.createJob> =>
  async ({ dataSourceId, tables, format, chunkRows }) => {
    const wanted = {
      sourceId: dataSourceId,
      tables,
      chunkRows: BigInt(chunkRows),
      format: formats.toValue(format || "parquet"),
    };
    const { job } = await withOwnFields(ownNames, () => jobs.createJob({ job: wanted }));
    return succeed(toJob(answeredBy("staging", job)), "Staging job created successfully");
  };
