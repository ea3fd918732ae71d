import { Code, ConnectError } from "@connectrpc/connect";
import type { ApprovalDeps } from "../deps.ts";
import { onBehalfOf } from "./on-behalf-of.ts";
import type { DiscardWork } from "./queues.ts";

const dropTimeoutMs = 60_000;

/**
 * Drops staged files that are no longer needed. It needs no permission of the asker, because nothing else removes them.
 */
export const discardPackage =
  ({ packages }: Pick<ApprovalDeps, "packages">) =>
  async ({ stagingJobId, asker }: DiscardWork, signal: AbortSignal): Promise<void> => {
    try {
      await onBehalfOf(asker, [], signal, () =>
        packages.dropJob({ jobId: stagingJobId }, { timeoutMs: dropTimeoutMs }),
      );
    } catch (error) {
      if (error instanceof ConnectError && error.code === Code.NotFound) return;
      throw error;
    }
  };
