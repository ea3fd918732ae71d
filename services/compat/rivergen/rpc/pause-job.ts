import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../../gen/compat/rivergen/v1/staging_pb.ts";
import { answeredBy } from "../../answered-by.ts";
import type { RivergenDeps } from "../deps.ts";
import { toJob } from "../staging-message.ts";
import { succeed } from "../succeed.ts";

export const pauseJob =
  ({ jobs }: RivergenDeps): MethodImpl<typeof StagingService.method.pauseJob> =>
  async ({ jobId }) => {
    const { job } = await jobs.pauseJob({ jobId });
    return succeed(toJob(answeredBy("staging", job)), "Staging job paused successfully");
  };
