import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import type { StagingDeps } from "../deps.ts";
import { jobEnded, jobNotFound } from "../errors.ts";
import * as repository from "../job-repository.ts";
import { toJob } from "../message.ts";
import { enqueueRun, enqueueSweep } from "../queues.ts";
import { hasEnded } from "../state.ts";

export const cancelJob =
  ({ db, jobs }: StagingDeps): MethodImpl<typeof StagingService.method.cancelJob> =>
  async ({ jobId }, context) => {
    const scope = scopeOf(context);
    const moved = await db.transaction(async (tx) => {
      const row = await repository.moveToCancelled(tx, scope, jobId);
      if (row) await enqueueSweep(jobs, tx, row);
      return row;
    });
    return { job: toJob(moved ?? (await unmoved(db, scope, jobId, "cancelled"))) };
  };

export const pauseJob =
  ({ db }: StagingDeps): MethodImpl<typeof StagingService.method.pauseJob> =>
  async ({ jobId }, context) => {
    const scope = scopeOf(context);
    const moved = await repository.moveToPaused(db, scope, jobId);
    return { job: toJob(moved ?? (await unmoved(db, scope, jobId, "paused"))) };
  };

export const resumeJob =
  ({ db, jobs }: StagingDeps): MethodImpl<typeof StagingService.method.resumeJob> =>
  async ({ jobId }, context) => {
    const scope = scopeOf(context);
    const moved = await db.transaction(async (tx) => {
      const row = await repository.moveToQueued(tx, scope, jobId);
      if (row) await enqueueRun(jobs, tx, row);
      return row;
    });
    return { job: toJob(moved ?? (await unmoved(db, scope, jobId, "resumed"))) };
  };

/** The job that did not move because it is there already, or goes on; one that has ended elsewhere is refused. */
async function unmoved(db: Db, scope: Scope, jobId: string, asked: string): Promise<repository.JobRow> {
  const row = await repository.findJob(db, scope, jobId);
  if (!row) throw jobNotFound(jobId);
  if (hasEnded(row.state) && row.state !== asked) throw jobEnded(jobId, row.state, asked);
  return row;
}
