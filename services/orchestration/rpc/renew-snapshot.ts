import type { MethodImpl } from "@connectrpc/connect";
import type { ExtractService } from "../../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "../deps.ts";

export const renewSnapshot =
  ({
    snapshots,
  }: Pick<OrchestrationDeps, "snapshots">): MethodImpl<typeof ExtractService.method.renewSnapshot> =>
  ({ snapshotId }, context) => {
    snapshots.renew(scopeOf(context).orgId, snapshotId);
    return {};
  };
