import { derivedId } from "../../lib/values/ids.ts";
import type { JobAttempt } from "../job-repository.ts";

/**
 * Whose a job's files are in storage: one attempt's. Once an attempt is over, which of its files the job has never
 * grows, so whoever removes the others, however late, removes nothing that is needed.
 */
export const ownerOf = ({ jobId, attempt }: Pick<JobAttempt, "jobId" | "attempt">): string =>
  derivedId("staging attempt", jobId, String(attempt));
