import { Code, ConnectError } from "@connectrpc/connect";
import type { ApprovalDeps } from "../deps.ts";
import { onBehalfOf, rolesNow } from "./on-behalf-of.ts";
import type { DiscardWork } from "./queues.ts";
import { finalFailure } from "./release-failure.ts";

const deleteTimeoutMs = 60_000;

/** Removes staged bytes that nobody needs any more. What can't be removed expires in staging by itself. */
export const discardPackage =
  (deps: ApprovalDeps) =>
  async ({ stagingJobId, asker }: DiscardWork, signal: AbortSignal): Promise<void> => {
    try {
      const roles = await rolesNow(deps, asker, signal);
      await onBehalfOf(asker, roles, signal, () =>
        deps.staging.deleteJob({ jobId: stagingJobId }, { timeoutMs: deleteTimeoutMs }),
      );
    } catch (error) {
      if (error instanceof ConnectError && error.code === Code.NotFound) return;
      if (!finalFailure(error)) throw error;
      deps.log.warn({ err: error, stagingJobId }, "the bytes of a former package stay until they expire");
    }
  };
