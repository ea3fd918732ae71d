import { type Job, type JobState, JobStateSchema } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { neutralise } from "../terminal/neutralise.ts";
import { formatBar } from "../terminal/progress.ts";
import { formatCount, formatEnum, formatSize } from "../terminal/value.ts";

export const formatState = (state: JobState): string => formatEnum(JobStateSchema, state);

/** Rows, bytes and chunks of a job so far. */
export function formatProgress({ progress }: Job): string {
  const {
    rowCount = 0n,
    rowCountExpected = 0n,
    sizeBytes = 0n,
    chunkCount = 0,
    chunkCountPlanned = 0,
  } = progress ?? {};
  const rows =
    rowCountExpected > rowCount
      ? `${formatCount(rowCount)} of ${formatCount(rowCountExpected)}`
      : formatCount(rowCount);
  const chunks = chunkCountPlanned > chunkCount ? `${chunkCount} of ${chunkCountPlanned}` : chunkCount;
  return `${rows} rows  ${formatSize(sizeBytes)}  ${chunks} ${chunks === 1 ? "chunk" : "chunks"}`;
}

/** The job on one line, with a bar while it runs. */
export function formatLive(job: Job): string {
  const { rowCount = 0n, rowCountExpected = 0n } = job.progress ?? {};
  const bar = formatBar(Number(rowCount), Number(rowCountExpected));
  return [formatState(job.state), bar, formatProgress(job)].filter(Boolean).join("  ");
}

export const describeTables = ({ tables, selections }: Job): string =>
  neutralise([...tables, ...selections.map(({ name }) => name)].join(", "));
