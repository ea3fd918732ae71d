import { derivedId } from "../../lib/values/ids.ts";
import type { Turn } from "../job-repository.ts";

/**
 * Whose a job's files are in storage: one attempt's. Once an attempt is over, which of its files the job has never
 * grows, so whoever removes the others, however late, removes nothing that is needed.
 */
export const ownerOf = ({ jobId, attempt }: Pick<Turn, "jobId" | "attempt">): string =>
  derivedId("staging attempt", jobId, String(attempt));
