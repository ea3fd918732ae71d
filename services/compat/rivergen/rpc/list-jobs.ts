import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../../gen/compat/rivergen/v1/staging_pb.ts";
import { JobState } from "../../../../gen/sluice/staging/v1/jobs_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { readPage } from "../read-page.ts";
import { states, toJob } from "../staging-message.ts";
import { succeed } from "../succeed.ts";

export const listJobs =
  ({ jobs }: RivergenDeps): MethodImpl<typeof StagingService.method.listJobs> =>
  async (request) => {
    const { dataSourceId: sourceId, status } = request;
    const state = status === "" ? JobState.UNSPECIFIED : states.toValue(status);
    const { items, pagination } = await readPage(request, async (read) => {
      const { jobs: found, ...page } = await jobs.listJobs({ ...read, sourceId, state });
      return { ...page, items: found };
    });
    return succeed({ items: items.map(toJob), pagination }, "Staging jobs retrieved successfully");
  };
