import type { Db } from "../lib/database/database.ts";
import type { Jobs } from "../lib/jobs/jobs.ts";
import type { Order } from "./job-repository.ts";

/** The queues of staging: the jobs themselves, the files that have to go, the lineage that has to be recorded. */
export const queues = { jobs: "jobs", sweeps: "sweeps", lineage: "lineage" } as const;

/** A job that something has to be done for afterwards. */
export type Errand = { readonly orgId: string; readonly jobId: string };

/** Has a worker do the job; harmless while one does it already. */
export const enqueueRun = (jobs: Jobs, tx: Db, { orgId, jobId, run }: Order): Promise<void> =>
  jobs.enqueue(tx, queues.jobs, { orgId, jobId, run } satisfies Order, { key: `${jobId}/${run}` });

/** Has the files removed that the job does not need any more. */
export const enqueueSweep = (jobs: Jobs, tx: Db, { orgId, jobId }: Errand): Promise<void> =>
  jobs.enqueue(tx, queues.sweeps, { orgId, jobId } satisfies Errand);

/** Has the lineage of the job recorded. */
export const enqueueLineage = (jobs: Jobs, tx: Db, { orgId, jobId }: Errand): Promise<void> =>
  jobs.enqueue(tx, queues.lineage, { orgId, jobId } satisfies Errand, { key: jobId });
