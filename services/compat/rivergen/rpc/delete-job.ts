import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../../gen/compat/rivergen/v1/staging_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { succeed } from "../succeed.ts";

export const deleteJob =
  ({ jobs }: RivergenDeps): MethodImpl<typeof StagingService.method.deleteJob> =>
  async ({ jobId }) => {
    await jobs.deleteJob({ jobId });
    return succeed({ jobId }, "Staging job deleted successfully");
  };
