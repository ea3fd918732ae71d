import {
  type Job,
  JobState,
  StagingService,
  WatchJobResponseSchema,
} from "../../gen/sluice/staging/v1/jobs_pb.ts";
import type { Call } from "../command/call.ts";
import { CommandError, interrupted } from "../failures/command-error.ts";
import { exitCodes } from "../failures/exit-codes.ts";
import { createRate, formatTimeLeft, openLiveLine } from "../terminal/progress.ts";
import { formatLive, formatProgress, formatState } from "./show-job.ts";

/** What the user wants when Ctrl-C interrupts the watching of a job. */
type Decision = "cancel" | "leave" | "watch";

/** Shows a job until it has ended. With `printEach`, each state is printed as JSON. */
export async function watchJob(call: Call, jobId: string, { printEach = false } = {}): Promise<Job> {
  for (;;) {
    const ended = await watchOnce(call, jobId, printEach);
    if (ended) return ended;
    const decision = call.canAsk ? await decide() : "leave";
    if (decision === "leave") throw interrupted(`the job goes on: \`sluice jobs watch ${jobId}\` shows it`);
    if (decision === "cancel") {
      const { job } = await (await call.client(StagingService)).cancelJob({ jobId });
      if (job) return job;
    }
  }
}

/** Watches until the job ends, or until Ctrl-C: then it returns nothing. */
async function watchOnce(call: Call, jobId: string, printEach: boolean): Promise<Job | undefined> {
  const abort = new AbortController();
  using _interrupt = call.onInterrupt(() => abort.abort());
  using line = openLiveLine(call.terminal);
  const rate = createRate();
  let last: Job | undefined;
  try {
    const client = await call.client(StagingService);
    for await (const response of client.watchJob({ jobId }, { signal: abort.signal })) {
      const { job } = response;
      if (!job) continue;
      if (printEach) await call.show(WatchJobResponseSchema, response, () => {});
      else if (!call.terminal.showsProgress && job.state !== last?.state)
        call.terminal.note(formatState(job.state));
      rate.add(Number(rowsOf(job) - rowsOf(last)));
      line.show([formatLive(job), timeLeft(job, rate.perSecond())].filter(Boolean).join("  "));
      last = job;
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    return undefined;
  }
  return last;
}

const rowsOf = (job: Job | undefined): bigint => job?.progress?.rowCount ?? 0n;

const timeLeft = ({ progress, state }: Job, perSecond: number): string =>
  state === JobState.RUNNING && progress && progress.rowCountExpected > progress.rowCount
    ? formatTimeLeft(Number(progress.rowCountExpected - progress.rowCount), perSecond)
    : "";

async function decide(): Promise<Decision> {
  const { askChoice } = await import("../terminal/ask.ts");
  // Ctrl-C in the question leaves the job alone.
  return askChoice<Decision>("The job is still running. What should happen to it?", [
    { value: "watch", label: "Keep watching" },
    { value: "leave", label: "Leave it running, and stop watching" },
    { value: "cancel", label: "Cancel the job, and remove its chunks" },
  ]).catch(() => "leave" as const);
}

/** Says how a job ended; throws unless it succeeded. */
export function reportEnd(call: Call, job: Job): void {
  if (job.state === JobState.SUCCEEDED) {
    if (!call.json) call.terminal.note(`Staged: ${formatProgress(job)}`);
    return;
  }
  const reason = job.errorMessage ? `: ${job.errorMessage}` : "";
  throw new CommandError(
    `the job ${formatState(job.state)}${reason}`.replace("the job cancelled", "the job was cancelled"),
    {
      exitCode: exitCodes.unfinished,
      advice: `\`sluice jobs get ${job.jobId}\` shows it`,
    },
  );
}
