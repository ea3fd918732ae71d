import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StagingDeps } from "../deps.ts";
import { jobNotFound } from "../errors.ts";
import * as repository from "../job-repository.ts";
import { toJob } from "../message.ts";
import { hasEnded } from "../state.ts";

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
