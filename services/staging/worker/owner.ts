import { derivedId } from "../../lib/values/ids.ts";
import type { JobAttempt } from "../job-repository.ts";

/**
 * Owner id of an attempt's files in storage. The job takes no further files of an attempt that is over, so a late
 * removal of the others is safe.
 */
export const ownerOf = ({ jobId, attempt }: Pick<JobAttempt, "jobId" | "attempt">): string =>
  derivedId("staging attempt", jobId, String(attempt));
