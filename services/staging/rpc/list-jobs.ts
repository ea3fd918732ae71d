import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { cutPage, pageOf } from "../../lib/rpc/paging.ts";
import type { StagingDeps } from "../deps.ts";
import * as repository from "../job-repository.ts";
import { toJob } from "../message.ts";
import { fromJobState } from "../state.ts";

export const listJobs =
  ({ db }: StagingDeps): MethodImpl<typeof StagingService.method.listJobs> =>
  async (request, context) => {
    const filter = [String(request.state), request.sourceId];
    const page = pageOf(request, filter);
    const read = await repository.listJobs(db, scopeOf(context), page, {
      state: fromJobState(request.state),
      sourceId: request.sourceId || undefined,
    });
    const { rows, nextPageToken } = cutPage(read, page, ({ jobId }) => jobId);
    return { jobs: rows.map(toJob), nextPageToken };
  };
