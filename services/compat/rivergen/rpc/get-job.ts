import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../../gen/compat/rivergen/v1/staging_pb.ts";
import { answeredBy } from "../../answered-by.ts";
import type { RivergenDeps } from "../deps.ts";
import { toJob } from "../staging-message.ts";
import { succeed } from "../succeed.ts";

export const getJob =
  ({ jobs }: RivergenDeps): MethodImpl<typeof StagingService.method.getJob> =>
  async ({ jobId }) => {
    const { job } = await jobs.getJob({ jobId });
    return succeed(toJob(answeredBy("staging", job)), "Staging job retrieved successfully");
  };
