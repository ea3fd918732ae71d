import type { Db } from "../lib/database/database.ts";
import type { Jobs } from "../lib/jobs/jobs.ts";
import type { JobRun } from "./job-repository.ts";

/** Queues: jobs, removal of files, recording of lineage. */
export const queues = { jobs: "jobs", sweeps: "sweeps", lineage: "lineage" } as const;

/** Follow-up work of a job. */
export type FollowUp = { readonly orgId: string; readonly jobId: string };

/** Enqueues a run of the job. The key keeps it single. */
export const enqueueRun = (jobs: Jobs, tx: Db, { orgId, jobId, run }: JobRun): Promise<void> =>
  jobs.enqueue(tx, queues.jobs, { orgId, jobId, run } satisfies JobRun, { key: `${jobId}/${run}` });

/** Enqueues the removal of the job's unneeded files. */
export const enqueueSweep = (jobs: Jobs, tx: Db, { orgId, jobId }: FollowUp): Promise<void> =>
  jobs.enqueue(tx, queues.sweeps, { orgId, jobId } satisfies FollowUp);

export const enqueueLineage = (jobs: Jobs, tx: Db, { orgId, jobId }: FollowUp): Promise<void> =>
  jobs.enqueue(tx, queues.lineage, { orgId, jobId } satisfies FollowUp, { key: jobId });
