import { afterEach } from "vitest";
import { createJob, eventually, type Staging } from "./staging.ts";

/**
 * Makes jobs of three chunks whose third is held until `release`, at the latest until the end of the test, which also
 * resets what it set on the peers.
 */
export function holdJobs(staging: () => Staging) {
  let release = () => {};
  afterEach(() => {
    release();
    const { peers } = staging();
    peers.beforeChunk = () => {};
    peers.repeatable = false;
    peers.state = "first";
  });
  return {
    release: () => release(),
    /** A job that has stored two of its chunks. */
    async halfDone() {
      const { peers, user: newUser } = staging();
      const user = newUser();
      const hold = Promise.withResolvers<void>();
      release = hold.resolve;
      peers.beforeChunk = ({ range }) => (range === "2" ? hold.promise : undefined);
      const source = peers.addSource(user.who, {});
      peers.asked.length = 0;
      const { jobId } = await createJob(user, source);
      const stored = async () => (await user.jobs.getJob({ jobId })).job?.progress?.chunkCount;
      await eventually(stored).toBe(2);
      return { user, jobId, source };
    },
  };
}

/** The failure of a call that the job's state does not allow. */
export const stateConflict = (jobId: string, state: string) => ({
  code: "FailedPrecondition",
  reason: "STATE_CONFLICT",
  metadata: { job: jobId, state },
});
