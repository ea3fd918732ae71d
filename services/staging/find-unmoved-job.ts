import type { Db } from "../lib/database/database.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { jobEnded, jobNotFound } from "./errors.ts";
import { findJob, type JobRow } from "./job-repository.ts";
import { hasEnded } from "./state.ts";

/**
 * A job whose state a call did not change: it is in that state already, or a worker moves it. Refused when it has ended in
 * another state.
 */
export async function findUnmovedJob(db: Db, scope: Scope, jobId: string, asked: string): Promise<JobRow> {
  const row = await findJob(db, scope, jobId);
  if (!row) throw jobNotFound(jobId);
  if (hasEnded(row.state) && row.state !== asked) throw jobEnded(jobId, row.state, asked);
  return row;
}
