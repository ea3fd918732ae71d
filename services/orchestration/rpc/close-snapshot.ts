import type { MethodImpl } from "@connectrpc/connect";
import type { ExtractService } from "../../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "../deps.ts";

export const closeSnapshot =
  ({
    snapshots,
  }: Pick<OrchestrationDeps, "snapshots">): MethodImpl<typeof ExtractService.method.closeSnapshot> =>
  async ({ snapshotId }, context) => {
    await snapshots.close(scopeOf(context).orgId, snapshotId);
    return {};
  };
