import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { cutPage, pageOf } from "../../lib/rpc/paging.ts";
import type { StagingDeps } from "../deps.ts";
import { jobNotFound } from "../errors.ts";
import * as repository from "../job-repository.ts";
import { toJob } from "../message.ts";
import { fromJobState, hasEnded } from "../state.ts";

export const getJob =
  ({ db }: StagingDeps): MethodImpl<typeof StagingService.method.getJob> =>
  async ({ jobId }, context) => {
    const row = await repository.findJob(db, scopeOf(context), jobId);
    if (!row) throw jobNotFound(jobId);
    return { job: toJob(row) };
  };

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

/** A slow reader gets the newest state next, not each in between. */
export const watchJob = ({ db, changes }: StagingDeps): MethodImpl<typeof StagingService.method.watchJob> =>
  async function* ({ jobId }, context) {
    const scope = scopeOf(context);
    while (!context.signal.aborted) {
      const row = await repository.findJob(db, scope, jobId);
      if (!row) throw jobNotFound(jobId);
      yield { job: toJob(row) };
      if (hasEnded(row.state)) return;
      await changes.changed(jobId, row.revision, context.signal);
    }
  };
