import type { Db } from "../lib/database/database.ts";
import type { Jobs } from "../lib/jobs/jobs.ts";
import type { JobRun } from "./job-repository.ts";

/** The queues of staging: the jobs themselves, the files that have to go, the lineage that has to be recorded. */
export const queues = { jobs: "jobs", sweeps: "sweeps", lineage: "lineage" } as const;

/** A job that something has to be done for afterwards. */
export type FollowUp = { readonly orgId: string; readonly jobId: string };

/** Has a worker do the job; harmless while one does it already. */
export const enqueueRun = (jobs: Jobs, tx: Db, { orgId, jobId, run }: JobRun): Promise<void> =>
  jobs.enqueue(tx, queues.jobs, { orgId, jobId, run } satisfies JobRun, { key: `${jobId}/${run}` });

/** Has the files removed that the job does not need any more. */
export const enqueueSweep = (jobs: Jobs, tx: Db, { orgId, jobId }: FollowUp): Promise<void> =>
  jobs.enqueue(tx, queues.sweeps, { orgId, jobId } satisfies FollowUp);

/** Has the lineage of the job recorded. */
export const enqueueLineage = (jobs: Jobs, tx: Db, { orgId, jobId }: FollowUp): Promise<void> =>
  jobs.enqueue(tx, queues.lineage, { orgId, jobId } satisfies FollowUp, { key: jobId });
