import { Code, ConnectError } from "@connectrpc/connect";
import type { ApprovalDeps } from "../deps.ts";
import { onBehalfOf } from "./on-behalf-of.ts";
import type { DiscardWork, PackageWork } from "./queues.ts";

const dropTimeoutMs = 60_000;

type DiscardDeps = Pick<ApprovalDeps, "packages" | "releases">;

/**
 * Drops staged files that are no longer needed, and ends their hold before. It needs no permission of the asker, because
 * nothing else removes them.
 */
export const discardPackage =
  (deps: DiscardDeps) =>
  async ({ stagingJobId, packageId, asker }: DiscardWork, signal: AbortSignal): Promise<void> => {
    if (packageId) await releaseFiles(deps, { packageId, asker }, signal);
    try {
      await onBehalfOf(asker, { roles: [] }, signal, () =>
        deps.packages.dropJob({ jobId: stagingJobId }, { timeoutMs: dropTimeoutMs }),
      );
    } catch (error) {
      if (error instanceof ConnectError && error.code === Code.NotFound) return;
      throw error;
    }
  };

/** Ends the hold of a package's staged files. */
export async function releaseFiles(
  { releases }: Pick<ApprovalDeps, "releases">,
  { packageId, asker }: Pick<PackageWork, "packageId" | "asker">,
  signal: AbortSignal,
): Promise<void> {
  await onBehalfOf(asker, { roles: [] }, signal, () =>
    releases.releasePackageFiles({ packageId }, { timeoutMs: dropTimeoutMs }),
  );
}
